"""Values that Debezium spells in a way of its own, spelled as PostgreSQL prints them. Pure; SQLite calls these as functions.

Each also takes what PostgreSQL itself gives when a row is read by SQL."""

import base64
import math
from decimal import Decimal

import msgspec


def bits(value: str | None, length: int) -> str | None:
    """A bit string from the base64 of its bytes, which come with the last bits first and without their number."""
    if value is None or (len(value) == length and set(value) <= {"0", "1"}):
        return value
    return format(int.from_bytes(base64.b64decode(value), "little"), f"0{length}b")


def printed(value: str | None) -> str | None:
    """The text that PostgreSQL prints, of a type that Debezium does not know and passes on as base64."""
    return None if value is None else base64.b64decode(value).decode()


def point(value: bytes | None) -> str | None:
    """`(x,y)` from an object of the two."""
    found = None if value is None else msgspec.json.decode(value)
    return None if found is None else f"({printed_float(float(found['x']))},{printed_float(float(found['y']))})"


def printed_float(number: float) -> str:
    """A double as PostgreSQL prints it: the fewest digits that read back the same, an exponent from 1e+15 on and below 0.0001."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else f"{'-' if number < 0 else ''}Infinity"
    exact = Decimal(repr(number)).normalize()
    places = exact.adjusted()
    if not exact or -4 <= places < 15:
        return f"{exact:f}"
    mantissa = exact.scaleb(-places)
    return f"{mantissa:f}e{'-' if places < 0 else '+'}{abs(places):02d}"
