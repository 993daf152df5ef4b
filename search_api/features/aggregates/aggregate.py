"""Aggregates the documents of a search: one row per combination of up to three dimensions, and a total."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from search_api.elasticsearch.reader import Reader
from search_api.elasticsearch.search_body import search_body
from search_api.features.aggregates.query import AggregatePlan, BucketLevel, BucketPath, ResultPaths, plan_aggregate
from search_api.features.aggregates.request import AggregateRequest, Dimension, Measure, RawAggregate, check_aggregate
from search_api.freshness.view import FreshnessView
from search_api.query.limits import MAX_ROWS
from search_api.query.request import RawRequest, check
from search_api.query.validation import InvalidRequest, ValidationError

Value = float | dict[str, float | None] | None


class DimensionView(Struct, frozen=True):
    """What rows are grouped by. `array` is the nested array whose elements hold the value, "" if documents do."""

    field: str
    interval: str | None
    step: float | None
    array: str


class MeasureView(Struct, frozen=True):
    """What is computed. `over`: each value counts once per document ("documents"), or once per element of that
    array."""

    name: str
    function: str
    field: str | None
    over: str


class AggregateRow(Struct, frozen=True):
    """`keys` are in the order of the dimensions: a value, the start of an interval, or the lower bound of a step.

    `documents` is the number of documents, `elements` that of elements of the innermost array, null outside of arrays.
    `values` are in the order of the measures; percentiles are an object. Null: no values to compute from.
    """

    keys: list[str | float | bool]
    documents: int
    elements: int | None
    values: list[Value]


class Aggregate(Struct, frozen=True):
    """Rows, and `total` over every matching document, including those without a value for a dimension.

    `truncated`: a dimension has more values than `top`. `approximate`: the shards disagreed on the top values.
    `partial`: the search timed out or a shard failed. Values are computed as doubles.
    """

    dimensions: list[DimensionView]
    measures: list[MeasureView]
    rows: list[AggregateRow]
    total: AggregateRow
    truncated: bool
    approximate: bool
    partial: bool
    took_ms: int
    freshness: FreshnessView


class _Total(Struct):
    value: int


class _Hits(Struct):
    total: _Total


class _Shards(Struct):
    failed: int = 0


class _Response(Struct):
    took: int
    timed_out: bool
    hits: _Hits
    aggregations: dict[str, Any] = {}
    shards: _Shards = msgspec.field(name="_shards", default_factory=_Shards)


async def aggregate(
    reader: Reader, freshness: FreshnessView, index: str, raw: RawRequest, raw_aggregate: RawAggregate
) -> Aggregate:
    """Aggregate the documents that match. Raises InvalidRequest, and what `reader` raises."""
    schema = await reader.schema(index)
    request = check(raw, schema)
    aggregate_request = check_aggregate(raw_aggregate, schema)
    plan = plan_aggregate(aggregate_request, search_body(request, schema)["query"], request.filters)
    response = msgspec.json.decode(await reader.search(index, plan.body), type=_Response)
    return read_aggregate(response, plan, aggregate_request, freshness)


def read_aggregate(
    response: _Response, plan: AggregatePlan, request: AggregateRequest, freshness: FreshnessView
) -> Aggregate:
    """The rows in the response of a planned search. Raises InvalidRequest when there are more than MAX_ROWS."""
    everything = response.aggregations | {"doc_count": response.hits.total.value}
    walk = _Rows(plan, request)
    rows = list(walk.of(everything, plan.levels, {})) if plan.levels else []
    return Aggregate(
        dimensions=[_dimension(dimension) for dimension in request.dimensions],
        measures=[_measure(measure) for measure in request.measures],
        rows=rows,
        total=walk.row(everything, [], plan.totals),
        truncated=walk.truncated,
        approximate=walk.approximate,
        partial=response.timed_out or response.shards.failed > 0,
        took_ms=response.took,
        freshness=freshness,
    )


class _Rows:
    """Walks the buckets, and notes in `truncated` and `approximate` what it finds on the way."""

    def __init__(self, plan: AggregatePlan, request: AggregateRequest) -> None:
        self._plan = plan
        self._request = request
        self._count = 0
        self.truncated = False
        self.approximate = False

    def of(
        self, bucket: Mapping[str, Any], levels: tuple[BucketLevel, ...], keys: dict[int, str | float | bool]
    ) -> Iterator[AggregateRow]:
        """The rows below a bucket."""
        if not levels:
            self._count += 1
            if self._count > MAX_ROWS:
                message = f"by: more than {MAX_ROWS} rows; use longer intervals or larger steps, or narrow the search."
                raise InvalidRequest(ValidationError("by", message))
            yield self.row(bucket, [keys[place] for place in sorted(keys)], self._plan.results)
            return
        level, *rest = levels
        aggregation = _at(bucket, level.path)
        self.truncated |= aggregation.get("sum_other_doc_count", 0) > 0
        self.approximate |= aggregation.get("doc_count_error_upper_bound", 0) > 0
        for inner in aggregation["buckets"]:
            yield from self.of(inner, tuple(rest), keys | {level.place: _key(inner, level.dimension)})

    def row(self, bucket: Mapping[str, Any], keys: list[str | float | bool], results: ResultPaths) -> AggregateRow:
        count = int(bucket["doc_count"])
        documents = int(_at(bucket, results.documents)["doc_count"]) if results.documents else count
        pairs = zip(self._request.measures, results.measures, strict=True)
        values = [
            float(documents) if measure.field is None else _value(_at(bucket, path), measure) for measure, path in pairs
        ]
        return AggregateRow(keys, documents, count if results.documents else None, values)


def _at(bucket: Mapping[str, Any], path: BucketPath) -> Mapping[str, Any]:
    for name in path:
        bucket = bucket[name]
    return bucket


def _value(result: Mapping[str, Any], measure: Measure) -> Value:
    if measure.function == "percentiles":
        values = result["values"]
        return {f"{percent:g}": values[str(float(percent))] for percent in measure.percents}
    value: float | None = result["value"]
    return value


def _key(bucket: Mapping[str, Any], dimension: Dimension) -> str | float | bool:
    if dimension.field.kind == "boolean":
        return bool(bucket["key_as_string"] == "true")
    key: str | float = bucket["key_as_string"] if dimension.interval else bucket["key"]
    return key


def _dimension(dimension: Dimension) -> DimensionView:
    return DimensionView(dimension.field.name, dimension.interval, dimension.step, dimension.field.nested)


def _measure(measure: Measure) -> MeasureView:
    return MeasureView(
        measure.name, measure.function, measure.field.name if measure.field else None, measure.path or "documents"
    )
