"""The search for a checked aggregation. Pure.

Dimensions of documents come first and those of arrays inside of them, so that elements are only counted within their
documents. If a measure is in another array than the innermost dimension, the search descends into that array, or
returns to the parent. Names in the body: dN, mN and docs hold results; in, of, up and own lead to them.
"""

from dataclasses import dataclass, field
from typing import Any

from search_api.elasticsearch.search_body import SHARD_TIMEOUT, element_clauses
from search_api.elasticsearch.text_query import Query
from search_api.features.aggregates.request import AggregateRequest, Dimension, Measure
from search_api.query.request import Filter

BucketPath = tuple[str, ...]
"""The aggregation names that lead from a bucket to a result below it."""


@dataclass(frozen=True, slots=True)
class BucketLevel:
    """The path to the buckets of a dimension from those of the dimension around it. `place` is its index in the
    request.
    """

    place: int
    dimension: Dimension
    path: BucketPath


@dataclass(frozen=True, slots=True)
class AggregatePlan:
    """The body, and where its response holds the buckets, the results of the innermost ones, and the totals."""

    body: Query
    levels: tuple[BucketLevel, ...]
    totals: "ResultPaths"
    results: "ResultPaths"


@dataclass(frozen=True, slots=True)
class ResultPaths:
    """The results below a bucket. `documents` leads to the number of documents, None if it is the bucket's own
    count."""

    measures: tuple[BucketPath, ...]
    documents: BucketPath | None


@dataclass(slots=True)
class _Builder:
    request: AggregateRequest
    filters: tuple[Filter, ...]
    levels: list[BucketLevel] = field(default_factory=list)

    def down(self, path: str, aggregations: Query, prefix: str) -> tuple[Query, BucketPath]:
        """Aggregations over the elements of an array, limited to those that match the filters on it."""
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
        inner: Query = {name: {measure.function: _function(measure)}}
        if measure.path == path:
            return inner, (name,)
        if len(measure.path) > len(path):
            outer, steps = self.down(measure.path, inner, name)
            return outer, (*steps, name)
        return {f"{name}up": {"reverse_nested": _reverse_path(measure.path), "aggs": inner}}, (f"{name}up", name)

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
        """The remaining dimensions, each inside the previous one, and the measures in the innermost."""
        if not rest:
            return self.results(path)
        (place, dimension), *others = rest
        array_path = dimension.field.nested
        index = len(self.levels)
        name = f"d{index}"
        self.levels.append(BucketLevel(place, dimension, ()))
        inner, results = self.buckets(others, array_path)
        order, extra = self._order(dimension, array_path)
        aggregation = {name: _bucket(dimension, self.request, order) | {"aggs": inner | extra}}
        steps: BucketPath = (name,)
        if array_path != path:
            aggregation, way = self.down(array_path, aggregation, name)
            steps = (*way, name)
        self.levels[index] = BucketLevel(place, dimension, steps)
        return aggregation, results

    def _order(self, dimension: Dimension, path: str) -> tuple[Query | None, Query]:
        """The order of a dimension's values, and the aggregation it needs."""
        if self.request.top_by is None or dimension.interval or dimension.step:
            return None, {}
        part, steps = self.measure(self.request.measures[self.request.top_by], "top", path)
        return {">".join(steps): "desc"}, part


def plan_aggregate(request: AggregateRequest, query: Query, filters: tuple[Filter, ...]) -> AggregatePlan:
    """The search that computes a request over the documents that match `query`."""
    builder = _Builder(request, filters)
    ordered = sorted(enumerate(request.dimensions), key=lambda item: len(item[1].field.nested))
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


def _function(measure: Measure) -> Query:
    assert measure.field is not None
    aggregation: Query = {"field": measure.field.exact}
    return aggregation | {"percents": list(measure.percents)} if measure.percents else aggregation


def _reverse_path(path: str) -> Query:
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
