"""The filters that apply, in words: two bounds of one field are one range."""

import re
from dataclasses import dataclass

from search_api.pages.address import PageAddress
from search_api.pages.locale import Locale
from search_api.pages.values import ValueFormatter

_FILTER = re.compile(r"([^:]+):(>=|<=|>|<|=|)(.*)", re.DOTALL)
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}
_DAY = 10
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter, or the range that two filters make, and the address without it."""

    text: str
    url: str


def chips(address: PageAddress, writer: ValueFormatter) -> list[Chip]:
    """All filters of an address, in its order."""
    found: dict[str, Chip] = {}
    for one in address.filters:
        field = one.partition(":")[0]
        bounds = address.bounds_of(field)
        if one in bounds and len(bounds) == 2:
            found[field] = Chip(_range(field, bounds, writer), address.within(field, "", "").url)
        else:
            found[one] = Chip(filter_words(one, writer), address.without_filter(one).url)
    return list(found.values())


def _range(field: str, bounds: tuple[str, ...], writer: ValueFormatter) -> str:
    parts = [_FILTER.fullmatch(one) for one in sorted(bounds, key=lambda one: ":<" in one)]
    texts = [value_words(section[3], writer.reader) for section in parts if section]
    return f"{writer.label(field)}: {' – '.join(texts)}"


def filter_words(text: str, writer: ValueFormatter) -> str:
    """A filter, or whatever else was asked for, in words."""
    found = _FILTER.fullmatch(text)
    if found is None:
        return f"“{text}”"
    sign = _SIGNS.get(found[2])
    return f"{writer.label(found[1])}{f' {sign}' if sign else ':'} {value_words(found[3], writer.reader)}"


def value_words(value: str, reader: Locale) -> str:
    """A value of a filter as the reader writes it; midnight is the day alone."""
    if _NUMBER.fullmatch(value):
        return reader.number(value)
    if not _MOMENT.fullmatch(value):
        return value
    midnight = len(value) == _DAY or value[_DAY:].startswith("T00:00:00")
    return reader.day(value[:_DAY]) if midnight else reader.moment(value)
