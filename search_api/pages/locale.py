"""Who reads: the language that numbers, money and dates are written in, and the time zone."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import babel
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, get_currency_precision, list_currencies

ZONE_COOKIE = "rowtide-zone"
UNGROUPED_BELOW = 10_000
"""Four digits are read without a separator, and years and numbers of things often have four."""
LONGEST_NUMBER = 40
CURRENCIES = frozenset(list_currencies())

_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_NOT_LATIN = frozenset({"ar", "bn", "fa", "mr", "my", "ne", "ur"})


@dataclass(frozen=True, slots=True)
class Locale:
    """How values are written for a person. What cannot be written better stays as it is."""

    language: babel.Locale
    zone: tzinfo

    def count(self, value: int) -> str:
        """A number of things."""
        return format_decimal(value, locale=self.language)

    def number(self, text: str) -> str:
        """A number given as its JSON text, with the decimals that it has there."""
        if not _PLAIN.fullmatch(text) or len(text) > LONGEST_NUMBER:
            return text
        decimals = len(text.partition(".")[2])
        grouped = "#,##0" if abs(Decimal(text)) >= UNGROUPED_BELOW or decimals else "0"
        pattern = f"{grouped}.{'0' * decimals}" if decimals else grouped
        return format_decimal(Decimal(text), format=pattern, locale=self.language)

    def money(self, text: str, currency: str) -> str:
        """An amount, never with fewer decimals than it has."""
        if not _PLAIN.fullmatch(text) or len(text) > LONGEST_NUMBER or currency not in CURRENCIES:
            return f"{self.number(text)} {currency}".strip()
        decimals = len(text.partition(".")[2])
        exact = decimals > get_currency_precision(currency)
        return format_currency(
            Decimal(text), currency, locale=self.language, currency_digits=not exact, decimal_quantization=not exact
        )

    def day(self, text: str) -> str:
        """A date (`2026-01-31`)."""
        return _written(text, lambda: format_date(date.fromisoformat(text), "medium", locale=self.language))

    def moment(self, text: str) -> str:
        """A time in ISO 8601, to the minute, in the reader's zone. One without an offset stays in its own."""
        return _written(text, lambda: self._moment(datetime.fromisoformat(text)))

    def _moment(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone) if moment.tzinfo else moment
        day = format_date(local.date(), "medium", locale=self.language)
        return f"{day}, {format_time(local.time(), 'short', locale=self.language)}"


def _written(text: str, write: Callable[[], str]) -> str:
    """`text` itself where Python or the language cannot write it: the year 0, infinity."""
    with suppress(ValueError, OverflowError, InvalidOperation):
        return write()
    return text


def locale_of(accept_language: str, cookies: Mapping[str, str]) -> Locale:
    """The reader of a request."""
    return Locale(_language(accept_language), _zone(cookies.get(ZONE_COOKIE, "")))


def _language(accept_language: str) -> babel.Locale:
    """The first language asked for that is known; the page is English, so its digits stay those of English."""
    for tag in _by_weight(accept_language):
        with suppress(babel.UnknownLocaleError, ValueError):
            found = babel.Locale.parse(tag.replace("-", "_"))
            if found.language not in _NOT_LATIN:
                return found
    return babel.Locale("en")


def _by_weight(accept_language: str) -> list[str]:
    weighed: list[tuple[float, int, str]] = []
    for place, one in enumerate(accept_language[:500].split(",")):
        tag, _, weight = one.strip().partition(";q=")
        if _TAG.fullmatch(tag):
            weighed.append((-_weight(weight), place, tag))
    return [tag for _, _, tag in sorted(weighed)]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def _zone(name: str) -> tzinfo:
    """The zone that the browser said, UTC while it said none."""
    with suppress(ZoneInfoNotFoundError, ValueError, OSError):
        if name:
            return ZoneInfo(name)
    return UTC
