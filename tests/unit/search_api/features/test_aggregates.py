"""Aggregations: what may be requested, and the search that results."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.features.aggregates.aggregate import _Hits, _Response, _Total, read_aggregate
from search_api.features.aggregates.query import plan_aggregate
from search_api.features.aggregates.request import RawAggregate, check_aggregate
from search_api.freshness.view import unknown
from search_api.query.request import RawRequest, check
from search_api.query.schema import read_mapping
from search_api.query.validation import InvalidRequest
from tests.support.builders.book_index import MAPPINGS

MORE = {"loans": {"type": "nested", "properties": {"days": {"type": "integer"}}}}
SCHEMA = read_mapping(MAPPINGS | {"properties": MAPPINGS["properties"] | MORE})


def body(raw: RawAggregate, *filters: str) -> dict[str, Any]:
    request = check_aggregate(raw, SCHEMA)
    search = plan_aggregate(request, {"match_all": {}}, check(RawRequest(filters=filters), SCHEMA).filters).body
    aggregations: dict[str, Any] = search["aggs"]
    return aggregations


@pytest.mark.parametrize(
    "wrong",
    [
        RawAggregate(("who",)),
        RawAggregate(("published",)),
        RawAggregate(("published:fortnight",)),
        RawAggregate(("price:0",)),
        RawAggregate(("price:-1",)),
        RawAggregate(("price:1e-400",)),
        RawAggregate(("genre:week",)),
        RawAggregate(("extra",)),
        RawAggregate(("cover",)),
        RawAggregate(("genre",) * 4),
        RawAggregate(("genre",), ("sum",)),
        RawAggregate(("genre",), ("sum:genre",)),
        RawAggregate(("genre",), ("median:price",)),
        RawAggregate(("genre",), ("count:price",)),
        RawAggregate(("genre",), ("sum:price:5",)),
        RawAggregate(("genre",), ("percentiles:price:101",)),
        RawAggregate(("genre",), ("percentiles:price:x",)),
        RawAggregate(("genre",), ("count",) * 7),
        RawAggregate(("genre",), top=0),
        RawAggregate(("genre", "lent", "copies.state"), top=100),
        RawAggregate(("genre",), ("sum:price",), top_by="sum:big"),
        RawAggregate(("genre",), zone="Mars/Olympus"),
        RawAggregate(("copies.state",), ("sum:loans.days",)),
    ],
)
def test_what_cannot_be_added_up_is_refused(wrong: RawAggregate) -> None:
    with pytest.raises(InvalidRequest):
        check_aggregate(wrong, SCHEMA)


@given(st.lists(st.text(max_size=30), max_size=4), st.lists(st.text(max_size=30), max_size=7), st.text(max_size=20))
def test_any_text_is_refused_or_becomes_a_body(by: list[str], measures: list[str], top_by: str) -> None:
    raw = RawAggregate(tuple(f"genre{text}" for text in by), tuple(f"sum:{text}" for text in measures), top_by=top_by)
    try:
        json.dumps(body(raw))
    except InvalidRequest:
        return


def test_elements_are_counted_within_their_documents() -> None:
    aggregations = body(RawAggregate(("copies.state", "published:week"), ("sum:copies.number", "sum:price")))
    week = aggregations["d0"]
    assert week["date_histogram"]["calendar_interval"] == "week"
    state = week["aggs"]["d1in"]["aggs"]["d1"]
    assert week["aggs"]["d1in"]["nested"] == {"path": "copies"}
    assert state["terms"]["field"] == "copies.state"
    assert state["aggs"]["m0"] == {"sum": {"field": "copies.number"}}
    assert state["aggs"]["m1up"] == {"reverse_nested": {}, "aggs": {"m1": {"sum": {"field": "price"}}}}
    assert aggregations["m0in"]["aggs"]["m0"] == {"sum": {"field": "copies.number"}}


def test_a_filter_on_an_array_chooses_its_elements_too() -> None:
    aggregations = body(RawAggregate(("genre",), ("sum:copies.number",)), "copies.place:Porto", "lent:true")
    own = aggregations["d0"]["aggs"]["m0in"]["aggs"]["own"]
    assert len(own["filter"]["bool"]["filter"]) == 1
    assert own["aggs"]["m0"] == {"sum": {"field": "copies.number"}}


def test_the_first_values_may_be_those_with_the_most_of_a_measure() -> None:
    aggregations = body(RawAggregate(("genre",), ("count", "sum:copies.number"), top_by="sum:copies.number"))
    assert aggregations["d0"]["terms"]["order"] == {"topin>top": "desc"}
    assert aggregations["d0"]["aggs"]["topin"]["nested"] == {"path": "copies"}


def test_more_rows_than_allowed_are_refused() -> None:
    request = check_aggregate(RawAggregate(("price:1",)), SCHEMA)
    plan = plan_aggregate(request, {"match_all": {}}, ())
    buckets = [{"key": float(n), "doc_count": 1} for n in range(10_001)]
    answer = _Response(1, False, _Hits(_Total(10_001)), {"d0": {"buckets": buckets}})
    with pytest.raises(InvalidRequest, match="10000 rows"):
        read_aggregate(answer, plan, request, unknown(""))
    answer.aggregations["d0"]["buckets"].pop()
    assert len(read_aggregate(answer, plan, request, unknown("")).rows) == 10_000
