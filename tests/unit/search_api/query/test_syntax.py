"""The search box: what a text means, and where an error points."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.elasticsearch.clauses import ClauseBuilder
from search_api.elasticsearch.text_query import TextQuery
from search_api.query.limits import MAX_CLAUSES, MAX_DEPTH, MAX_TEXT
from search_api.query.schema import read_mapping
from search_api.query.syntax.parser import NO_WORDS, parse
from search_api.query.syntax.tree import (
    AllOf,
    AnyOf,
    Match,
    Node,
    Not,
    Within,
    Word,
    Words,
    has_correctable_word,
    words_of,
)
from search_api.query.validation import InvalidRequest, ValidationError
from tests.support.builders.book_index import MAPPINGS

SCHEMA = read_mapping(MAPPINGS)


def read(text: str) -> Node:
    return parse(text, SCHEMA).node


def query_of(text: str) -> dict[str, Any]:
    return ClauseBuilder(TextQuery(SCHEMA)).query(read(text))


def fault_of(text: str) -> ValidationError:
    with pytest.raises(InvalidRequest) as caught:
        parse(text, SCHEMA)
    return caught.value.errors[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C++ (new", ["C++", "(new"]),
        ('12" plate', ['12"', "plate"]),
        ("AT&T", ["AT&T"]),
        ("foo:bar", ["foo:bar"]),
        ('foo:"two words"', ["foo", "two words"]),
        ("at 10:30", ["at", "10:30"]),
        ("http://a.b/c?d=e", ["http://a.b/c?d=e"]),
        ("coffee - black", ["coffee", "black"]),
        ("and/or -- & |", ["and/or"]),
        ("/usr/bin/", ["/usr/bin/"]),
        ("where is it?", ["where", "is", "it?"]),
        ("'tis 5' 11\"", ["'tis", "5'", '11"']),
        ("AND", []),
        ("a AND", ["a"]),
        ("weight^2 [x", ["weight^2", "[x"]),
        ("back\\", ["back\\"]),
        ("(" * 20 + "deep", ["(" * 20 + "deep"]),
        (":-)", []),
    ],
)
def test_words_without_a_field_never_fail(text: str, words: list[str]) -> None:
    assert [word.text for word in words_of(read(text))] == words


@given(st.text(st.characters(exclude_characters=":"), max_size=120))
def test_no_text_without_a_colon_fails_but_by_its_length(text: str) -> None:
    if len(text.split()) <= MAX_CLAUSES // 8:
        json.dumps(query_of(text))


@given(st.text(st.sampled_from("ab:()[]{}\"'\\~^*?+-/<> &|!\ue000TOANDR"), max_size=40), st.booleans())
def test_every_fault_lies_inside_of_the_text(text: str, fielded: bool) -> None:
    text = f"price:>1 {text}" if fielded else text
    try:
        json.dumps(query_of(text))
    except InvalidRequest as error:
        for fault in error.errors:
            assert fault.message
            if fault.start is not None and fault.end is not None:
                assert 0 <= fault.start <= fault.end <= len(text)


def test_words_must_all_match_and_or_binds_closer_than_a_space() -> None:
    assert read("a b c ") == Words((Word("a"), Word("b"), Word("c")))
    assert read("a AND b ") == read("a b ")
    assert read("+a b ") == read("a b ")
    either = AnyOf((Words((Word("b"),)), Words((Word("c"),))))
    assert read("a b OR c ") == AllOf((Words((Word("a"),)), either))
    assert read("a -b NOT c") == AllOf((Words((Word("a"),)), Not(Words((Word("b"),))), Not(Words((Word("c"),)))))


def test_only_the_last_word_may_go_on() -> None:
    assert [word.unfinished for word in words_of(read("harb lig"))] == [False, True]
    assert [word.unfinished for word in words_of(read("harb lig "))] == [False, False]
    assert [word.unfinished for word in words_of(read("harb* lig "))] == [True, False]


def test_a_field_is_found_by_the_end_of_its_name() -> None:
    assert read("title:harbour") == read("TITLE:harbour")
    node = read("born:1950")
    assert node == read("author.born:1950")


def test_a_name_before_a_colon_that_several_fields_have_lists_them() -> None:
    mapping = {"properties": {part: {"properties": {"name": {"type": "text"}}} for part in ("author", "reader")}}
    with pytest.raises(InvalidRequest, match=r"Write one of `author\.name`, `reader\.name`\."):
        parse("name:zoe", read_mapping(mapping))


@pytest.mark.parametrize(
    ("text", "start", "end", "message"),
    [
        ("pric:>3", 0, 4, "Did you mean `price`?"),
        ("foo:>3", 0, 3, "There is no field `foo`"),
        ("harbour price:many", 14, 18, "expected a number"),
        ("published:2026-13", 10, 17, "expected a date"),
        ("lent:perhaps", 5, 12, "expected true or false"),
        ("title:(old harbour", 6, 7, "expected `)`"),
        ('title:"old harbour', 6, 7, "This quote is never closed"),
        ("price:>1 )", 9, 10, "no matching"),
        ("price:", 6, 6, "A value is missing"),
        ("price:>1 AND", 12, 12, "Nothing follows `AND`"),
        ("price:[1 5]", 9, 10, "expected `[from TO to]`"),
        ("title:>a", 6, 8, "has no order"),
        ("title:*arbour", 6, 13, "before it"),
        ("title:h*", 6, 8, "before it"),
        ("title:ab*c*d*e*f*g", 6, 18, "wildcards"),
        ('title:"a b"~11', 6, 11, "up to 10 words"),
        ("title:" + "a" * 33 + "~", 6, 39, "up to 32 letters"),
        ("title:a^2", 6, 9, "not supported"),
        ("cover:x", 0, 7, "is not searchable"),
        ("price:1 " + "(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), 8 + MAX_DEPTH, 9 + MAX_DEPTH, "deep"),
    ],
)
def test_a_fault_points_at_its_place(text: str, start: int, end: int, message: str) -> None:
    fault = fault_of(text)
    assert (fault.start, fault.end) == (start, end)
    assert message in fault.message


def test_limits_are_told() -> None:
    assert str(MAX_TEXT) in fault_of("x" * (MAX_TEXT + 1)).message
    assert str(MAX_CLAUSES) in fault_of("x " * (MAX_CLAUSES + 1)).message
    assert str(MAX_CLAUSES) in fault_of("lent:true " * (MAX_CLAUSES + 1)).message


def test_conditions_on_one_array_side_by_side_mean_one_element() -> None:
    side_by_side = query_of("place:Lisbon state:good")["bool"]["must"]
    assert [list(clause) for clause in side_by_side] == [["nested"]]
    apart = query_of("(place:Lisbon) (state:good)")["bool"]
    assert "nested" not in json.dumps(apart)
    assert read("copies:(place:Lisbon NOT state:good)") == Within(
        "copies",
        AllOf(
            (
                Match(SCHEMA.by_name["copies.place"], Word("Lisbon")),
                Not(Match(SCHEMA.by_name["copies.state"], Word("good"))),
            )
        ),
    )


def test_values_reach_elasticsearch_typed() -> None:
    assert query_of("price:>-5") == {"range": {"price": {"gt": "-5"}}}
    assert query_of("published:2026-01") == {
        "range": {"published": {"gte": "2026-01||/M", "lte": "2026-01||/M", "format": "strict_date_optional_time"}}
    }
    assert query_of("published:[now-7d/d TO *]") == {
        "range": {"published": {"gte": "now-7d/d", "format": "strict_date_optional_time"}}
    }
    assert query_of("genre:Novel") == {"term": {"genre.folded": {"value": "Novel"}}}
    assert query_of("extra.k:v") == {"term": {"extra.k": {"value": "v"}}}
    assert query_of("title:*") == {"exists": {"field": "title"}}
    assert query_of("shelf_mark:SM-*") == {"prefix": {"shelf_mark.keyword": {"value": "SM-", "case_insensitive": True}}}
    assert query_of("title:Häf?n*") == {"wildcard": {"title": {"value": "haf?n*"}}}


def test_a_word_too_long_is_not_looked_around() -> None:
    assert has_correctable_word(read("harbuor "))
    assert not has_correctable_word(read("a" * 33 + " b2bbbb "))
    assert "fuzziness" not in json.dumps(query_of("a" * 33 + "~ "))


def test_not_not_is_nothing() -> None:
    assert read("NOT " * 249 + "x ") == Not(read("x "))


def test_punctuation_asks_for_nothing() -> None:
    assert read("...") == NO_WORDS
    assert read("title:harbour ... !") == read("title:harbour")
