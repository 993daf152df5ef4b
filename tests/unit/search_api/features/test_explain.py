"""What is read from Elasticsearch's explanation, which reveals no field that a reader may not see."""

import json
from dataclasses import replace
from typing import Any

from search_api.features.explain import read_explanation
from search_api.query.request import RawRequest, check
from search_api.query.schema import read_mapping
from search_api.query.syntax.printer import leaves, printed
from tests.support.builders.book_index import MAPPINGS

SCHEMA = read_mapping(MAPPINGS)


def node(value: float, description: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"value": value, "description": description, "details": list(details)}


TREE = node(
    10.0,
    "sum of:",
    node(0.0, "match on required clause, product of:", node(1.0, "FieldExistsQuery [field=_primary_term]")),
    node(
        6.2,
        "max plus 0.1 times others of:",
        node(6.0, "weight(title:harbour in 3) [PerFieldSimilarity], result of:", node(2.0, "idf")),
        node(2.0, "weight(Synonym(copies.place:harbour copies.place:port) in 3) [PerFieldSimilarity], result of:"),
    ),
    node(1.8, 'weight(author.name:"zoe unal" in 3) [PerFieldSimilarity], result of:'),
    node(1.0, "max of:", node(1.0, "genre.folded:no*"), node(0.5, "CaseInsensitivePrefixQuery{:no}^0.5")),
    node(1.0, "ConstantScore(_id:[fe 1f])"),
)


def test_the_parts_of_a_score_add_up() -> None:
    answer = json.dumps({"hits": {"hits": [{"_explanation": TREE}]}}).encode()
    explanation = read_explanation(answer, "3", SCHEMA, "no")
    assert explanation
    assert [(reason.field, reason.how, reason.text, reason.score) for reason in explanation.reasons] == [
        ("title", "word", "harbour", 6.0),
        ("author.name", "phrase", "zoe unal", 1.8),
        ("genre", "beginning", "no", 1.0),
        ("", "id", "no", 1.0),
        ("copies.place", "word", "harbour or port", 0.2),
    ]
    assert explanation.reasons[0].says == "`title` has the word “harbour”: 6.00 of 10.00 points"


def test_a_field_that_a_reader_does_not_see_is_not_told() -> None:
    view = replace(SCHEMA, fields=tuple(field_ for field_ in SCHEMA.fields if field_.name != "author.name"))
    answer = json.dumps({"hits": {"hits": [{"_explanation": TREE}]}}).encode()
    explanation = read_explanation(answer, "3", view, "no")
    assert explanation
    assert "author" not in str(explanation)
    assert "zoe" not in str(explanation)


def test_parts_of_a_text_are_told_in_its_syntax() -> None:
    text = 'old "new book" price:>5 copies:(place:Lisbon NOT state:good) (lent:true OR title:har*) genre:(novel poetry)'
    parsed = check(RawRequest(text + " "), SCHEMA).parsed
    assert parsed
    assert [printed(leaf) for _, leaf in leaves(parsed.node)] == [
        "old",
        '"new book"',
        "price:>5",
        "copies:(copies.place:Lisbon NOT copies.state:good)",
        "(lent:true OR title:har*)",
        "(genre:novel genre:poetry)",
    ]
