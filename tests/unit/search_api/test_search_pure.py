"""The pure parts of the search API: fields, requests, bodies, cursors, highlights, freshness, and what a page shows."""

import json
from typing import Any

import certifi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from connections.elasticsearch import client_options
from read_model.freshness import Freshness
from search_api.access.callers import READING, SCOPES, anybody
from search_api.elasticsearch import responses
from search_api.elasticsearch.highlight_html import CLOSE, OPEN, to_html
from search_api.elasticsearch.privileges import key_body
from search_api.elasticsearch.search_body import search_body
from search_api.errors import InvalidCursor
from search_api.freshness import view
from search_api.paging import cursor as cursors
from search_api.paging.point_in_time import PointInTimePool
from search_api.query.request import RawRequest, check
from search_api.query.schema import IndexSchema, read_mapping
from search_api.query.validation import InvalidRequest
from search_api.settings import InvalidSettings, read_settings
from tests.support.builders.book_index import BOOKS, MAPPINGS

SCHEMA = read_mapping(MAPPINGS)
SECRET = b"0123456789abcdef"


def body_of(**params: Any) -> dict[str, Any]:
    return search_body(check(RawRequest(**params), SCHEMA), SCHEMA)


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


def test_a_chosen_facet_of_an_array_takes_the_other_filters_on_it_along() -> None:
    body = body_of(filters=("copies.place:Lisbon", "copies.number:>1", "price:>1"), facets=("copies.place",))
    (nested,) = body["post_filter"]["bool"]["filter"]
    assert len(nested["nested"]["query"]["bool"]["filter"]) == 2
    assert body["query"]["bool"]["filter"] == [{"range": {"price": {"gt": "1"}}}]


def test_more_documents_than_there_are_have_no_other_values() -> None:
    hits = b'{"total":{"value":2,"relation":"eq"},"hits":[]}'
    facet = b'{"doc_count":2,"values":{"buckets":[{"key":"a","doc_count":2}],"sum_other_doc_count":7}}'
    body = b'{"took":3,"timed_out":false,"hits":%b,"aggregations":{"facet0":%b}}' % (hits, facet)
    assert responses.read_search(body, (SCHEMA.by_name["genre"],)).facets[0].more == 2


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


def test_a_cursor_returns_the_sort_values_as_they_were() -> None:
    after = Raw(b'[1.10,9007199254740993,null,"\xc3\xbc"]')
    raw = RawRequest("harbour", ("genre:novel",))
    seen = view.IndexPosition(1, 2**40, "2026-01-01T00:00:00.000Z")
    cursor = cursors.write_cursor(SECRET, "books", raw, cursors.CursorPosition("point", after, seen))
    place = cursors.read_cursor(SECRET, "books", raw, cursor)
    assert (place.point, place.seen, bytes(place.after or b"")) == ("point", seen, bytes(after))


def test_a_cursor_serves_only_its_own_search_and_server() -> None:
    raw = RawRequest("harbour")
    cursor = cursors.write_cursor(SECRET, "books", raw, cursors.CursorPosition("", Raw(b"[1]")))
    for secret, index, request, text in (
        (b"another secret...", "books", raw, cursor),
        (SECRET, "others", raw, cursor),
        (SECRET, "books", RawRequest("light"), cursor),
        (SECRET, "books", raw, cursor[:-2]),
        (SECRET, "books", raw, "ü"),
        (SECRET, "books", raw, "a"),
    ):
        with pytest.raises(InvalidCursor):
            cursors.read_cursor(secret, index, request, text)


def test_a_page_at_an_older_point_is_no_fresher_than_the_point() -> None:
    """Invariant 6."""
    now = view.view(Freshness("shop", 2, 500, 500, 1_000_000, "live"), 1_000_300)
    then = view.at_position(now, view.IndexPosition(2, 400, "1970-01-01T00:16:30.000Z"))
    assert (then.token, then.lag_ms, then.as_of) == ("2:400", 10_300, "1970-01-01T00:16:30.000Z")
    assert view.at_position(now, view.UNKNOWN_POSITION).token is None


def test_a_caller_keeps_only_so_many_points_open() -> None:
    points = PointInTimePool(keep_alive=10, limit=2)
    assert [points.used("ana", name, 0) for name in "abac"] == [[], [], [], ["b"]]
    assert points.used("zoe", "d", 1) == []
    assert len(points) == 3
    assert points.used("ana", "e", 10.5) == []
    assert len(points) == 2
    points.closed("e")
    assert len(points) == 1


@given(st.text(alphabet=f"<>&\"'a{OPEN}{CLOSE}\0"))
def test_highlights_hold_no_markup_but_balanced_marks(fragment: str) -> None:
    html = to_html(fragment)
    rest = html.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in rest
    assert ">" not in rest
    assert html.count("<mark>") == html.count("</mark>")


def test_documents_pass_through_unchanged() -> None:
    body = (
        b'{"took":3,"timed_out":false,"_shards":{"failed":1},"hits":{"total":{"value":1,"relation":"gte"},"hits":[%b]}}'
    )
    hit = b'{"_id":"3","_version":7,"_score":null,"_source":%b,"sort":[1.50]}' % BOOKS["3"].encode()
    read = responses.read_search(body % hit)
    assert bytes(read.items[0].document) == BOOKS["3"].encode()
    assert (read.partial, read.total.relation, bytes(read.last)) == (True, "gte", b"[1.50]")


def test_write_aliases_and_hidden_ones_are_no_indexes_to_read() -> None:
    body = b'{"b-g1":{"aliases":{"b":{},"b-write":{},".hidden":{}}},"a-g1":{"aliases":{"a":{}}},"bare":{"aliases":{}}}'
    assert responses.read_aliases(body) == ("a", "b")


def test_freshness_says_how_far_behind_it_is() -> None:
    live = view.view(Freshness("shop", 1, 10, 12, 1_000_000, "live"), 1_000_300)
    assert (live.lag_ms, live.degraded, live.as_of) == (300, False, "1970-01-01T00:16:40.000Z")
    assert view.view(Freshness("shop", 1, 10, 12, 0, "snapshot"), 5).degraded
    assert view.view(Freshness("shop", 1, 10, 12, 5, "live", quarantined=2), 5).reason.startswith("2 documents")


def test_the_key_can_read_and_nothing_else() -> None:
    role = key_body("search", ["books"], 30)["role_descriptors"]["rowtide-search"]
    assert role["cluster"] == []
    assert role["indices"][0]["privileges"] == ["read", "view_index_metadata"]
    assert role["indices"][0]["names"] == ["books", "/books\\-g[0-9]{6}/"]


def test_every_fault_of_the_settings_is_told_at_once() -> None:
    with pytest.raises(InvalidSettings) as caught:
        read_settings(elasticsearch_url="somewhere", api_port=0, request_timeout=0)
    assert all(name in str(caught.value) for name in ("ELASTICSEARCH_URL", "API_PORT", "REQUEST_TIMEOUT"))


def test_only_loopback_is_open_to_everybody() -> None:
    url = "http://127.0.0.1:9200"
    assert read_settings(elasticsearch_url=url, api_host="0.0.0.0").anybody is None
    assert read_settings(elasticsearch_url=url, api_anonymous=False).anybody is None
    assert read_settings(elasticsearch_url=url).anybody == anybody(frozenset(SCOPES), frozenset({"*"}))
    named = read_settings(elasticsearch_url=url, api_anonymous_pii="name, email")
    assert named.anybody == anybody(frozenset(SCOPES), frozenset({"name", "email"}))


def test_everybody_reads_elsewhere_and_keeps_nothing() -> None:
    elsewhere = {"elasticsearch_url": "http://127.0.0.1:9200", "api_host": "0.0.0.0", "api_anonymous": True}
    assert read_settings(**elsewhere).anybody == anybody(READING, frozenset())
    assert not {"save", "export"} & READING
    exporting = read_settings(**elsewhere, api_anonymous_export=True).anybody
    assert exporting == anybody(READING | {"export"}, frozenset())


def test_certificates_are_given_to_a_client_that_speaks_tls() -> None:
    ca = certifi.where()
    encrypted = read_settings(elasticsearch_url="https://search:9200", elasticsearch_ca=ca).elasticsearch_access()
    assert client_options(encrypted)["ca_certs"] == ca
    plain = read_settings(elasticsearch_url="http://search:9200", elasticsearch_ca=ca).elasticsearch_access()
    assert "ca_certs" not in client_options(plain)
    with pytest.raises(InvalidSettings, match="ROWTIDE_ELASTICSEARCH_CA: Path does not point to a file"):
        read_settings(elasticsearch_url="https://search:9200", elasticsearch_ca="nowhere.pem")
