"""Decoding responses, highlights as HTML, and the privileges of the key."""

from hypothesis import given
from hypothesis import strategies as st

from search_api.elasticsearch import responses
from search_api.elasticsearch.highlight_html import CLOSE, OPEN, to_html
from search_api.elasticsearch.privileges import key_body
from search_api.query.schema import read_mapping
from tests.support.builders.book_index import BOOKS, MAPPINGS

SCHEMA = read_mapping(MAPPINGS)


def test_more_documents_than_there_are_have_no_other_values() -> None:
    hits = b'{"total":{"value":2,"relation":"eq"},"hits":[]}'
    facet = b'{"doc_count":2,"values":{"buckets":[{"key":"a","doc_count":2}],"sum_other_doc_count":7}}'
    body = b'{"took":3,"timed_out":false,"hits":%b,"aggregations":{"facet0":%b}}' % (hits, facet)
    assert responses.read_search(body, (SCHEMA.by_name["genre"],)).facets[0].more == 2


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


def test_the_key_can_read_and_nothing_else() -> None:
    role = key_body("search", ["books"], 30)["role_descriptors"]["rowtide-search"]
    assert role["cluster"] == []
    assert role["indices"][0]["privileges"] == ["read", "view_index_metadata"]
    assert role["indices"][0]["names"] == ["books", "/books\\-g[0-9]{6}/"]
