"""Checks a filter's constants against the column's type, and normalizes them.

The normal form: dates as `2024-05-01`, times as `09:30:00`, timestamps as `2024-05-01T09:30:00`, those with time
zone in UTC with `+00:00`, and `infinity` and `-infinity`; decimal numbers as text without an exponent; `bpchar` padded to its length; whole numbers
and booleans unchanged.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from read_model.catalog.catalog import Column, Table
from read_model.catalog.column_types import COMPARABLE, INTEGERS, TEXTS, is_array, is_enum, shown_type
from read_model.plan.model import Condition
from read_model.plan.names import ResolutionContext, find_column
from read_model.spec.model import ConditionSpec
from read_model.spec.yaml_reader import Scalar, suggestion

ConstantValue = str | int | bool

INFINITE = ("infinity", "-infinity")


class UnfitValueError(ValueError):
    """A constant that does not fit a column's type. The message is the remedy."""


def resolve_conditions(specs: Iterable[ConditionSpec], table: Table, scope: ResolutionContext) -> tuple[Condition, ...]:
    """The comparisons of a filter, each with its column and normalized constants; an error for each that does not
    fit."""
    conditions = (_condition(spec, table, scope) for spec in specs)
    return tuple(condition for condition in conditions if condition)


def _condition(spec: ConditionSpec, table: Table, scope: ResolutionContext) -> Condition | None:
    column = find_column(table, spec.column, spec.place, scope)
    if column is None:
        return None
    if spec.comparison in {"<", "<=", ">", ">="} and column.type not in COMPARABLE:
        what = f"Column '{spec.column}' of type {shown_type(column)} does not support gt, gte, lt and lte"
        scope.errors.add(spec.place, what, "Use eq, ne, in or not_in")
        return None
    if spec.values and _reader(column) is None:
        what = f"Column '{spec.column}' of type {shown_type(column)} cannot be compared with a value"
        scope.errors.add(spec.place, what, "Compare it with null or not null, or filter on another column")
        return None
    try:
        return Condition(column, spec.comparison, tuple(normal(column, value) for value in spec.values))
    except UnfitValueError as error:
        scope.errors.add(spec.place, f"Invalid value for column '{spec.column}'", str(error))
        return None


def normal(column: Column, value: Scalar) -> ConstantValue:
    """A constant in the normal form of the column's type. Raises `UnfitValueError`."""
    reader = _reader(column)
    if reader is None or value is None:
        raise UnfitValueError(f"Compare {shown_type(column)} only with null or not null")
    return reader(column, value)


def _reader(column: Column) -> Callable[[Column, Scalar], ConstantValue] | None:
    if is_array(column) or not column.deterministic:
        return None
    if is_enum(column):
        return _label
    if column.type in INTEGERS:
        return _integer
    return READERS.get(column.type)


def _integer(column: Column, value: Scalar) -> int:
    bits = INTEGERS[column.type]
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**bits) <= value < 2**bits:
        raise UnfitValueError(f"Write a whole number in the range of {column.type}")
    return value


def _decimal(column: Column, value: Scalar) -> str | int:
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise UnfitValueError("Write a number such as 10 or 9.95")
    number = Decimal(value)
    exponent = number.normalize().as_tuple().exponent
    if column.scale is not None and isinstance(exponent, int) and -exponent > column.scale:
        raise UnfitValueError(f"Write at most {column.scale} decimal places, as the column has")
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"


def _boolean(_: Column, value: Scalar) -> bool:
    if not isinstance(value, bool):
        raise UnfitValueError("Write true or false")
    return value


def _text(_: Column, value: Scalar) -> str:
    if not isinstance(value, str):
        raise UnfitValueError(f"Put it in quotes: '{value}'")
    return value


def _padded(column: Column, value: Scalar) -> str:
    return _text(column, value).rstrip(" ").ljust(column.length or 0)


def _label(column: Column, value: Scalar) -> str:
    label = _text(column, value)
    if column.labels and label not in column.labels:
        raise UnfitValueError(suggestion(label, column.labels))
    return label


def _uuid(column: Column, value: Scalar) -> str:
    try:
        return str(UUID(_text(column, value)))
    except ValueError:
        raise UnfitValueError("Write a UUID such as '123e4567-e89b-12d3-a456-426614174000'") from None


def _date(column: Column, value: Scalar) -> str:
    if value in INFINITE:
        return _text(column, value)
    try:
        return date.fromisoformat(_text(column, value)).isoformat()
    except ValueError:
        raise UnfitValueError("Write a date such as 2024-05-01") from None


def _time(column: Column, value: Scalar) -> str:
    try:
        moment = time.fromisoformat(_text(column, value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo:
        raise UnfitValueError("Write a time without time zone, such as '09:30:00'")
    return moment.isoformat()


def _timestamp(column: Column, value: Scalar) -> str:
    if value in INFINITE:
        return _text(column, value)
    moment = _moment(column, value)
    if moment is None or moment.tzinfo:
        raise UnfitValueError("Write a timestamp without time zone, such as 2024-05-01T09:30:00")
    return moment.isoformat()


def _timestamptz(column: Column, value: Scalar) -> str:
    if value in INFINITE:
        return _text(column, value)
    moment = _moment(column, value)
    if moment is None or moment.tzinfo is None:
        raise UnfitValueError("Write a timestamp with its offset, such as 2024-05-01T09:30:00Z")
    return moment.astimezone(UTC).isoformat()


def _moment(column: Column, value: Scalar) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(column, value))
    except ValueError:
        return None


READERS: dict[str, Callable[[Column, Scalar], ConstantValue]] = {
    **dict.fromkeys(TEXTS, _text),
    "bpchar": _padded,
    "numeric": _decimal,
    "float4": _decimal,
    "float8": _decimal,
    "bool": _boolean,
    "uuid": _uuid,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "timestamptz": _timestamptz,
}
