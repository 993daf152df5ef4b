"""Functions that compiled statements use and SQLite lacks. Every connection to a row store must register them."""

import re
import struct
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

import apsw
import msgspec

from read_model.types import composites, debezium_text, zoned_text

_EXACT = Context(prec=140_000, traps=[])
"""More digits than a PostgreSQL numeric can have. No traps: infinity minus infinity is NaN, as in PostgreSQL."""

_WORDS = {
    "NAN": "NaN",
    "POSITIVE_INFINITY": "Infinity",
    "INFINITY": "Infinity",
    "NEGATIVE_INFINITY": "-Infinity",
    "-INFINITY": "-Infinity",
}
_YEAR = re.compile(r"([+-])(\d+)-")
_LAST_YEAR, _FIRST_YEAR = 5_874_897, 4_713
"""The range of PostgreSQL's dates: years AD and BC."""
_MISREAD_YEAR = 292_269_055
"""The first year of Java's clock, whose sign is lost in a snapshot."""


def register(connection: apsw.Connection) -> None:
    """Register the functions, the aggregate `rowtide_sum` and the collation `decimal` on a connection."""
    flags = apsw.SQLITE_DETERMINISTIC | apsw.SQLITE_INNOCUOUS
    scalars: tuple[tuple[str, Callable[..., Any], int], ...] = (
        ("rowtide_scaled", scaled, 2),
        ("rowtide_decimal", decimal_text, 1),
        ("rowtide_float", float_text, 2),
        ("rowtide_moment", moment, 1),
        ("rowtide_json", reduced_json, 1),
        ("rowtide_numbers", number_array, 1),
        ("rowtide_texts", text_array, 1),
        ("rowtide_floats", float_array, 2),
        ("rowtide_moments", moment_array, 2),
        ("rowtide_bits", debezium_text.bits, 2),
        ("rowtide_printed", debezium_text.printed, 1),
        ("rowtide_base64", debezium_text.as_base64, 1),
        ("rowtide_in_utc", zoned_text.in_utc, 1),
        ("rowtide_composite", composites.composite_json, 2),
        ("rowtide_point", debezium_text.point, 1),
    )
    for name, function, arguments in scalars:
        connection.create_scalar_function(name, function, arguments, flags=flags)
    exact_sum: Callable[[], Any] = ExactSum
    connection.create_aggregate_function("rowtide_sum", exact_sum, 2, flags=flags)
    connection.create_collation("decimal", compare_decimals)


def scaled(value: str | None, scale: int) -> int | str | None:
    """A decimal's text as an integer of 10**-scale; NaN as the text 'NaN'. Raises ValueError for digits beyond the
    scale."""
    if value is None:
        return None
    if not (number := Decimal(decimal_text(value) or "")).is_finite():
        return "NaN"
    units = number.scaleb(scale, _EXACT)
    if units != units.to_integral_value(context=_EXACT):
        raise ValueError(f"a decimal has more than the {scale} decimal places that its column declares")
    return int(units)


def decimal_text(value: str | None) -> str | None:
    """A decimal's text as PostgreSQL prints it: no exponent; NaN, Infinity or -Infinity."""
    if value is None:
        return None
    return _WORDS.get(value.upper()) or plain(Decimal(value))


def plain(number: Decimal) -> str:
    """A decimal without an exponent, with all its digits; NaN and infinities as words."""
    return format(number, "f") if number.is_finite() else str(_EXACT.plus(number)).replace("sNaN", "NaN")


def float_text(value: bytes | str | None, size: int) -> str | None:
    """The shortest JSON number that round-trips as a float of `size` bytes (4 or 8), as PostgreSQL prints it."""
    if value is None:
        return None
    number = float(value)
    if size == 8:
        return repr(number)
    code = struct.pack("f", number)
    return next(text for digits in range(9) if struct.pack("f", float(text := f"{number:.{digits}e}")) == code)


def moment(value: str | None) -> str | None:
    """A date or timestamp of a year outside 1 to 9999, without `Z` and trailing zeros, or `infinity` or `-infinity`.

    Infinite values arrive as the last and first day of the JDBC driver's or Debezium's clock."""
    if value is None or value.endswith("infinity"):
        return value
    if signed := _YEAR.match(value):
        year = int(signed[2])
        if year == _MISREAD_YEAR or (signed[1] == "-" and year > _FIRST_YEAR):
            return "-infinity"
        if year > _LAST_YEAR:
            return "infinity"
    trimmed = value.rstrip("Z")
    return trimmed.rstrip("0").rstrip(".") if "." in trimmed else trimmed


def _as_written(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode())


_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_REFUSED = re.compile(r"\\u(0000|[dD][89a-fA-F])")
_JSON = msgspec.json.Decoder(float_hook=_as_written)


def reduced_json(value: str | None) -> str | None:
    """A JSON text reduced as jsonb does: of duplicate keys the last wins. Numbers keep every digit.

    JSON that jsonb rejects (an unpaired surrogate, U+0000) becomes a JSON string that contains it."""
    if value is None:
        return None
    if "\\u" in value and _REFUSED.search(_PAIR.sub("", value.replace("\\\\", ""))):
        return msgspec.json.encode(value).decode()
    try:
        return msgspec.json.encode(_JSON.decode(value)).decode()
    except RecursionError:
        # Deeper than documents can be: stored unchanged, so that only its document fails, and not the row store.
        return value


def number_array(value: bytes | None) -> str | None:
    """An array of decimals, which Debezium sends as strings, as JSON numbers; NaN and infinities stay strings."""
    if value is None or (items := _JSON.decode(value)) is None:
        return None
    return msgspec.json.encode(_numbers(items)).decode()


def _numbers(item: Any) -> Any:
    if isinstance(item, list):
        return [_numbers(member) for member in item]
    if item is None or (text := decimal_text(str(item))) is None:
        return None
    return text if text.endswith(("N", "y")) else _as_written(text)


_JAVA_OBJECT = re.compile(r"\[L[\w.$]+;@[0-9a-f]+")
"""How Debezium prints an inner array: by the name of its Java class, without a value."""


def text_array(value: bytes | None) -> str | None:
    """An array of texts, with null for each inner array, whose values Debezium does not send."""
    if value is None or (items := _JSON.decode(value)) is None:
        return None
    return msgspec.json.encode(
        [None if isinstance(item, str) and _JAVA_OBJECT.fullmatch(item) else item for item in items]
    ).decode()


def float_array(value: bytes | None, size: int) -> str | None:
    """An array of floats of `size` bytes: unchanged, except for the digits of subnormal numbers."""
    if value is None or (items := _JSON.decode(value)) is None:
        return None
    if b"E-3" not in value and b"E-4" not in value:
        return bytes(value).decode()
    numbers = [
        _as_written(float_text(bytes(item), size) or "") if isinstance(item, msgspec.Raw) else item for item in items
    ]
    return msgspec.json.encode(numbers).decode()


def moment_array(value: bytes | None, zone: str) -> str | None:
    """An array of dates or timestamps, each with the suffix `zone` unless it is infinite."""
    if value is None or (items := _JSON.decode(value)) is None:
        return None
    texts = [text and text + ("" if text.endswith("y") else zone) for text in map(moment, items)]
    return msgspec.json.encode(texts).decode()


def compare_decimals(left: str, right: str) -> int:
    """Compare decimal texts by value: negative, 0 or positive. NaN is last and equal to itself, as in PostgreSQL."""
    if left == right:
        return 0
    first, second = _sort_key(left), _sort_key(right)
    return (first > second) - (first < second)


def _sort_key(text: str) -> tuple[bool, Decimal]:
    number = Decimal(text.strip('"'))
    return (True, Decimal(0)) if number.is_nan() else (False, number)


class ExactSum:
    """The aggregate rowtide_sum(value, scale): the exact decimal sum as JSON text, null for no values."""

    def __init__(self) -> None:
        self.total: Decimal | None = None
        self.scale = 0

    def step(self, value: str | int | None, scale: int) -> None:
        """Add one value: a decimal's text, or an integer of the unit 10**-scale."""
        if value is not None:
            number = Decimal(value if isinstance(value, int) else value.strip('"'))
            self.total = number if self.total is None else _EXACT.add(self.total, number)
            self.scale = scale

    def final(self) -> str | None:
        """The sum, printed."""
        if self.total is None:
            return None
        if not self.total.is_finite():
            return f'"{plain(self.total)}"'
        return plain(self.total.scaleb(-self.scale, _EXACT))
