"""The visitor's locale: the language for numbers, money and dates, and the time zone."""

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
"""Numbers of four digits need no separator, and many are years."""
MAX_NUMBER_LENGTH = 40
CURRENCIES = frozenset(list_currencies())

_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_OTHER_DIGITS = frozenset({"ar", "bn", "fa", "mr", "my", "ne", "ur"})


@dataclass(frozen=True, slots=True)
class Locale:
    """Formats values for a person. A value that it cannot format is returned unchanged."""

    language: babel.Locale
    zone: tzinfo

    def count(self, value: int) -> str:
        """A whole number."""
        return format_decimal(value, locale=self.language)

    def number(self, text: str) -> str:
        """A number given as JSON text, with the decimals it has there."""
        if not _PLAIN.fullmatch(text) or len(text) > MAX_NUMBER_LENGTH:
            return text
        decimals = len(text.partition(".")[2])
        grouped = "#,##0" if abs(Decimal(text)) >= UNGROUPED_BELOW or decimals else "0"
        pattern = f"{grouped}.{'0' * decimals}" if decimals else grouped
        return format_decimal(Decimal(text), format=pattern, locale=self.language)

    def money(self, text: str, currency: str) -> str:
        """An amount, with at least the decimals it has."""
        if not _PLAIN.fullmatch(text) or len(text) > MAX_NUMBER_LENGTH or currency not in CURRENCIES:
            return f"{self.number(text)} {currency}".strip()
        decimals = len(text.partition(".")[2])
        exact = decimals > get_currency_precision(currency)
        return format_currency(
            Decimal(text), currency, locale=self.language, currency_digits=not exact, decimal_quantization=not exact
        )

    def day(self, text: str) -> str:
        """A date (`2026-01-31`)."""
        return _or_unchanged(text, lambda: format_date(date.fromisoformat(text), "medium", locale=self.language))

    def moment(self, text: str) -> str:
        """An ISO 8601 timestamp, to the minute, in the visitor's time zone; without an offset, in its own."""
        return _or_unchanged(text, lambda: self._moment(datetime.fromisoformat(text)))

    def _moment(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone) if moment.tzinfo else moment
        day = format_date(local.date(), "medium", locale=self.language)
        return f"{day}, {format_time(local.time(), 'short', locale=self.language)}"


def _or_unchanged(text: str, write: Callable[[], str]) -> str:
    """The text itself if Python or the locale cannot format it, such as the year 0 or infinity."""
    with suppress(ValueError, OverflowError, InvalidOperation):
        return write()
    return text


def locale_of(accept_language: str, cookies: Mapping[str, str]) -> Locale:
    """The locale of a request."""
    return Locale(_language(accept_language), _zone(cookies.get(ZONE_COOKIE, "")))


def _language(accept_language: str) -> babel.Locale:
    """The first accepted language with Latin digits; the rest of the page is in English."""
    for tag in _by_weight(accept_language):
        with suppress(babel.UnknownLocaleError, ValueError):
            language = babel.Locale.parse(tag.replace("-", "_"))
            if language.language not in _OTHER_DIGITS:
                return language
    return babel.Locale("en")


def _by_weight(accept_language: str) -> list[str]:
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language[:500].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        if _TAG.fullmatch(tag):
            weighed.append((-_weight(weight), place, tag))
    return [tag for _, _, tag in sorted(weighed)]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def _zone(name: str) -> tzinfo:
    """The time zone that the browser sent, else UTC."""
    with suppress(ZoneInfoNotFoundError, ValueError, OSError):
        if name:
            return ZoneInfo(name)
    return UTC
