"""Adding up the documents of a search: rows by up to three dimensions, and one row for everything."""

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
    """What rows are made by. `array` is the array whose elements have the value, "" where documents have it."""

    field: str
    interval: str | None
    step: float | None
    array: str


class MeasureView(Struct, frozen=True):
    """What is computed. `over`: each value counts once a document ("documents"), or once an element of that array."""

    name: str
    function: str
    field: str | None
    over: str


class AggregateRow(Struct, frozen=True):
    """`keys` in the order of the dimensions: the value, the beginning of the interval, or the lower end of the step.

    `documents` is how many documents are in it; `elements` is how many elements of the innermost array, null outside of arrays.
    `values` in the order of the measures; percentiles are an object. Null: there was nothing to compute from."""

    keys: list[str | float | bool]
    documents: int
    elements: int | None
    values: list[Value]


class Aggregate(Struct, frozen=True):
    """Rows, and `total` over every document that matches, those without a value of a dimension included.

    `truncated`: a dimension has more values than `top`. `approximate`: several shards disagreed which values are the first.
    `partial`: the time ran out, or a part of the index did not answer. Values are computed as doubles."""

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
    answer: _Response, plan: AggregatePlan, request: AggregateRequest, freshness: FreshnessView
) -> Aggregate:
    """The answer of a planned search as rows; raises InvalidRequest when there are too many."""
    everything = answer.aggregations | {"doc_count": answer.hits.total.value}
    found = _Rows(plan, request)
    rows = list(found.of(everything, plan.levels, {})) if plan.levels else []
    return Aggregate(
        dimensions=[_dimension(one) for one in request.dimensions],
        measures=[_measure(one) for one in request.measures],
        rows=rows,
        total=found.row(everything, [], plan.totals),
        truncated=found.truncated,
        approximate=found.approximate,
        partial=answer.timed_out or answer.shards.failed > 0,
        took_ms=answer.took,
        freshness=freshness,
    )


class _Rows:
    """Walks the buckets. What it saw on the way is in `truncated` and `approximate`."""

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
                message = f"by: this makes more than {MAX_ROWS} rows; take longer intervals, larger steps, or narrow the search."
                raise InvalidRequest((ValidationError("by", message),))
            yield self.row(bucket, [keys[place] for place in sorted(keys)], self._plan.results)
            return
        level, *rest = levels
        found = _at(bucket, level.steps)
        self.truncated |= found.get("sum_other_doc_count", 0) > 0
        self.approximate |= found.get("doc_count_error_upper_bound", 0) > 0
        for one in found["buckets"]:
            yield from self.of(one, tuple(rest), keys | {level.place: _key(one, level.dimension)})

    def row(self, bucket: Mapping[str, Any], keys: list[str | float | bool], results: ResultPaths) -> AggregateRow:
        """One row."""
        count = int(bucket["doc_count"])
        documents = int(_at(bucket, results.documents)["doc_count"]) if results.documents else count
        pairs = zip(self._request.measures, results.measures, strict=True)
        values = [float(documents) if one.field is None else _value(_at(bucket, steps), one) for one, steps in pairs]
        return AggregateRow(keys, documents, count if results.documents else None, values)


def _at(bucket: Mapping[str, Any], steps: BucketPath) -> Mapping[str, Any]:
    for step in steps:
        bucket = bucket[step]
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


def _dimension(one: Dimension) -> DimensionView:
    return DimensionView(one.field.name, one.interval, one.step, one.field.nested)


def _measure(one: Measure) -> MeasureView:
    return MeasureView(one.name, one.function, one.field.name if one.field else None, one.path or "documents")
