"""Checks values against the kind of their field and converts them to the form that Elasticsearch reads."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from search_api.query.limits import MAX_VALUE_LENGTH
from search_api.query.schema import FieldKind, IndexField

_INTEGER = re.compile(r"[+-]?\d{1,19}")
_LONG = 2**63
_MATH = r"(?:[+-]\d{1,5}[yMwdhms])*(?:/[yMwdhms])?"
_RELATIVE = re.compile(f"now{_MATH}", re.ASCII)
_FROM_A_DAY = re.compile(rf"(?P<day>[^|]+)\|\|(?P<math>{_MATH})", re.ASCII)
_YEAR_OR_MONTH = re.compile(r"(\d{4})(-(\d\d))?", re.ASCII)

_TEXT = f"a text of up to {MAX_VALUE_LENGTH} characters"
EXPECTED: Mapping[FieldKind, str] = {
    "text": _TEXT,
    "keyword": _TEXT,
    "integer": "a whole number",
    "number": "a number",
    "date": "a date like 2026-01-31, a month like 2026-01, a time like 2026-01-31T12:00:00Z, or now-7d",
    "boolean": "true or false",
    "json": _TEXT,
    "other": "nothing",
}


def read_value(field: IndexField, text: str) -> str | None:
    """The value in Elasticsearch's form, or None if it is not valid for the field's kind."""
    return _READ.get(field.kind, _any)(text)


def rounding_suffix(value: str) -> str:
    """Date math that makes a bound cover a whole year, month or day; empty for a value with a time."""
    if value.startswith("now") or "||" in value:
        return ""
    return {4: "||/y", 7: "||/M", 10: "||/d"}.get(len(value), "")


def _any(text: str) -> str | None:
    return text if len(text) <= MAX_VALUE_LENGTH and "\0" not in text else None


def _integer(text: str) -> str | None:
    return text if text.isascii() and _INTEGER.fullmatch(text) and -_LONG <= int(text) < _LONG else None


def _number(text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or not -300 < number.adjusted() < 300:
        return None
    return str(number)


def _boolean(text: str) -> str | None:
    return text if text in {"true", "false"} else None


def _moment(text: str) -> str | None:
    if _RELATIVE.fullmatch(text):
        return text
    if match := _FROM_A_DAY.fullmatch(text):
        day = _fixed(match["day"])
        return f"{day}||{match['math']}" if day else None
    return _fixed(text)


def _fixed(text: str) -> str | None:
    if match := _YEAR_OR_MONTH.fullmatch(text):
        return text if int(match[1]) > 0 and 1 <= int(match[3] or 1) <= 12 else None
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None


_READ: Mapping[FieldKind, Callable[[str], str | None]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _moment,
}
