"""The field names in the body of a search, by the grammar of the searches that search_api builds. Pure.

Anything else is rejected, so that no field name is overlooked. Whether a key is a field name or a keyword depends on
its position: a field may well be called `query`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Clause = Mapping[str, Any]


class UnknownClause(Exception):
    """The search contains a clause that is not in this grammar."""


_PLAIN = frozenset(
    ("size", "from", "version", "timeout", "track_total_hits", "search_after", "pit", "explain", "_source")
)
_BY_FIELD = frozenset(
    ("term", "terms", "range", "match", "match_phrase", "match_phrase_prefix", "fuzzy", "prefix", "wildcard")
)
_WITHOUT_FIELDS = frozenset(("ids", "match_all", "match_none"))
_OF_ONE_FIELD = frozenset(
    (
        *("terms", "date_histogram", "histogram", "extended_stats", "percentiles", "cardinality", "value_count"),
        *("sum", "avg", "min", "max"),
    )
)
_ORDERS = frozenset(("_score", "_seq_no", "_shard_doc"))
_OCCURS = ("must", "filter", "should", "must_not")


def referenced_fields(body: Clause) -> Iterator[str]:
    """Every field name, possibly with a boost or a sub-field. Raises UnknownClause."""
    for key, part in body.items():
        match key:
            case "query" | "post_filter":
                yield from _query(part)
            case "aggs":
                yield from _aggregations(part)
            case "sort":
                yield from _sort(part)
            case "highlight":
                yield from part["fields"]
                yield from _query(part.get("highlight_query", {}))
            case _ if key not in _PLAIN or (key == "_source" and not isinstance(part, bool)):
                raise UnknownClause(key)


def _query(query: Clause) -> Iterator[str]:
    for kind, part in query.items():
        if kind not in _QUERIES:
            raise UnknownClause(kind)
        yield from _QUERIES[kind](part)


def _bool(part: Clause) -> Iterator[str]:
    for occur, queries in part.items():
        if occur in _OCCURS:
            yield from _queries(queries)
        elif occur not in ("minimum_should_match", "boost", "_name"):
            raise UnknownClause(occur)


def _nested(part: Clause) -> Iterator[str]:
    if unknown := part.keys() - {"query", "path", "score_mode"}:
        raise UnknownClause(min(unknown))
    yield part["path"]
    yield from _query(part["query"])


def _queries(queries: Sequence[Clause] | Clause) -> Iterator[str]:
    for query in [queries] if isinstance(queries, Mapping) else queries:
        yield from _query(query)


def _aggregations(named: Clause) -> Iterator[str]:
    for aggregation in named.values():
        for kind, part in aggregation.items():
            if kind not in _AGGREGATIONS:
                raise UnknownClause(kind)
            yield from _AGGREGATIONS[kind](part)


def _sort(terms: Sequence[Clause | str]) -> Iterator[str]:
    for term in terms:
        yield from (name for name in ([term] if isinstance(term, str) else term) if name not in _ORDERS)


def _none(_: Clause) -> Iterator[str]:
    return iter(())


def _single_field(part: Clause) -> Iterator[str]:
    yield part["field"]


_QUERIES: Mapping[str, Callable[[Clause], Iterator[str]]] = {
    "bool": _bool,
    "nested": _nested,
    "dis_max": lambda part: _queries(part["queries"]),
    "constant_score": lambda part: _query(part["filter"]),
    "multi_match": lambda part: iter(part["fields"]),
    "exists": _single_field,
    **dict.fromkeys(_BY_FIELD, iter),
    **dict.fromkeys(_WITHOUT_FIELDS, _none),
}
_AGGREGATIONS: Mapping[str, Callable[[Clause], Iterator[str]]] = {
    "aggs": _aggregations,
    "filter": _query,
    "nested": lambda part: iter([part["path"]]),
    "reverse_nested": lambda part: iter(part.values()),
    "global": _none,
    **dict.fromkeys(_OF_ONE_FIELD, _single_field),
}
