"""The body of an Elasticsearch search for a checked request. Pure: the same request always gives the same body."""

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
"""Unique per document, so that the order is total without a point in time and without the document's key."""


def filter_clauses(texts: Iterable[str], schema: IndexSchema) -> list[Query]:
    """Filters in the API's syntax as clauses that must all match. Raises InvalidRequest."""
    return _conditions(check(RawRequest(filters=tuple(texts)), schema).filters)


def element_clauses(filters: Iterable[Filter], path: str) -> list[Query]:
    """The clauses that an element of a nested array must match."""
    return _clauses([condition for condition in filters if condition.field.nested == path])


def filter_query(filter_: Filter) -> Query:
    """A query for a single filter."""
    return {"bool": {"filter": _conditions([filter_])}}


def search_body(request: SearchRequest, schema: IndexSchema, after: object = None, *, backward: bool = False) -> Query:
    """The search for one page. `after` are the sort values of the last hit of the previous page; they override the page
    number.

    `backward`: `after` are those of the first hit of the following page instead, and the hits are returned in reverse
    order.
    """
    body: Query = {
        "query": query_of(request, schema),
        "size": request.size,
        "sort": _reversed(_order(request)) if backward else _order(request),
        "version": True,
        "timeout": SHARD_TIMEOUT,
        "track_total_hits": 10_000,
    }
    if after is not None:
        body["search_after"] = after
    else:
        body["from"] = (request.page - 1) * request.size
    if request.parsed:
        body["highlight"] = highlight(request.parsed.node, schema, request.size)
    if request.facets:
        body["aggs"] = {f"facet{n}": _facet(field, request.filters) for n, field in enumerate(request.facets)}
        body["post_filter"] = _all(_post_filters(request))
    return body


def query_of(request: SearchRequest, schema: IndexSchema) -> Query:
    """The query. Facet values that the caller selected filter the hits after counting; all other filters apply to
    both."""
    post = _post_filters(request)
    query: Query = {"filter": _conditions(filter_ for filter_ in request.filters if filter_ not in post)}
    if request.parsed:
        query["must"] = [_text_clause(request, request.parsed, schema)]
    return {"bool": query}


def _post_filters(request: SearchRequest) -> list[Filter]:
    """The selected facet values, and all other filters on the same nested array, since they apply to the same
    element."""
    chosen = {
        filter_.field for filter_ in request.filters if filter_.field in request.facets and filter_.comparison == "="
    }
    arrays = {field.nested for field in chosen if field.nested}
    return [filter_ for filter_ in request.filters if filter_.field in chosen or filter_.field.nested in arrays]


def _text_clause(request: SearchRequest, parsed: Parsed, schema: IndexSchema) -> Query:
    """The query for the text. Plain words may also be an id or a whole value, which ranks first."""
    text_query = TextQuery(schema, request.similar, request.similar_fields)
    query = ClauseBuilder(text_query).query(parsed.node)
    if not isinstance(parsed.node, Words):
        return query
    return {"bool": {"should": [query, *text_query.exact_matches(request.text)], "minimum_should_match": 1}}


def _conditions(filters: Iterable[Filter]) -> list[Query]:
    """Values of one field are alternatives, everything else must match, and conditions on one array apply to the same
    element.
    """
    by_path: dict[str, list[Filter]] = {}
    for filter_ in filters:
        by_path.setdefault(filter_.field.nested, []).append(filter_)
    conditions: list[Query] = []
    for path, siblings in by_path.items():
        clauses = _clauses(siblings)
        conditions += [{"nested": {"path": path, "query": {"bool": {"filter": clauses}}}}] if path else clauses
    return conditions


def _clauses(filters: list[Filter]) -> list[Query]:
    alternatives: dict[IndexField, list[str]] = {}
    clauses: list[Query] = []
    for filter_ in filters:
        if filter_.comparison != "=":
            clauses.append(_range(filter_))
        else:
            alternatives.setdefault(filter_.field, []).append(filter_.value)
    return clauses + [_any_of(field, values) for field, values in alternatives.items()]


def _range(filter_: Filter) -> Query:
    return condition(Between(filter_.field, ((filter_.comparison, filter_.value),)))


def _any_of(field: IndexField, values: list[str]) -> Query:
    if field.kind != "date":
        return {"terms": {field.exact: values}}
    days = [condition(Equal(field, value)) for value in values]
    return {"bool": {"should": days, "minimum_should_match": 1}}


def _order(request: SearchRequest) -> list[Query]:
    terms = [_sort(term) for term in request.sorts]
    if request.parsed and not terms:
        terms = [{"_score": {"order": "desc"}}]
    return [*terms, {TIE_BREAK: {"order": "desc"}}]


def _reversed(order: list[Query]) -> list[Query]:
    """The reverse order, with the same values of arrays."""
    opposite = {"asc": "desc", "desc": "asc"}
    return [
        {
            name: options
            | {"order": opposite[options["order"]]}
            | ({"missing": "_first"} if "missing" in options else {})
        }
        for term in order
        for name, options in term.items()
    ]


def _sort(term: Sort) -> Query:
    """An array sorts by its smallest value in ascending order, and by its largest in descending order."""
    order = "desc" if term.descending else "asc"
    return {term.field.exact: {"order": order, "mode": "max" if term.descending else "min", "missing": "_last"}}


def _facet(field: IndexField, filters: tuple[Filter, ...]) -> Query:
    """The values of one field, counted in documents, with the selections of the other facets applied.

    The root's copy of an array is the cheap way. If other filters apply to its elements, only the matching ones are
    counted.
    """
    others = [filter_ for filter_ in filters if filter_.field != field]
    element_filters = element_clauses(others, field.nested) if field.nested else []
    terms: Query = {"field": field.exact, "size": FACET_VALUES}
    if not element_filters:
        return {"filter": _all(others), "aggs": {"values": {"terms": terms}}}
    terms["order"] = [{"documents": "desc"}, {"_key": "asc"}]
    values = {"terms": terms, "aggs": {"documents": {"reverse_nested": {}}}}
    matching = {"filter": {"bool": {"filter": element_filters}}, "aggs": {"values": values}}
    return {"filter": _all(others), "aggs": {"in": {"nested": {"path": field.nested}, "aggs": {"own": matching}}}}


def _all(filters: list[Filter]) -> Query:
    return {"bool": {"filter": _conditions(filters)}}
