"""Fields from the mapping, and requests checked against them."""

import pytest

from search_api.query.request import RawRequest, check
from search_api.query.schema import read_mapping
from search_api.query.validation import InvalidRequest
from tests.support.builders.book_index import MAPPINGS

SCHEMA = read_mapping(MAPPINGS)


def test_fields_come_from_the_mapping() -> None:
    fields = SCHEMA.by_name
    assert fields["title"].exact == "title.keyword"
    assert fields["genre"].words == "genre.folded"
    assert fields["copies.place"].nested == "copies"
    assert fields["author.name"].nested == ""
    assert fields["title"].boost == 3
    assert not fields["cover"].filterable
    assert not fields["extra"].sortable
    assert [field.name for field in SCHEMA.facets] == ["copies.state", "genre", "lent"]


def test_every_fault_of_a_request_is_named_at_once() -> None:
    raw = RawRequest(
        "x" * 1001, ("nothing", "title:>3", "price:many", "unknown:1"), "cover,-who", ("price",), size=0, page=1
    )
    with pytest.raises(InvalidRequest) as caught:
        check(raw, SCHEMA)
    named = [fault.parameter for fault in caught.value.errors]
    assert named == ["q", "size", "filter", "filter", "filter", "filter", "sort", "sort", "facet"]


@pytest.mark.parametrize(
    "wrong",
    [
        "price:NaN",
        "price:1e999999",
        "big:9223372036854775808",
        "lent:yes",
        "published:2026-13-01",
        "published:now-",
        "genre:\0",
    ],
)
def test_values_are_checked_against_the_kind_of_their_field(wrong: str) -> None:
    with pytest.raises(InvalidRequest):
        check(RawRequest(filters=(wrong,)), SCHEMA)
