"""Corrections come from hits, and from fields that a reader sees."""

import json
from typing import Any

from search_api.features.correction import corrected, similar_body
from search_api.query.request import RawRequest, SearchRequest, check
from search_api.query.schema import read_mapping
from tests.support.builders.book_index import MAPPINGS

Hit = tuple[dict[str, Any], list[str]]
"""A document's source, and the names of the queries that matched."""
SCHEMA = read_mapping(MAPPINGS)


def request(text: str) -> SearchRequest:
    return check(RawRequest(text), SCHEMA)


def answer(*hits: Hit) -> bytes:
    items = [{"_source": source, "matched_queries": names} for source, names in hits]
    return json.dumps({"hits": {"hits": items}}).encode()


def test_a_word_that_no_hit_has_becomes_the_one_most_alike() -> None:
    hit = ({"title": "The Old Harbour", "author": {"name": "Zoë Ünal"}}, ["typed0"])
    assert corrected(request("old harbuor unel"), SCHEMA, answer(hit)) == "old harbour unal"


def test_of_words_equally_alike_the_more_frequent_one_is_meant() -> None:
    hits = [({"title": "coffee beans, more beans"}, ["typed0"]), ({"title": "has been coffee"}, ["typed0"])]
    assert corrected(request("coffee beens"), SCHEMA, answer(*hits)) == "coffee beans"


def test_what_stands_in_other_fields_is_never_proposed() -> None:
    hit: Hit = ({"title": "x", "cover": {"secret": "harbour"}, "copies": [{"number": 1, "unknown": "harbour"}]}, [])
    assert corrected(request("harbuor"), SCHEMA, answer(hit)) is None


def test_codes_and_phrases_are_left_as_they_are() -> None:
    hit: Hit = ({"shelf_mark": "SM-0003"}, [])
    assert corrected(request("shelf SM-0003"), SCHEMA, answer(hit)) == "SM-0003"
    assert similar_body(request("SM-0003"), SCHEMA) is None
    assert similar_body(request('"old harbuor"'), SCHEMA) is None
    assert similar_body(request("title:harbuor"), SCHEMA) is None


def test_nothing_found_corrects_nothing() -> None:
    assert corrected(request("harbuor"), SCHEMA, answer()) is None
