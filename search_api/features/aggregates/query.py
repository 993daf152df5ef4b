"""A checked aggregation as the body of a search. Pure.

Dimensions of documents come first, those of arrays inside of them, so that elements are only counted within their documents.
Where a measure lies in another array than the innermost dimension, the search goes down into that array, or back up from it.
Names in the body are ours: dN, mN and docs hold results; in, of, up and own lead to them."""

from dataclasses import dataclass, field
from typing import Any

from search_api.elasticsearch.search_body import SHARD_TIMEOUT, element_clauses
from search_api.elasticsearch.text_query import Query
from search_api.features.aggregates.request import AggregateRequest, Dimension, Measure
from search_api.query.request import Filter

BucketPath = tuple[str, ...]
"""The names that lead from a bucket to a result below it."""


@dataclass(frozen=True, slots=True)
class BucketLevel:
    """Where the buckets of a dimension lie, from those of the dimension outside of it. `place` is its place in the request."""

    place: int
    dimension: Dimension
    steps: BucketPath


@dataclass(frozen=True, slots=True)
class AggregatePlan:
    """The body, and where its answer holds what: the buckets, what is below the innermost of them, and the same for everything."""

    body: Query
    levels: tuple[BucketLevel, ...]
    totals: "ResultPaths"
    results: "ResultPaths"


@dataclass(frozen=True, slots=True)
class ResultPaths:
    """What lies below a bucket. `documents` leads to the number of documents, None where the bucket's own count is it."""

    measures: tuple[BucketPath, ...]
    documents: BucketPath | None


@dataclass(slots=True)
class _Builder:
    request: AggregateRequest
    filters: tuple[Filter, ...]
    levels: list[BucketLevel] = field(default_factory=list)

    def down(self, path: str, aggregations: Query, prefix: str) -> tuple[Query, BucketPath]:
        """The aggregations over the elements of an array, of which filters on it leave only those that fulfil them."""
        clauses = element_clauses(self.filters, path)
        steps: BucketPath = (f"{prefix}in",)
        if clauses:
            aggregations = {"own": {"filter": {"bool": {"filter": clauses}}, "aggs": aggregations}}
            steps += ("own",)
        return {f"{prefix}in": {"nested": {"path": path}, "aggs": aggregations}}, steps

    def measure(self, measure: Measure, name: str, path: str) -> tuple[Query, BucketPath]:
        """A measure below a bucket of `path`."""
        if measure.field is None:
            return {}, ()
        inner: Query = {name: {measure.function: _of(measure)}}
        if measure.path == path:
            return inner, (name,)
        if len(measure.path) > len(path):
            outer, steps = self.down(measure.path, inner, name)
            return outer, (*steps, name)
        return {f"{name}up": {"reverse_nested": _to(measure.path), "aggs": inner}}, (f"{name}up", name)

    def results(self, path: str) -> tuple[Query, ResultPaths]:
        aggregations: Query = {}
        steps: list[BucketPath] = []
        for place, measure in enumerate(self.request.measures):
            part, way = self.measure(measure, f"m{place}", path)
            aggregations |= part
            steps.append(way)
        if path:
            aggregations["docs"] = {"reverse_nested": {}}
        return aggregations, ResultPaths(tuple(steps), ("docs",) if path else None)

    def buckets(self, rest: list[tuple[int, Dimension]], path: str) -> tuple[Query, ResultPaths]:
        """The dimensions that are left, each inside of the one before, and the measures in the innermost."""
        if not rest:
            return self.results(path)
        (place, dimension), *others = rest
        at = dimension.field.nested
        index = len(self.levels)
        name = f"d{index}"
        self.levels.append(BucketLevel(place, dimension, ()))
        inner, results = self.buckets(others, at)
        order, extra = self._order(dimension, at)
        one = {name: _bucket(dimension, self.request, order) | {"aggs": inner | extra}}
        steps: BucketPath = (name,)
        if at != path:
            one, way = self.down(at, one, name)
            steps = (*way, name)
        self.levels[index] = BucketLevel(place, dimension, steps)
        return one, results

    def _order(self, dimension: Dimension, path: str) -> tuple[Query | None, Query]:
        """By which of the values are the first ones; what it needs is computed beside the rest."""
        if self.request.top_by is None or dimension.interval or dimension.step:
            return None, {}
        part, steps = self.measure(self.request.measures[self.request.top_by], "top", path)
        return {">".join(steps): "desc"}, part


def plan_aggregate(request: AggregateRequest, query: Query, filters: tuple[Filter, ...]) -> AggregatePlan:
    """The search that answers a request over the documents that fulfil `query`."""
    builder = _Builder(request, filters)
    ordered = sorted(enumerate(request.dimensions), key=lambda one: len(one[1].field.nested))
    rows, results = builder.buckets(ordered, "")
    totals, total_results = builder.results("")
    body = {
        "query": query,
        "size": 0,
        "track_total_hits": True,
        "timeout": SHARD_TIMEOUT,
        "aggs": rows | totals if ordered else totals,
    }
    return AggregatePlan(body, tuple(builder.levels), total_results, results)


def _of(measure: Measure) -> Query:
    assert measure.field is not None
    found: Query = {"field": measure.field.exact}
    return found | {"percents": list(measure.percents)} if measure.percents else found


def _to(path: str) -> Query:
    return {"path": path} if path else {}


def _bucket(dimension: Dimension, request: AggregateRequest, order: Query | None) -> dict[str, Any]:
    name = dimension.field.exact
    if dimension.interval:
        return {
            "date_histogram": {
                "field": name,
                "calendar_interval": dimension.interval,
                "time_zone": request.zone,
                "format": "strict_date_time",
                "min_doc_count": 1,
            }
        }
    if dimension.step:
        return {"histogram": {"field": name, "interval": dimension.step, "min_doc_count": 1}}
    return {"terms": {"field": name, "size": request.top} | ({"order": order} if order else {})}
