"""What a reader asks for: parsed from text, checked against the fields of the index, with every fault named at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeVar

from search_api.schema import IndexField, IndexSchema

T = TypeVar("T")

Comparison = Literal["=", ">", ">=", "<", "<="]

MAX_WINDOW = 1000
"""Hits that can be reached by page number; a cursor goes on from there."""
MAX_SIZE = 200
MAX_TEXT = 500
MAX_WORDS = 24
MAX_FILTERS = 32
MAX_SORTS = 4
MAX_FACETS = 12
LONGEST_VALUE = 1024

_FILTER = re.compile(r"(?P<name>[^:]+):(?P<comparison>>=|<=|>|<|=|)(?P<value>.*)", re.DOTALL)
_RELATIVE = re.compile(r"now([+-]\d{1,4}[smhdwMy])?(/[mhdwMy])?")
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_LONG = 2**63


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: the parameter, what was given, and what is expected."""

    parameter: str
    message: str


class RequestFaults(Exception):
    """A request that cannot be answered as it stands; `faults` are all of them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Filter:
    """A field compared with a value, which is already checked to be of the field's kind."""

    field: IndexField
    comparison: Comparison
    value: str


@dataclass(frozen=True, slots=True)
class Sort:
    """One term of the order."""

    field: IndexField
    descending: bool


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A checked request. `page` counts from 1; `after` are the sort values of the hit before, from a cursor."""

    text: str = ""
    filters: tuple[Filter, ...] = ()
    sorts: tuple[Sort, ...] = ()
    facets: tuple[IndexField, ...] = ()
    size: int = 20
    page: int = 1


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came: all text."""

    text: str = ""
    filters: tuple[str, ...] = ()
    sort: str = ""
    facets: tuple[str, ...] = ()
    size: int = 20
    page: int = 1


@dataclass(slots=True)
class _Faults:
    found: list[Fault] = field(default_factory=list)

    def add(self, parameter: str, message: str) -> None:
        self.found.append(Fault(parameter, message))


def check(raw: RawRequest, schema: IndexSchema) -> SearchRequest:
    """Check a request against the fields of its index; raises RequestFaults."""
    faults = _Faults()
    _check_text(raw.text, faults)
    _check_window(raw, faults)
    _check_counts(raw, faults)
    filters = [_filter(text, schema, faults) for text in raw.filters[:MAX_FILTERS]]
    sorts = [_sort(text, schema, faults) for text in _terms(raw.sort)[:MAX_SORTS]]
    facets = [_facet(name, schema, faults) for name in dict.fromkeys(raw.facets[:MAX_FACETS])]
    if faults.found:
        raise RequestFaults(tuple(faults.found))
    return SearchRequest(raw.text.strip(), _kept(filters), _kept(sorts), _kept(facets), raw.size, raw.page)


def _kept(found: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(one for one in found if one is not None)


def _terms(sort: str) -> list[str]:
    return [term.strip() for term in sort.split(",") if term.strip()]


def _check_text(text: str, faults: _Faults) -> None:
    if len(text) > MAX_TEXT:
        faults.add("q", f"The text has {len(text)} characters; up to {MAX_TEXT} are read.")
    elif len(text.split()) > MAX_WORDS:
        faults.add("q", f"The text has {len(text.split())} words; up to {MAX_WORDS} are read.")


def _check_window(raw: RawRequest, faults: _Faults) -> None:
    if not 1 <= raw.size <= MAX_SIZE:
        faults.add("size", f"Give a size from 1 to {MAX_SIZE}.")
    elif raw.page < 1 or raw.page * raw.size > MAX_WINDOW:
        faults.add("page", f"Pages reach the first {MAX_WINDOW} hits; follow `next_cursor` to go further.")


def _check_counts(raw: RawRequest, faults: _Faults) -> None:
    for parameter, given, most in (
        ("filter", len(raw.filters), MAX_FILTERS),
        ("sort", len(_terms(raw.sort)), MAX_SORTS),
        ("facet", len(raw.facets), MAX_FACETS),
    ):
        if given > most:
            faults.add(parameter, f"{given} were given; up to {most} are taken.")


def _field(name: str, parameter: str, schema: IndexSchema, faults: _Faults) -> IndexField | None:
    found = schema.by_name.get(name)
    if found is None:
        faults.add(parameter, f"There is no field {name[:100]!r}; `/fields` lists them.")
    return found


def _filter(text: str, schema: IndexSchema, faults: _Faults) -> Filter | None:
    match = _FILTER.fullmatch(text)
    if match is None:
        faults.add("filter", f"{text[:100]!r} is no filter; write `field:value` or `field:>=value`.")
        return None
    found = _field(match["name"], "filter", schema, faults)
    if found is None:
        return None
    comparison: Comparison = match["comparison"] or "="  # type: ignore[assignment]  # The pattern allows no other.
    if not (found.filterable if comparison == "=" else found.ranged):
        faults.add("filter", f"The field {found.name!r} ({found.kind}) cannot be filtered by {comparison!r}.")
        return None
    value = _value(found, match["value"])
    if value is None:
        faults.add(
            "filter", f"{match['value'][:100]!r} is no value of {found.name!r}; expected {EXPECTED[found.kind]}."
        )
        return None
    return Filter(found, comparison, value)


def _sort(text: str, schema: IndexSchema, faults: _Faults) -> Sort | None:
    found = _field(text.removeprefix("-"), "sort", schema, faults)
    if found is not None and not found.sortable:
        faults.add("sort", f"Hits cannot be sorted by {found.name!r} ({found.kind}).")
        return None
    return Sort(found, text.startswith("-")) if found else None


def _facet(name: str, schema: IndexSchema, faults: _Faults) -> IndexField | None:
    found = _field(name, "facet", schema, faults)
    if found is not None and not (found.filterable and found.kind in {"keyword", "text", "boolean"}):
        faults.add("facet", f"Values of {found.name!r} ({found.kind}) cannot be counted.")
        return None
    return found


EXPECTED = {
    "text": "a text of up to 1024 characters",
    "keyword": "a text of up to 1024 characters",
    "integer": "a whole number",
    "number": "a number",
    "date": "a date like 2026-01-31, a time like 2026-01-31T12:00:00Z, or now-7d",
    "boolean": "true or false",
    "json": "a text of up to 1024 characters",
    "other": "nothing",
}


def _value(found: IndexField, text: str) -> str | None:
    """The value in the form that Elasticsearch reads, or None if it is not of the field's kind."""
    match found.kind:
        case "integer":
            return text if _INTEGER.fullmatch(text) and -_LONG <= int(text) < _LONG else None
        case "number":
            return _number(text)
        case "date":
            return _moment(text)
        case "boolean":
            return text if text in {"true", "false"} else None
        case _:
            return text if len(text) <= LONGEST_VALUE and "\0" not in text else None


def _number(text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or not -300 < number.adjusted() < 300:
        return None
    return str(number)


def _moment(text: str) -> str | None:
    if _RELATIVE.fullmatch(text):
        return text
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None
