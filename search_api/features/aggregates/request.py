"""What to add up, and by what: parsed from text and checked against the fields of the index."""

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
USUAL_PERCENTS = (50.0, 95.0, 99.0)
_MEASURE = re.compile(r"(?P<function>[a-z]+)(:(?P<field>[^:]+)(:(?P<percents>[^:]+))?)?")


@dataclass(frozen=True, slots=True)
class Dimension:
    """Rows by the values of a field, by the `interval` of a date, or by steps of a number. Neither means values."""

    field: IndexField
    interval: Interval | None = None
    step: float | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A function over a field's values; `count` has no field, and counts documents."""

    function: Function
    field: IndexField | None = None
    percents: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """How it was asked for."""
        return f"{self.function}:{self.field.name}" if self.field else self.function

    @property
    def path(self) -> str:
        """The array whose elements are measured, "" for documents."""
        return self.field.nested if self.field else ""


@dataclass(frozen=True, slots=True)
class AggregateRequest:
    """A checked request. `top` values of each dimension by `top_by`, a place in `measures`; None is by documents or elements."""

    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    top: int = 10
    top_by: int | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class RawAggregate:
    """A request as it came: all text."""

    by: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    top: int = 10
    top_by: str = ""
    zone: str = "UTC"


class _Errors(list[ValidationError]):
    def say(self, parameter: str, message: str) -> None:
        self.append(ValidationError(parameter, f"{parameter}: {message}"))


def check_aggregate(raw: RawAggregate, schema: IndexSchema) -> AggregateRequest:
    """Check a request against the fields of its index; raises InvalidRequest."""
    errors = _Errors()
    if len(raw.by) > MAX_DIMENSIONS:
        errors.say("by", f"give up to {MAX_DIMENSIONS} dimensions.")
    if len(raw.measures) > MAX_MEASURES:
        errors.say("measure", f"give up to {MAX_MEASURES} measures.")
    dimensions = [_dimension(text, schema, errors) for text in raw.by[:MAX_DIMENSIONS]]
    measures = [_measure(text, schema, errors) for text in raw.measures[:MAX_MEASURES]] or [Measure("count")]
    request = AggregateRequest(
        tuple(one for one in dimensions if one), tuple(one for one in measures if one), raw.top, None, raw.zone
    )
    _check_size(request, errors)
    _check_paths(request, errors)
    place = _top_by(raw.top_by, request, errors)
    if errors:
        raise InvalidRequest(tuple(errors))
    return AggregateRequest(request.dimensions, request.measures, raw.top, place, raw.zone)


def _dimension(text: str, schema: IndexSchema, errors: _Errors) -> Dimension | None:
    name, _, grain = text.partition(":")
    field = _known(name, "by", schema, errors)
    if field is None:
        return None
    match field.kind:
        case "date" if grain in INTERVALS:
            return Dimension(field, interval=grain)
        case "date":
            errors.say("by", f"{name} is a date; write {name}:week, or one of {', '.join(INTERVALS)}.")
        case "integer" | "number" if grain:
            step = _positive(grain)
            if step:
                return Dimension(field, step=step)
            errors.say("by", f"{name}:{grain} has no usable step; write a number above zero, as in {name}:50.")
        case "json" | "other":
            errors.say("by", f"{name} ({field.kind}) has no values to make rows of.")
        case _ if grain:
            errors.say("by", f"{name} ({field.kind}) takes no interval; write {name}.")
        case _:
            return Dimension(field)
    return None


def _measure(text: str, schema: IndexSchema, errors: _Errors) -> Measure | None:
    found = _MEASURE.fullmatch(text)
    if not found or found["function"] not in get_args(Function):
        errors.say(
            "measure",
            f"{text!r} is not known; write count, or sum, avg, min, max or percentiles with a field, as in sum:price.",
        )
        return None
    if found["function"] == "count":
        if found["field"]:
            errors.say("measure", "count takes no field: it counts documents.")
        return Measure("count")
    if not found["field"]:
        errors.say("measure", f"{text} needs a field, as in {text}:price.")
        return None
    field = _known(found["field"], "measure", schema, errors)
    if field and field.kind not in ("integer", "number"):
        errors.say("measure", f"{field.name} ({field.kind}) is no number.")
        return None
    percents = _percents(found, errors)
    return Measure(cast(Function, found["function"]), field, percents) if field else None


def _percents(found: re.Match[str], errors: _Errors) -> tuple[float, ...]:
    if found["function"] != "percentiles":
        if found["percents"]:
            errors.say("measure", f"{found['function']} takes nothing after the field.")
        return ()
    if not found["percents"]:
        return USUAL_PERCENTS
    read = [_positive(one) for one in found["percents"].split(",")]
    if len(read) > 10 or any(one is None or one > 100 for one in read):
        errors.say("measure", "percentiles: write up to ten numbers from 0 to 100, as in percentiles:price:50,95.")
    return tuple(one for one in read if one)


def _known(name: str, parameter: str, schema: IndexSchema, errors: _Errors) -> IndexField | None:
    field = schema.by_name.get(name)
    if field is None or not field.filterable:
        what = "there is no such field" if field is None else "its values lie in no column"
        errors.say(parameter, f"{name!r}: {what}; `fields` lists what there is.")
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
        errors.say("top", f"write a number from 1 to {MAX_TOP}.")
    valued = sum(one.interval is None and one.step is None for one in request.dimensions)
    if request.top**valued > MAX_ROWS:
        errors.say(
            "top", f"{request.top} values of {valued} dimensions can make more than {MAX_ROWS} rows; ask for fewer."
        )
    if request.zone not in available_timezones():
        errors.say("zone", f"{request.zone!r} is no time zone; write one like Europe/Lisbon.")


def _check_paths(request: AggregateRequest, errors: _Errors) -> None:
    """Elements of different arrays do not belong together, unless one array lies in the other."""
    paths = {one.field.nested for one in request.dimensions} | {one.path for one in request.measures}
    deepest = max(paths, key=len, default="")
    strange = sorted(path for path in paths if path and path != deepest and not deepest.startswith(f"{path}."))
    if strange:
        errors.say(
            "by",
            f"{strange[0]} and {deepest} are different arrays, whose elements do not belong together; ask for each alone.",
        )


def _top_by(text: str, request: AggregateRequest, errors: _Errors) -> int | None:
    if not text:
        return None
    names = [one.name for one in request.measures if one.function not in ("percentiles", "count")]
    if text not in names:
        errors.say("top_by", f"name one of the measures: {', '.join(names) or 'there is none to order by'}.")
        return None
    return [one.name for one in request.measures].index(text)


def values_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Parameters that may be repeated."""
    return tuple(one.strip() for one in texts if one.strip())
