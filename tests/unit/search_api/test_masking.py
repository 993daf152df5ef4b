"""What a caller may see: fields, documents, and searches that name what they must not."""

import json
from typing import Any

import pytest
from msgspec import Raw

from search_api.callers import Caller, anybody
from search_api.faults import RequestFaults
from search_api.masking import (
    UnsafeSearch,
    documents_without_masked,
    hits_without_masked,
    look_over,
    mask_of,
    without_masked,
)
from search_api.queries import filter_clauses, search_body
from search_api.schema import read_mapping
from search_api.search_request import RawRequest, check

NAME = {"type": "text", "fields": {"keyword": {"type": "keyword"}}}
MAPPING: dict[str, Any] = {
    "_meta": {
        "fields": {
            "person.name": {"pii": "name"},
            "lines.note": {"pii": True},
            "person.mail": {"pii": "email"},
            "both": {"pii": ["email", "name"]},
        }
    },
    "properties": {
        "title": NAME,
        "both": NAME,
        "everything": {"type": "text"},
        "person": {"properties": {"name": NAME | {"copy_to": "everything"}, "mail": NAME, "country": NAME}},
        "lines": {"type": "nested", "include_in_root": True, "properties": {"note": NAME, "count": {"type": "long"}}},
    },
}
SCHEMA = read_mapping(MAPPING)
CALLER = Caller("k", frozenset({"search"}), frozenset({"*"}), (), frozenset({"email"}))
VIEW = CALLER.view(SCHEMA)
MASK = mask_of(SCHEMA, VIEW)


def test_a_field_exists_for_who_may_see_each_kind_of_its_data() -> None:
    assert set(VIEW.by_name) == {"title", "person.mail", "person.country", "lines.count"}
    assert anybody(frozenset({"*"})).view(SCHEMA) is SCHEMA
    assert "everything" in anybody(frozenset({"name"})).view(SCHEMA).by_name
    assert "both" in anybody(frozenset({"name", "email"})).view(SCHEMA).by_name


def test_a_masked_field_is_refused_in_the_words_of_an_unknown_one() -> None:
    def fault(name: str) -> str:
        with pytest.raises(RequestFaults) as caught:
            check(RawRequest(filters=(f"{name}:x",), sort=name, facets=(name,)), VIEW)
        return str(caught.value).replace(name, "…")

    assert fault("person.name") == fault("person.nome")


def test_documents_lose_masked_fields_and_nothing_else() -> None:
    text = b'{"title":"a","person":{"name":"S","mail":"m","n":0.10000000000000000555},"lines":[{"note":"S","x":1.50},{}],"p":[[{"person":1}]]}'
    kept = bytes(without_masked(Raw(text), MASK.tree))
    assert kept == text.replace(b'"name":"S",', b"").replace(b'"note":"S",', b"")
    for odd in (b"null", b'{"person":null,"lines":[]}', b'{"person":[[{"mail":"m"}]]}', b"1e400"):
        assert bytes(without_masked(Raw(odd), MASK.tree)) == odd


def test_answers_lose_masked_fields_and_nothing_else() -> None:
    hit = b'{"_id":"1","_version":7,"_source":{"person":{"name":"S","mail":"m"}},"sort":[1.50]}'
    answer = b'{"took":3,"hits":{"total":{"value":1},"hits":[%b,{"_id":"2"}]},"aggregations":{"a":1.0}}'
    assert hits_without_masked(answer % hit, MASK.tree) == answer % hit.replace(b'"name":"S",', b"")
    assert documents_without_masked(b'{"docs":[%b]}' % hit, MASK.tree) == b'{"docs":[%b]}' % hit.replace(
        b'"name":"S",', b""
    )


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"match": {"person.name": "x"}}},
        {"query": {"term": {"person.name.keyword": "x"}}},
        {"query": {"multi_match": {"query": "x", "fields": ["title", "person.name^3"]}}},
        {"query": {"multi_match": {"query": "x", "fields": ["person.*"]}}},
        {"query": {"nested": {"path": "lines", "query": {"exists": {"field": "lines.note"}}}}},
        {"aggs": {"a": {"terms": {"field": "everything"}}}},
        {"sort": ["person.name"]},
        {"sort": [{"person.name.keyword": {"order": "asc"}}]},
        {"highlight": {"fields": {"*": {}}}},
        {"docvalue_fields": ["lines.note.keyword"]},
        {"suggest": {"s": {"term": {"field": "person.name"}}}},
        {"query": {"nested": {"path": "lines", "query": {"match_all": {}}, "inner_hits": {}}}},
    ],
)
def test_no_search_that_names_a_masked_field_leaves(body: dict[str, Any]) -> None:
    with pytest.raises(UnsafeSearch):
        look_over(body, MASK, False)


def test_what_a_reader_types_is_no_name() -> None:
    raw = RawRequest("person.name *", ("title:person.name", "title:*"), "-title", ("title",))
    look_over(search_body(check(raw, VIEW), VIEW), MASK, True)


def test_a_tenant_counts_its_own_documents_only() -> None:
    inner = {"a": {"filter": {}, "aggs": {"b": {"global": {}, "aggs": {}}}}}
    with pytest.raises(UnsafeSearch):
        look_over({"aggs": inner}, MASK, True)
    look_over({"aggs": inner}, MASK, False)


def test_base_filters_may_name_masked_fields_and_become_conditions() -> None:
    clauses = filter_clauses(("person.name:x", "lines.count:>3"), SCHEMA)
    assert clauses[0] == {"terms": {"person.name.keyword": ["x"]}}
    assert json.dumps(clauses[1]).count("lines") == 2


def test_what_is_signed_for_a_caller_serves_no_other() -> None:
    others = [
        Caller("k", CALLER.scopes, CALLER.indexes, ("title:a",), CALLER.unmasked),
        Caller("k", CALLER.scopes, CALLER.indexes, (), frozenset()),
        Caller("l", CALLER.scopes, CALLER.indexes, (), CALLER.unmasked),
    ]
    assert len({one.secret(b"s") for one in (*others, CALLER)}) == 4
