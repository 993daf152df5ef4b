"""A checked request as the body of an Elasticsearch search. Pure: the same request always gives the same body."""

from collections.abc import Iterable
from typing import Any

from search_api.highlights import CLOSE, OPEN
from search_api.schema import IndexField, IndexSchema
from search_api.search_request import Filter, RawRequest, SearchRequest, Sort, check

Query = dict[str, Any]

FLAGS = "AND|OR|NOT|PHRASE|PREFIX|PRECEDENCE|ESCAPE|WHITESPACE"
MAX_FIELDS = 80
"""Fields of one box: each word of the text asks each of them."""
SHARD_TIMEOUT = "5s"
FACET_VALUES = 10
TIE_BREAK = "_seq_no"
"""Every document has its own, so that an order is total without a point in time and without knowing the document's key."""


def filter_clauses(texts: Iterable[str], schema: IndexSchema) -> list[Query]:
    """Filters in a reader's syntax as conditions that must all hold; raises RequestFaults."""
    return _conditions(check(RawRequest(filters=tuple(texts)), schema).filters)


def search_body(request: SearchRequest, schema: IndexSchema, after: object = None) -> Query:
    """The search for one page. `after` are the sort values of the last hit of the page before; they win over the page number."""
    body: Query = {
        "query": _query(request, schema),
        "size": request.size,
        "sort": _order(request),
        "version": True,
        "timeout": SHARD_TIMEOUT,
        "track_total_hits": 10_000,
    }
    if after is not None:
        body["search_after"] = after
    else:
        body["from"] = (request.page - 1) * request.size
    if request.text:
        body["highlight"] = _highlight(schema)
    if request.facets:
        body["aggs"] = {f"facet{n}": _facet(field, request.filters) for n, field in enumerate(request.facets)}
        body["post_filter"] = _all(_facet_filters(request))
    return body


def _query(request: SearchRequest, schema: IndexSchema) -> Query:
    """Facets that a reader chose narrow the hits only after counting; all else narrows both."""
    chosen = _facet_filters(request)
    counted = [one for one in request.filters if one not in chosen]
    query: Query = {"filter": _conditions(counted)}
    if request.text:
        query["must"] = [_box(request.text, schema)]
    return {"bool": query}


def _facet_filters(request: SearchRequest) -> list[Filter]:
    return [one for one in request.filters if one.field in request.facets and one.comparison == "="]


def _box(text: str, schema: IndexSchema) -> Query:
    """All words, each in any field; or the same with the last word unfinished; or an identifier as a whole, which ranks first."""
    searched = [field for field in schema.fields if field.searchable][:MAX_FIELDS]
    names = [_boosted(field.words, field) for field in searched]
    whole = [_boosted(field.exact if field.kind == "text" else field.words, field) for field in searched if field.exact]
    numbers = [field.name for field in schema.fields if field.kind == "integer" and not field.nested][:MAX_FIELDS]
    ways: list[Query] = [{"ids": {"values": [text], "boost": 30}}]
    if names:
        ways.append(_words(text, names))
    if names and text[-1].isalnum():
        ways.append(_words(f"{text}*", names))
    if whole:
        ways.append({"multi_match": {"query": text, "fields": whole, "boost": 10}})
    if numbers and text.isascii() and text.isdigit() and len(text) < 19:
        ways.append({"multi_match": {"query": text, "fields": numbers, "lenient": True, "boost": 5}})
    return {"bool": {"should": ways, "minimum_should_match": 1}}


def _boosted(name: str, field: IndexField) -> str:
    return name if field.boost == 1 else f"{name}^{field.boost:g}"


def _words(text: str, names: list[str]) -> Query:
    return {
        "simple_query_string": {
            "query": text,
            "fields": names,
            "default_operator": "AND",
            "flags": FLAGS,
            "lenient": True,
        }
    }


def _conditions(filters: Iterable[Filter]) -> list[Query]:
    """Values of one field are alternatives, all else must hold together, and conditions on one array mean the same element."""
    by_path: dict[str, list[Filter]] = {}
    for one in filters:
        by_path.setdefault(one.field.nested, []).append(one)
    conditions: list[Query] = []
    for path, ones in by_path.items():
        clauses = _clauses(ones)
        conditions += [{"nested": {"path": path, "query": {"bool": {"filter": clauses}}}}] if path else clauses
    return conditions


def _clauses(filters: list[Filter]) -> list[Query]:
    alternatives: dict[IndexField, list[str]] = {}
    clauses: list[Query] = []
    for one in filters:
        if one.comparison != "=":
            clauses.append(_range(one))
        else:
            alternatives.setdefault(one.field, []).append(one.value)
    return clauses + [_any_of(field, values) for field, values in alternatives.items()]


_BOUNDS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def _range(one: Filter) -> Query:
    bound = {_BOUNDS[one.comparison]: one.value}
    if one.field.kind == "date":
        bound["format"] = "strict_date_optional_time"
    return {"range": {one.field.exact: bound}}


def _any_of(field: IndexField, values: list[str]) -> Query:
    if field.kind != "date":
        return {"terms": {field.exact: values}}
    ranges = [{"range": {field.exact: _moment(value)}} for value in values]
    return {"bool": {"should": ranges, "minimum_should_match": 1}}


def _moment(value: str) -> Query:
    """A date without a time means the whole day."""
    whole_day = "||/d" if len(value) == 10 and not value.startswith("now") else ""
    return {"gte": value + whole_day, "lte": value + whole_day, "format": "strict_date_optional_time"}


def _order(request: SearchRequest) -> list[Query]:
    terms = [_sort(term) for term in request.sorts]
    if request.text and not terms:
        terms = [{"_score": {"order": "desc"}}]
    return [*terms, {TIE_BREAK: {"order": "desc"}}]


def _sort(term: Sort) -> Query:
    """An array is sorted by its smallest value ascending and by its largest descending."""
    order = "desc" if term.descending else "asc"
    return {term.field.exact: {"order": order, "mode": "max" if term.descending else "min", "missing": "_last"}}


def _highlight(schema: IndexSchema) -> Query:
    searched = [field for field in schema.fields if field.searchable][:MAX_FIELDS]
    return {
        "pre_tags": [OPEN],
        "post_tags": [CLOSE],
        "fragment_size": 140,
        "number_of_fragments": 2,
        "max_analyzed_offset": 100_000,
        "fields": {field.words: {} for field in searched},
    }


def _facet(field: IndexField, filters: tuple[Filter, ...]) -> Query:
    """The values of one field, counted in documents, under what is chosen in the other facets."""
    others = [one for one in filters if one.field != field]
    return {
        "filter": _all(others),
        "aggs": {"values": {"terms": {"field": field.exact, "size": FACET_VALUES}}},
    }


def _all(filters: list[Filter]) -> Query:
    return {"bool": {"filter": _conditions(filters)}}
