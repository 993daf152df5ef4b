"""What a caller may see: fields, documents, and searches that name hidden fields."""

import json
from datetime import UTC
from typing import Any

import pytest
from msgspec import Raw

from search_api.access.callers import READING, Caller, anybody
from search_api.access.field_mask import (
    ForbiddenSearch,
    check_search,
    mask_of,
    masked_document,
    masked_documents,
    masked_hits,
)
from search_api.elasticsearch.search_body import filter_clauses, query_of, search_body
from search_api.features.aggregates.query import plan_aggregate
from search_api.features.aggregates.request import RawAggregate, check_aggregate
from search_api.features.correction import similar_body
from search_api.features.explain import explain_body, missing_parts_body
from search_api.features.histograms import Extent, bars_body, extents_body
from search_api.features.suggestions import values_body
from search_api.query.request import RawRequest, check
from search_api.query.schema import read_mapping
from search_api.query.validation import InvalidRequest

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
    assert anybody(READING, frozenset({"*"})).view(SCHEMA) is SCHEMA
    assert "everything" in anybody(READING, frozenset({"name"})).view(SCHEMA).by_name
    assert "both" in anybody(READING, frozenset({"name", "email"})).view(SCHEMA).by_name


def test_a_masked_field_is_refused_in_the_words_of_an_unknown_one() -> None:
    def fault(name: str) -> str:
        with pytest.raises(InvalidRequest) as caught:
            check(RawRequest(filters=(f"{name}:x",), sort=name, facets=(name,)), VIEW)
        return str(caught.value).replace(name, "…")

    assert fault("person.name") == fault("person.nome")


def test_documents_lose_masked_fields_and_nothing_else() -> None:
    text = (
        b'{"title":"a","person":{"name":"S","mail":"m","n":0.10000000000000000555},'
        b'"lines":[{"note":"S","x":1.50},{}],"p":[[{"person":1}]]}'
    )
    visible = bytes(masked_document(Raw(text), MASK.tree))
    assert visible == text.replace(b'"name":"S",', b"").replace(b'"note":"S",', b"")
    for odd in (b"null", b'{"person":null,"lines":[]}', b'{"person":[[{"mail":"m"}]]}', b"1e400"):
        assert bytes(masked_document(Raw(odd), MASK.tree)) == odd


def test_answers_lose_masked_fields_and_nothing_else() -> None:
    hit = b'{"_id":"1","_version":7,"_source":{"person":{"name":"S","mail":"m"}},"sort":[1.50]}'
    answer = b'{"took":3,"hits":{"total":{"value":1},"hits":[%b,{"_id":"2"}]},"aggregations":{"a":1.0}}'
    assert masked_hits(answer % hit, MASK.tree) == answer % hit.replace(b'"name":"S",', b"")
    assert masked_documents(b'{"docs":[%b]}' % hit, MASK.tree) == b'{"docs":[%b]}' % hit.replace(b'"name":"S",', b"")


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
    with pytest.raises(ForbiddenSearch):
        check_search(body, MASK, False)


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"query_string": {"query": "person.name:x"}}},
        {"query": {"match_all": {}}, "script_fields": {}},
        {"query": {"match_all": {}}, "_source": ["title"]},
        {"aggs": {"a": {"top_hits": {}}}},
        {"query": {"bool": {"boosting": {}}}},
    ],
)
def test_no_search_leaves_whose_names_nobody_knows(body: dict[str, Any]) -> None:
    with pytest.raises(ForbiddenSearch):
        check_search(body, MASK, False)


DSL = (
    "query",
    "size",
    "from",
    "sort",
    "value",
    "filter",
    "fields",
    "path",
    "field",
    "boost",
    "aggs",
    "nested",
    "terms",
)


def test_masked_fields_may_have_the_names_of_the_search_language() -> None:
    lines = {"type": "nested", "include_in_root": True, "properties": {"note": NAME, "count": {"type": "long"}}}
    days = {"type": "date", "format": "strict_date_optional_time"}
    shown = {"title": NAME, "lines": lines, "price": {"type": "double"}, "extra": {"type": "flattened"}, "day": days}
    described = {name: {"pii": True} for name in DSL}
    schema = read_mapping({"_meta": {"fields": described}, "properties": shown | dict.fromkeys(DSL, NAME)})
    view = Caller("k").view(schema)
    mask = mask_of(schema, view)
    assert mask.names == set(DSL)
    text = 'harbour "a b" title:lig* lines:(note:x count:>3) NOT price:[1 TO 2] extra.k:v day:now/d'
    filters = ("title:a", "lines.note:b", "lines.count:>1", "day:>=2026-01-01")
    request = check(RawRequest(text, filters, "-price,title", ("title", "lines.note")), view)
    dates = [view.by_name["day"], view.by_name["price"]]
    extents = {"day": Extent(0, 10**12, 10**12), "price": Extent(0, 9, 9)}
    counted = check_aggregate(
        RawAggregate(("lines.note", "day:month"), ("sum:lines.count", "percentiles:price:50")), view
    )
    bodies = [
        search_body(request, view, after=[1, "x"]) | {"pit": {"id": "p"}},
        similar_body(check(RawRequest("harbuor lights"), view), view),
        explain_body(request, view, "1"),
        missing_parts_body(request, view, "1"),
        extents_body(request, view, dates),
        bars_body(request, view, extents, UTC),
        values_body(query_of(request, view), [view.by_name["title"], view.by_name["lines.note"]], "ha"),
        plan_aggregate(counted, query_of(request, view), request.filters).body,
    ]
    for body in bodies:
        check_search(body or {}, mask, True)
    leaking = search_body(check(RawRequest(filters=("query:x",)), schema), schema)
    with pytest.raises(ForbiddenSearch):
        check_search(leaking, mask, True)


def test_paths_into_json_are_written_out() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check(RawRequest("extra.k*:x"), read_mapping({"properties": {"extra": {"type": "flattened"}}}))
    assert "written out" in str(caught.value)


def test_what_a_reader_types_is_no_name() -> None:
    raw = RawRequest("person.name *", ("title:person.name", "title:*"), "-title", ("title",))
    check_search(search_body(check(raw, VIEW), VIEW), MASK, True)


def test_a_tenant_counts_its_own_documents_only() -> None:
    inner: dict[str, Any] = {"a": {"filter": {}, "aggs": {"b": {"global": {}, "aggs": {}}}}}
    with pytest.raises(ForbiddenSearch):
        check_search({"aggs": inner}, MASK, True)
    check_search({"aggs": inner}, MASK, False)


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
    assert len({caller.secret(b"s") for caller in (*others, CALLER)}) == 4
