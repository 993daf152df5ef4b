"""Timestamps with a zone inside a text that PostgreSQL prints, such as the bounds of a `tstzrange`.

PostgreSQL prints them in the zone of the session. The connector's sessions have the zone of the machine that Kafka
Connect runs on, and the text names the offset: `["2019-07-09 04:28:57+02",infinity)`."""

import re
from datetime import datetime, timedelta

_INSTANT = re.compile(
    r"(?P<year>\d{4,})-(?P<month>\d\d)-(?P<day>\d\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<fraction>\.\d+)?"
    r"(?P<sign>[+-])(?P<hours>\d\d)(?::(?P<minutes>\d\d))?(?::(?P<seconds>\d\d))?(?P<era> BC)?"
)
_CYCLE = 400
"""Years after which the calendar repeats itself."""
_ANY_CYCLE = 2000
"""The first year of a cycle that `datetime` can count in, one day beyond its ends included."""


def in_utc(value: str | None) -> str | None:
    """The text with every timestamp in UTC, as a session with TimeZone = UTC prints it."""
    return None if value is None else _INSTANT.sub(_moved, value)


def _moved(instant: re.Match[str]) -> str:
    part = instant.groupdict()
    year = 1 - int(part["year"]) if part["era"] else int(part["year"])
    month, day, hour, minute, second = (int(part[name]) for name in ("month", "day", "hour", "minute", "second"))
    hours, minutes, seconds = (int(part[name] or 0) for name in ("hours", "minutes", "seconds"))
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds) * (-1 if part["sign"] == "-" else 1)
    counted = _ANY_CYCLE + year % _CYCLE
    moved = datetime(counted, month, day, hour, minute, second) - offset
    year += moved.year - counted
    shown, era = (year, "") if year > 0 else (1 - year, " BC")
    return f"{shown:04d}-{moved:%m-%d %H:%M:%S}{part['fraction'] or ''}+00{era}"
