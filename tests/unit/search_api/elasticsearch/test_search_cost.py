"""The cost of a search is the sum of its parts, and what a client can request together stays below the limit."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.elasticsearch.search_body import search_body
from search_api.elasticsearch.search_cost import POINTS_PER_UNIT, letters_cost, search_cost, within_cost
from search_api.errors import SearchTooExpensive
from search_api.features.aggregates.query import plan_aggregate
from search_api.features.aggregates.request import RawAggregate, check_aggregate
from search_api.features.correction import similar_body
from search_api.features.suggestions import parse_typed, value_fields, values_body
from search_api.query.limits import MAX_COST
from search_api.query.request import RawRequest, check
from search_api.query.schema import read_mapping
from search_api.query.validation import InvalidRequest
from tests.support.builders.wide_index import WIDE_MAPPINGS

SCHEMA = read_mapping(WIDE_MAPPINGS)
TEXTS = [field.name for field in SCHEMA.fields if field.kind == "text"]
FACETS = tuple(field.name for field in SCHEMA.fields if field.facetable)[:12]
THIRTY = "abcdefghijklmnopqrstuvwxyzabcd"


def body_of(text: str = "", **more: Any) -> dict[str, Any]:
    return search_body(check(RawRequest(text, **more), SCHEMA), SCHEMA)


def aggregate_of(*by: str, measures: tuple[str, ...] = (), top: int = 10) -> dict[str, Any]:
    request = check_aggregate(RawAggregate(by, measures, top), SCHEMA)
    return plan_aggregate(request, {"match_all": {}}, ()).body


@pytest.mark.parametrize(
    ("body", "units"),
    [
        (body_of(), 1),
        (body_of("old harbour light"), 1),
        (body_of("old harbour light", size=25, facets=FACETS), 2),
        (body_of(filters=("amount:>1", "code:a", "day:>2025")), 1),
        (aggregate_of("day:week", "code", measures=("sum:amount",)), 1),
    ],
)
def test_what_people_request_costs_little(body: dict[str, Any], units: int) -> None:
    assert search_cost(body).units == units, search_cost(body).points


def test_thirty_two_words_are_allowed() -> None:
    words = " ".join(f"{THIRTY[n % 20 : n % 20 + 8]} " for n in range(32))
    assert search_cost(body_of(words)).units <= MAX_COST // 2


@pytest.mark.parametrize(
    ("body", "largest"),
    [
        (body_of(" ".join(f"{THIRTY[:8]}~" for _ in range(31))), "similar"),
        (body_of(" ".join(f"{THIRTY[n : n + 2]}* {n}" for n in range(16)), size=200, facets=FACETS), "highlights"),
        (aggregate_of("day:minute", measures=("percentiles:amount",) * 6), "rows"),
        (aggregate_of("code", "kind", "team", measures=("percentiles:amount",) * 6, top=21), "rows"),
    ],
)
def test_what_is_allowed_singly_is_too_much_together(body: dict[str, Any], largest: str) -> None:
    cost = search_cost(body)
    assert (cost.units > MAX_COST, cost.largest) == (True, largest), cost.points


def test_the_parts_add_up() -> None:
    text = "harbour light"
    alone, more = search_cost(body_of(text)), search_cost(body_of(text, facets=FACETS))
    assert sum(more.points.values()) > sum(alone.points.values()) > 0
    assert more.points["words"] == alone.points["words"]


def test_a_longer_word_and_a_foreign_letter_cost_more() -> None:
    assert letters_cost(["abc"]) == 0, "too short to be misspelled"
    assert letters_cost(["abcdefg"]) * 16 == letters_cost(["abcdefgh"]) * 7, "two wrong letters cost twice as much"
    assert letters_cost([THIRTY] * 8) == 8 * letters_cost([THIRTY])
    assert letters_cost(["مناقشةسبل"]) == 2 * letters_cost(["abcdefghi"])


def test_each_ideograph_is_a_word() -> None:
    eight = search_cost(body_of("漢字漢字漢字漢字 ")).points["words"]
    assert eight > 6 * search_cost(body_of("漢 ")).points["words"] / 2


def test_a_correction_is_limited_by_letters_and_fields_together() -> None:
    attack = check(RawRequest(" ".join([THIRTY] * 8)), SCHEMA)
    with pytest.raises(SearchTooExpensive):
        similar_body(attack, SCHEMA)
    for words in (1, 3, 8):
        body = similar_body(check(RawRequest(" ".join(["harbuors"] * words)), SCHEMA), SCHEMA)
        assert body is not None
        assert search_cost(body).units <= MAX_COST - 1


def test_optional_parts_are_given_up_before_the_hits() -> None:
    words = " ".join(f"{THIRTY[n : n + 8]}" for n in range(20))
    body = body_of(words, size=200, facets=FACETS, filters=tuple(f"amount:>{n}" for n in range(20)))
    assert within_cost(body, 100) == (body, ())
    smaller, omitted = within_cost(body, search_cost(body).units - 1)
    assert (omitted, body.keys() - smaller.keys()) == (("highlights",), {"highlight"})
    smallest, omitted = within_cost(body, 0)
    assert (omitted, body.keys() - smallest.keys()) == (("highlights", "facets"), {"highlight", "aggs"})


SUGGESTED = 'text1:"' + "a-" * 400


@pytest.mark.parametrize("text", ["", "ha", "code:", "harbour code:a", SUGGESTED])
def test_suggestions_are_affordable(text: str) -> None:
    typed = parse_typed(text, SCHEMA)
    assert search_cost(values_body({"bool": {}}, value_fields(typed, SCHEMA), typed.part)).units <= 3


@given(st.text(max_size=200), st.integers(1, 200), st.lists(st.sampled_from(FACETS), max_size=12))
def test_every_search_has_a_cost(text: str, size: int, facets: list[str]) -> None:
    try:
        body = body_of(text, size=size, facets=tuple(facets))
    except InvalidRequest:
        return
    cost = search_cost(body)
    assert cost.units == max(1, -(-sum(cost.points.values()) // POINTS_PER_UNIT))
    assert min(cost.points.values()) >= 0


@pytest.mark.parametrize(
    "clause",
    [
        lambda text: {"match": {"text1": {"query": text, "fuzziness": "AUTO:4,8"}}},
        lambda text: {"fuzzy": {"code": {"value": text}}},
        lambda text: {"multi_match": {"query": text, "fields": ["text1"], "fuzziness": "AUTO:4,8"}},
        lambda text: {"nested": {"path": "parts", "query": {"fuzzy": {"parts.note": {"value": text}}}}},
        lambda text: {"bool": {"must_not": {"constant_score": {"filter": {"fuzzy": {"code": {"value": text}}}}}}},
    ],
)
def test_similar_words_count_wherever_they_are(clause: Callable[[str], dict[str, Any]]) -> None:
    assert search_cost({"query": clause(THIRTY)}).points["similar"] == letters_cost([THIRTY])
