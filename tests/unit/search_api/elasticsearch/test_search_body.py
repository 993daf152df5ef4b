"""The body of a search: conditions, facets and orders."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from search_api.elasticsearch.search_body import search_body
from search_api.query.request import RawRequest, check
from search_api.query.schema import IndexSchema, read_mapping
from search_api.query.validation import InvalidRequest
from tests.support.builders.book_index import MAPPINGS

SCHEMA = read_mapping(MAPPINGS)


def body_of(**params: Any) -> dict[str, Any]:
    return search_body(check(RawRequest(**params), SCHEMA), SCHEMA)


def test_conditions_on_one_array_mean_the_same_element() -> None:
    body = body_of(filters=("copies.place:Lisbon", "copies.state:good", "genre:novel"))
    nested, genre = body["query"]["bool"]["filter"]
    assert nested["nested"]["path"] == "copies"
    assert len(nested["nested"]["query"]["bool"]["filter"]) == 2
    assert genre == {"terms": {"genre": ["novel"]}}


def test_values_of_one_field_are_alternatives() -> None:
    assert body_of(filters=("genre:novel", "genre:poetry"))["query"]["bool"]["filter"] == [
        {"terms": {"genre": ["novel", "poetry"]}}
    ]


def test_a_chosen_facet_does_not_narrow_its_own_counts() -> None:
    body = body_of(filters=("genre:novel", "price:>1"), facets=("genre", "lent"))
    assert body["post_filter"]["bool"]["filter"] == [{"terms": {"genre": ["novel"]}}]
    assert body["query"]["bool"]["filter"] == [{"range": {"price": {"gt": "1"}}}]
    assert len(body["aggs"]["facet0"]["filter"]["bool"]["filter"]) == 1
    assert len(body["aggs"]["facet1"]["filter"]["bool"]["filter"]) == 2


def test_a_chosen_facet_of_an_array_keeps_its_other_filters() -> None:
    body = body_of(filters=("copies.place:Lisbon", "copies.number:>1", "price:>1"), facets=("copies.place",))
    (nested,) = body["post_filter"]["bool"]["filter"]
    assert len(nested["nested"]["query"]["bool"]["filter"]) == 2
    assert body["query"]["bool"]["filter"] == [{"range": {"price": {"gt": "1"}}}]


def test_every_order_is_total() -> None:
    assert list(body_of()["sort"][-1]) == ["_seq_no"]
    assert list(body_of(text="a", sort="-price")["sort"][-1]) == ["_seq_no"]


def test_the_way_back_is_the_opposite_order_of_the_same_values() -> None:
    request = check(RawRequest(sort="price,-genre"), SCHEMA)
    assert search_body(request, SCHEMA, "[1]", backward=True)["sort"] == [
        {"price": {"order": "desc", "mode": "min", "missing": "_first"}},
        {"genre": {"order": "asc", "mode": "max", "missing": "_first"}},
        {"_seq_no": {"order": "asc"}},
    ]


def test_an_index_without_text_is_still_searched_by_id() -> None:
    bare = IndexSchema(())
    body = search_body(check(RawRequest("7"), bare), bare)
    nothing, by_id = body["query"]["bool"]["must"][0]["bool"]["should"]
    assert nothing == {"match_none": {}}
    assert by_id["ids"]["values"] == ["7"]


@given(st.text(max_size=500))
def test_any_text_is_either_refused_or_becomes_a_body_that_is_json(text: str) -> None:
    try:
        request = check(RawRequest(text, (f"title:{text}",)), SCHEMA)
    except InvalidRequest:
        return
    json.dumps(search_body(request, SCHEMA))
