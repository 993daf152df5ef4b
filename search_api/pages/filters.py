"""The active filters in words; a lower and an upper bound of one field are shown as one range."""

import re
from dataclasses import dataclass

from search_api.pages.address import PageAddress
from search_api.pages.locale import Locale
from search_api.pages.values import ValueFormatter
from search_api.query.request import FILTER

_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}
_DAY = 10
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter or a range in words, and the address without it."""

    text: str
    url: str


def chips(address: PageAddress, formatter: ValueFormatter) -> list[Chip]:
    """The filters of an address, in its order."""
    chips_by_filter: dict[str, Chip] = {}
    for filter_ in address.filters:
        field = filter_.partition(":")[0]
        bounds = address.bounds_of(field)
        if filter_ in bounds and len(bounds) == 2:
            chips_by_filter[field] = Chip(_range(field, bounds, formatter), address.within(field, "", "").url)
        else:
            chips_by_filter[filter_] = Chip(filter_words(filter_, formatter), address.without_filter(filter_).url)
    return list(chips_by_filter.values())


def _range(field: str, bounds: tuple[str, ...], formatter: ValueFormatter) -> str:
    ordered = sorted(bounds, key=lambda bound: ":<" in bound)
    matches = [FILTER.fullmatch(bound) for bound in ordered]
    texts = [value_words(match["value"], formatter.locale) for match in matches if match]
    return f"{formatter.label(field)}: {' – '.join(texts)}"


def filter_words(text: str, formatter: ValueFormatter) -> str:
    """A filter in words; any other text in quotes."""
    match = FILTER.fullmatch(text)
    if match is None:
        return f"“{text}”"
    sign = _SIGNS.get(match["comparison"])
    value = value_words(match["value"], formatter.locale)
    return f"{formatter.label(match['name'])}{f' {sign}' if sign else ':'} {value}"


def value_words(value: str, locale: Locale) -> str:
    """The value of a filter in the visitor's locale; a date at midnight without the time."""
    if _NUMBER.fullmatch(value):
        return locale.number(value)
    if not _MOMENT.fullmatch(value):
        return value
    midnight = len(value) == _DAY or value[_DAY:].startswith("T00:00:00")
    return locale.day(value[:_DAY]) if midnight else locale.moment(value)
