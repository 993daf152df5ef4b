"""Histograms of the matching documents along a field: the searches, and the meaning of their responses. Pure.

It takes two searches, because the width of a bar depends on the range of the values: first the extents, then the bars.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from search_api.elasticsearch.search_body import SHARD_TIMEOUT, search_body
from search_api.query.request import SearchRequest
from search_api.query.schema import IndexField, IndexSchema

MAX_BARS = 60
SIGMAS = 3.0
"""A number axis ends this many standard deviations above the mean; larger values share one last bar."""
SECOND_MS = 1000
DATE_STEPS: tuple[tuple[str, str, int], ...] = (
    ("fixed_interval", "1m", 60 * SECOND_MS),
    ("fixed_interval", "10m", 600 * SECOND_MS),
    ("fixed_interval", "1h", 3600 * SECOND_MS),
    ("fixed_interval", "6h", 6 * 3600 * SECOND_MS),
    ("calendar_interval", "1d", 86_400 * SECOND_MS),
    ("calendar_interval", "1w", 7 * 86_400 * SECOND_MS),
    ("calendar_interval", "1M", 30 * 86_400 * SECOND_MS),
    ("calendar_interval", "1q", 91 * 86_400 * SECOND_MS),
    ("calendar_interval", "1y", 365 * 86_400 * SECOND_MS),
)
STEP_WORDS = {
    "1m": "minute",
    "10m": "10 minutes",
    "1h": "hour",
    "6h": "6 hours",
    "1d": "day",
    "1w": "week",
    "1M": "month",
    "1q": "quarter",
    "1y": "year",
}


@dataclass(frozen=True, slots=True)
class Extent:
    """The minimum and maximum of a field (of dates: Unix milliseconds). `usual` is where the axis may end."""

    minimum: float
    maximum: float
    usual: float


class Bar(Struct, frozen=True):
    """The documents from `start` up to but excluding `end`; "" is unbounded. Both are valid values of a filter."""

    start: str
    end: str
    at: float
    count: int


class Histogram(Struct, frozen=True):
    """The bars along a field. `step` is the width of a bar, in words for dates."""

    field: str
    kind: str
    step: str
    bars: list[Bar]


class _Stats(Struct):
    count: int
    min: float | None
    max: float | None
    avg: float | None
    std_deviation: float | None = None


class _Bucket(Struct):
    key: float
    doc_count: int
    key_as_string: str = ""


class _Bars(Struct):
    buckets: list[_Bucket]


class _Overflow(Struct):
    doc_count: int


class _Extents(Struct):
    aggregations: dict[str, _Stats]


def extents_body(request: SearchRequest, schema: IndexSchema, fields: Sequence[IndexField]) -> dict[str, Any]:
    """The search for the extents of the fields among the matching documents."""
    return _body(
        request, schema, {f"e{n}": {"extended_stats": {"field": field.exact}} for n, field in enumerate(fields)}
    )


def read_extents(body: bytes, fields: Sequence[IndexField]) -> dict[str, Extent]:
    """The extents by field; a field without values has none."""
    stats = msgspec.json.decode(body, type=_Extents).aggregations
    return {field.name: _extent(stats[f"e{n}"]) for n, field in enumerate(fields) if stats[f"e{n}"].count}


def _extent(stats: _Stats) -> Extent:
    minimum, maximum, mean = stats.min or 0.0, stats.max or 0.0, stats.avg or 0.0
    usual = mean + SIGMAS * (stats.std_deviation or 0.0)
    return Extent(minimum, maximum, min(maximum, usual))


def bars_body(
    request: SearchRequest, schema: IndexSchema, extents: Mapping[str, Extent], zone: tzinfo
) -> dict[str, Any]:
    """The search for the bars of the fields that have an extent."""
    aggregations: dict[str, Any] = {}
    for n, (name, extent) in enumerate(extents.items()):
        field = schema.by_name[name]
        if field.kind == "date":
            aggregations[f"h{n}"] = {"date_histogram": _date_bars(field, extent, zone)}
        else:
            step = number_step(extent, field.kind == "integer")
            aggregations[f"h{n}"] = {"histogram": _number_bars(field, extent, step)}
            aggregations[f"b{n}"] = {"filter": {"range": {field.exact: {"gte": _end(extent, step)}}}}
    return _body(request, schema, aggregations)


def read_bars(body: bytes, schema: IndexSchema, extents: Mapping[str, Extent]) -> list[Histogram]:
    """The histograms, in the order of the extents."""
    aggregations = msgspec.json.decode(body, type=dict[str, Any])["aggregations"]
    histograms = []
    for n, (name, extent) in enumerate(extents.items()):
        field = schema.by_name[name]
        buckets = msgspec.convert(aggregations[f"h{n}"], _Bars).buckets
        if field.kind == "date":
            histograms.append(Histogram(name, field.kind, STEP_WORDS[date_step(extent)[1]], _bars_of_dates(buckets)))
        else:
            step = number_step(extent, field.kind == "integer")
            overflow = msgspec.convert(aggregations[f"b{n}"], _Overflow).doc_count
            histograms.append(
                Histogram(name, field.kind, formatted(step), _bars_of_numbers(buckets, step, extent, overflow))
            )
    return histograms


def date_step(extent: Extent) -> tuple[str, str, int]:
    """The finest step with at most MAX_BARS bars."""
    span = extent.maximum - extent.minimum
    return next((step for step in DATE_STEPS if span / step[2] <= MAX_BARS), DATE_STEPS[-1])


def number_step(extent: Extent, whole: bool) -> float:
    """A round width: 1, 2 or 5 times a power of ten."""
    rough = max((extent.usual - extent.minimum) / (MAX_BARS / 2), 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)
    return max(step, 1.0) if whole else step


def formatted(value: float) -> str:
    """A bound as a filter accepts it, without floating-point noise."""
    return f"{value:.10g}" if abs(value) < 1e10 else f"{value:.0f}"


def _body(request: SearchRequest, schema: IndexSchema, aggregations: dict[str, Any]) -> dict[str, Any]:
    """Without facets, all filters are part of the query."""
    query = search_body(replace(request, facets=(), page=1), schema)["query"]
    return {"query": query, "size": 0, "timeout": SHARD_TIMEOUT, "track_total_hits": False, "aggs": aggregations}


def _date_bars(field: IndexField, extent: Extent, zone: tzinfo) -> dict[str, Any]:
    kind, step, _ = date_step(extent)
    name = zone.key if isinstance(zone, ZoneInfo) else "UTC"
    return {"field": field.exact, kind: step, "time_zone": name, "min_doc_count": 0}


def _number_bars(field: IndexField, extent: Extent, step: float) -> dict[str, Any]:
    first = math.floor(extent.minimum / step) * step
    bounds = {"min": first, "max": _end(extent, step) - step / 2}
    return {"field": field.exact, "interval": step, "min_doc_count": 0, "hard_bounds": bounds}


def _end(extent: Extent, step: float) -> float:
    return (math.floor(extent.usual / step) + 1) * step


def _bars_of_dates(buckets: list[_Bucket]) -> list[Bar]:
    starts = [_timestamp(bucket.key_as_string) for bucket in buckets]
    ends = [*starts[1:], ""]
    return [
        Bar(start, end, bucket.key / SECOND_MS, bucket.doc_count)
        for bucket, start, end in zip(buckets, starts, ends, strict=True)
    ]


def _timestamp(text: str) -> str:
    return datetime.fromisoformat(text).isoformat(timespec="seconds")


def _bars_of_numbers(buckets: list[_Bucket], step: float, extent: Extent, overflow: int) -> list[Bar]:
    bars = [
        Bar(formatted(bucket.key), formatted(bucket.key + step), bucket.key, bucket.doc_count) for bucket in buckets
    ]
    end = _end(extent, step)
    return [*bars, Bar(formatted(end), "", end, overflow)] if overflow else bars
