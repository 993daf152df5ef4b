"""Types that Debezium encodes in its own way, decoded to the text that PostgreSQL prints.

Registered as SQL functions in SQLite."""

import base64
import math
from decimal import Decimal

import msgspec


def bits(value: str | None, length: int) -> str | None:
    """A bit string of `length` bits from the base64 of its bytes, last bits first; a string of bits is returned
    unchanged."""
    if value is None or (len(value) == length and set(value) <= {"0", "1"}):
        return value
    return format(int.from_bytes(base64.b64decode(value), "little"), f"0{length}b")


def printed(value: str | None) -> str | None:
    """The text of a type that Debezium does not know: it sends PostgreSQL's text output in base64."""
    return None if value is None else base64.b64decode(value).decode()


def as_base64(value: str | None) -> str | None:
    """The reverse of `printed`."""
    return None if value is None else base64.b64encode(value.encode()).decode()


def point(value: bytes | None) -> str | None:
    """A point as `(x,y)` from the JSON text of an object with `x` and `y`."""
    pair = None if value is None else msgspec.json.decode(value)
    return None if pair is None else f"({printed_float(float(pair['x']))},{printed_float(float(pair['y']))})"


def printed_float(number: float) -> str:
    """A double as PostgreSQL prints it: shortest digits that round-trip, with an exponent from 1e+15 up and below
    0.0001."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else f"{'-' if number < 0 else ''}Infinity"
    exact = Decimal(repr(number)).normalize()
    places = exact.adjusted()
    if not exact or -4 <= places < 15:
        return f"{exact:f}"
    mantissa = exact.scaleb(-places)
    return f"{mantissa:f}e{'-' if places < 0 else '+'}{abs(places):02d}"
