"""A checked request as the body of an Elasticsearch search. Pure: the same request always gives the same body."""

from collections.abc import Iterable

from search_api.elasticsearch.clauses import ClauseBuilder, condition
from search_api.elasticsearch.highlight_query import highlight
from search_api.elasticsearch.text_query import Query, TextQuery
from search_api.query.request import Filter, RawRequest, SearchRequest, Sort, check
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.parser import Parsed
from search_api.query.syntax.tree import Between, Equal, Words

SHARD_TIMEOUT = "5s"
FACET_VALUES = 10
TIE_BREAK = "_seq_no"
"""Every document has its own, so that an order is total without a point in time and without knowing the document's key."""


def filter_clauses(texts: Iterable[str], schema: IndexSchema) -> list[Query]:
    """Filters in a reader's syntax as conditions that must all hold; raises InvalidRequest."""
    return _conditions(check(RawRequest(filters=tuple(texts)), schema).filters)


def element_clauses(filters: Iterable[Filter], path: str) -> list[Query]:
    """The conditions that one element of an array must fulfil."""
    return _clauses([one for one in filters if one.field.nested == path])


def condition_of(one: Filter) -> Query:
    """A single filter as a condition."""
    return {"bool": {"filter": _conditions([one])}}


def search_body(request: SearchRequest, schema: IndexSchema, after: object = None, *, backward: bool = False) -> Query:
    """The search for one page. `after` are the sort values of the last hit of the page before; they win over the page number.

    `backward`: of the first hit of the page that follows instead, and the hits come in the opposite order."""
    body: Query = {
        "query": query_of(request, schema),
        "size": request.size,
        "sort": _turned(_order(request)) if backward else _order(request),
        "version": True,
        "timeout": SHARD_TIMEOUT,
        "track_total_hits": 10_000,
    }
    if after is not None:
        body["search_after"] = after
    else:
        body["from"] = (request.page - 1) * request.size
    if request.box:
        body["highlight"] = highlight(request.box.node, schema)
    if request.facets:
        body["aggs"] = {f"facet{n}": _facet(field, request.filters) for n, field in enumerate(request.facets)}
        body["post_filter"] = _all(_after_counting(request))
    return body


def query_of(request: SearchRequest, schema: IndexSchema) -> Query:
    """What must match. Facets that a reader chose narrow the hits only after counting; all else narrows both."""
    later = _after_counting(request)
    query: Query = {"filter": _conditions(one for one in request.filters if one not in later)}
    if request.box:
        query["must"] = [_box(request, request.box, schema)]
    return {"bool": query}


def _after_counting(request: SearchRequest) -> list[Filter]:
    """The facets that a reader chose, and with one on an array every other filter on it: they mean the same element."""
    chosen = {one.field for one in request.filters if one.field in request.facets and one.comparison == "="}
    arrays = {field.nested for field in chosen if field.nested}
    return [one for one in request.filters if one.field in chosen or one.field.nested in arrays]


def _box(request: SearchRequest, parsed: Parsed, schema: IndexSchema) -> Query:
    """What the text means; words alone may also be an id or a whole value, which ranks first."""
    box = TextQuery(schema, request.similar)
    query = ClauseBuilder(box).query(parsed.node)
    if not isinstance(parsed.node, Words):
        return query
    return {"bool": {"should": [query, *box.whole(request.text)], "minimum_should_match": 1}}


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


def _range(one: Filter) -> Query:
    return condition(Between(one.field, ((one.comparison, one.value),)))


def _any_of(field: IndexField, values: list[str]) -> Query:
    if field.kind != "date":
        return {"terms": {field.exact: values}}
    days = [condition(Equal(field, value)) for value in values]
    return {"bool": {"should": days, "minimum_should_match": 1}}


def _order(request: SearchRequest) -> list[Query]:
    terms = [_sort(term) for term in request.sorts]
    if request.box and not terms:
        terms = [{"_score": {"order": "desc"}}]
    return [*terms, {TIE_BREAK: {"order": "desc"}}]


def _turned(order: list[Query]) -> list[Query]:
    """The opposite order, with the same values of arrays."""
    opposite = {"asc": "desc", "desc": "asc"}
    return [
        {name: how | {"order": opposite[how["order"]]} | ({"missing": "_first"} if "missing" in how else {})}
        for one in order
        for name, how in one.items()
    ]


def _sort(term: Sort) -> Query:
    """An array is sorted by its smallest value ascending and by its largest descending."""
    order = "desc" if term.descending else "asc"
    return {term.field.exact: {"order": order, "mode": "max" if term.descending else "min", "missing": "_last"}}


def _facet(field: IndexField, filters: tuple[Filter, ...]) -> Query:
    """The values of one field, counted in documents, under what is chosen in the other facets.

    The root's copy of an array is the cheap way; where other filters ask its elements, those that fulfil them are counted."""
    others = [one for one in filters if one.field != field]
    beside = element_clauses(others, field.nested) if field.nested else []
    terms: Query = {"field": field.exact, "size": FACET_VALUES}
    if not beside:
        return {"filter": _all(others), "aggs": {"values": {"terms": terms}}}
    terms["order"] = [{"documents": "desc"}, {"_key": "asc"}]
    values = {"terms": terms, "aggs": {"documents": {"reverse_nested": {}}}}
    own = {"filter": {"bool": {"filter": beside}}, "aggs": {"values": values}}
    return {"filter": _all(others), "aggs": {"in": {"nested": {"path": field.nested}, "aggs": {"own": own}}}}


def _all(filters: list[Filter]) -> Query:
    return {"bool": {"filter": _conditions(filters)}}
