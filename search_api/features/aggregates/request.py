"""What to aggregate and by what: parsed from text and checked against the fields of the index."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, cast, get_args
from zoneinfo import available_timezones

from search_api.query.limits import MAX_DIMENSIONS, MAX_MEASURES, MAX_ROWS, MAX_TOP
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.validation import InvalidRequest, ValidationError

Interval = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]
Function = Literal["count", "sum", "avg", "min", "max", "percentiles"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)
DEFAULT_PERCENTILES = (50.0, 95.0, 99.0)
_MEASURE = re.compile(r"(?P<function>[a-z]+)(:(?P<field>[^:]+)(:(?P<percents>[^:]+))?)?")


@dataclass(frozen=True, slots=True)
class Dimension:
    """Groups rows by the values of a field, by the `interval` of a date, or by steps of a number."""

    field: IndexField
    interval: Interval | None = None
    step: float | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A function of a field's values. `count` has no field; it counts documents."""

    function: Function
    field: IndexField | None = None
    percents: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """The measure as it was requested."""
        return f"{self.function}:{self.field.name}" if self.field else self.function

    @property
    def path(self) -> str:
        """The nested array whose elements are measured, "" for documents."""
        return self.field.nested if self.field else ""


@dataclass(frozen=True, slots=True)
class AggregateRequest:
    """A checked request. `top` values per dimension, ordered by the measure at index `top_by`, or by count if it is
    None.
    """

    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    top: int = 10
    top_by: int | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class RawAggregate:
    """A request as it was received, unchecked."""

    by: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    top: int = 10
    top_by: str = ""
    zone: str = "UTC"


class _Errors(list[ValidationError]):
    def add(self, parameter: str, message: str) -> None:
        self.append(ValidationError(parameter, f"{parameter}: {message}"))


def check_aggregate(raw: RawAggregate, schema: IndexSchema) -> AggregateRequest:
    """Check a request against the fields of its index. Raises InvalidRequest with every error."""
    errors = _Errors()
    if len(raw.by) > MAX_DIMENSIONS:
        errors.add("by", f"the limit is {MAX_DIMENSIONS} dimensions.")
    if len(raw.measures) > MAX_MEASURES:
        errors.add("measure", f"the limit is {MAX_MEASURES} measures.")
    dimensions = [_dimension(text, schema, errors) for text in raw.by[:MAX_DIMENSIONS]]
    measures = [_measure(text, schema, errors) for text in raw.measures[:MAX_MEASURES]] or [Measure("count")]
    request = AggregateRequest(tuple(filter(None, dimensions)), tuple(filter(None, measures)), raw.top, None, raw.zone)
    _check_size(request, errors)
    _check_paths(request, errors)
    place = _top_by(raw.top_by, request, errors)
    if errors:
        raise InvalidRequest(*errors)
    return AggregateRequest(request.dimensions, request.measures, raw.top, place, raw.zone)


def _dimension(text: str, schema: IndexSchema, errors: _Errors) -> Dimension | None:
    name, _, grain = text.partition(":")
    field = _find_field(name, "by", schema, errors)
    if field is None:
        return None
    match field.kind:
        case "date" if grain in INTERVALS:
            return Dimension(field, interval=grain)
        case "date":
            errors.add("by", f"{name} is a date; write {name}:week, or one of {', '.join(INTERVALS)}.")
        case "integer" | "number" if grain:
            step = _positive(grain)
            if step:
                return Dimension(field, step=step)
            errors.add("by", f"{name}:{grain} is not a valid step; write a number greater than zero, as in {name}:50.")
        case "json" | "other":
            errors.add("by", f"{name} ({field.kind}) cannot be used as a dimension.")
        case _ if grain:
            errors.add("by", f"{name} ({field.kind}) does not accept an interval; write {name}.")
        case _:
            return Dimension(field)
    return None


def _measure(text: str, schema: IndexSchema, errors: _Errors) -> Measure | None:
    match = _MEASURE.fullmatch(text)
    if not match or match["function"] not in get_args(Function):
        errors.add(
            "measure",
            f"unknown measure {text!r}; write count, or sum, avg, min, max or percentiles with a field: sum:price.",
        )
        return None
    if match["function"] == "count":
        if match["field"]:
            errors.add("measure", "count does not accept a field; it counts documents.")
        return Measure("count")
    if not match["field"]:
        errors.add("measure", f"{text} needs a field, as in {text}:price.")
        return None
    field = _find_field(match["field"], "measure", schema, errors)
    if field and field.kind not in ("integer", "number"):
        errors.add("measure", f"{field.name} ({field.kind}) is not a number.")
        return None
    percents = _percents(match, errors)
    return Measure(cast(Function, match["function"]), field, percents) if field else None


def _percents(match: re.Match[str], errors: _Errors) -> tuple[float, ...]:
    if match["function"] != "percentiles":
        if match["percents"]:
            errors.add("measure", f"{match['function']} does not accept anything after the field.")
        return ()
    if not match["percents"]:
        return DEFAULT_PERCENTILES
    percents = [_positive(text) for text in match["percents"].split(",")]
    if len(percents) > 10 or any(percent is None or percent > 100 for percent in percents):
        errors.add("measure", "percentiles: write up to ten numbers from 0 to 100, as in percentiles:price:50,95.")
    return tuple(percent for percent in percents if percent)


def _find_field(name: str, parameter: str, schema: IndexSchema, errors: _Errors) -> IndexField | None:
    field = schema.by_name.get(name)
    if field is None or not field.filterable:
        problem = "there is no field" if field is None else "its values cannot be aggregated:"
        errors.add(parameter, f"{problem} {name!r}; `/fields` lists all fields.")
        return None
    return field


def _positive(text: str) -> float | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return float(number) if number.is_finite() and number > 0 and -12 < number.adjusted() < 15 else None


def _check_size(request: AggregateRequest, errors: _Errors) -> None:
    if not 1 <= request.top <= MAX_TOP:
        errors.add("top", f"must be a number from 1 to {MAX_TOP}.")
    valued = sum(dimension.interval is None and dimension.step is None for dimension in request.dimensions)
    if request.top**valued > MAX_ROWS:
        errors.add(
            "top", f"{request.top} values of {valued} dimensions can make more than {MAX_ROWS} rows; reduce top."
        )
    if request.zone not in available_timezones():
        errors.add("zone", f"{request.zone!r} is not a valid time zone; write a name such as Europe/Lisbon.")


def _check_paths(request: AggregateRequest, errors: _Errors) -> None:
    """Elements of different arrays cannot be combined, unless one array is inside the other."""
    paths = {dimension.field.nested for dimension in request.dimensions}
    paths |= {measure.path for measure in request.measures}
    deepest = max(paths, key=len, default="")
    unrelated = sorted(path for path in paths if path and path != deepest and not deepest.startswith(f"{path}."))
    if unrelated:
        errors.add(
            "by",
            f"{unrelated[0]} and {deepest} are separate arrays; their elements cannot be combined in one request.",
        )


def _top_by(text: str, request: AggregateRequest, errors: _Errors) -> int | None:
    if not text:
        return None
    names = [measure.name for measure in request.measures if measure.function not in ("percentiles", "count")]
    if text not in names:
        errors.add("top_by", f"must be one of the measures: {', '.join(names) or 'none of them can be ordered by'}.")
        return None
    return [measure.name for measure in request.measures].index(text)


def non_empty(texts: Sequence[str]) -> tuple[str, ...]:
    """The values of a repeatable parameter, without empty ones."""
    return tuple(text.strip() for text in texts if text.strip())
