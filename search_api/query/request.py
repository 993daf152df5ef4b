"""What a reader asks for: parsed from text, checked against the fields of the index, with every fault named at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from search_api.query.field_values import EXPECTED, read_value
from search_api.query.limits import MAX_FACETS, MAX_FILTERS, MAX_SIZE, MAX_SORTS, MAX_WINDOW
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.parser import Parsed, parse
from search_api.query.syntax.tree import Word
from search_api.query.validation import InvalidRequest, ValidationError

T = TypeVar("T")

Comparison = Literal["=", ">", ">=", "<", "<="]

_FILTER = re.compile(r"(?P<name>[^:]+):(?P<comparison>>=|<=|>|<|=|)(?P<value>.*)", re.DOTALL)


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
    """A checked request. `text` is the search box as typed, `box` what it means, None when it is empty. `page` counts from 1.

    `similar`: the words that may look otherwise in a document."""

    text: str = ""
    box: Parsed | None = None
    filters: tuple[Filter, ...] = ()
    sorts: tuple[Sort, ...] = ()
    facets: tuple[IndexField, ...] = ()
    size: int = 20
    page: int = 1
    similar: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came: all text."""

    text: str = ""
    filters: tuple[str, ...] = ()
    sort: str = ""
    facets: tuple[str, ...] = ()
    size: int = 20
    page: int = 1
    similar: tuple[Word, ...] = ()


@dataclass(slots=True)
class _Errors:
    found: list[ValidationError] = field(default_factory=list)

    def add(self, parameter: str, message: str) -> None:
        self.found.append(ValidationError(parameter, message))


def check(raw: RawRequest, schema: IndexSchema) -> SearchRequest:
    """Check a request against the fields of its index; raises InvalidRequest."""
    errors = _Errors()
    box = _box(raw.text, schema, errors)
    _check_window(raw, errors)
    _check_counts(raw, errors)
    filters = [_filter(text, schema, errors) for text in raw.filters[:MAX_FILTERS]]
    sorts = [_sort(text, schema, errors) for text in _terms(raw.sort)[:MAX_SORTS]]
    facets = [_facet(name, schema, errors) for name in dict.fromkeys(raw.facets[:MAX_FACETS])]
    if errors.found:
        raise InvalidRequest(tuple(errors.found))
    return SearchRequest(
        raw.text.strip(), box, _kept(filters), _kept(sorts), _kept(facets), raw.size, raw.page, raw.similar
    )


def _kept(found: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(one for one in found if one is not None)


def _terms(sort: str) -> list[str]:
    return [term.strip() for term in sort.split(",") if term.strip()]


def _box(text: str, schema: IndexSchema, errors: _Errors) -> Parsed | None:
    if not text.strip():
        return None
    try:
        return parse(text, schema)
    except InvalidRequest as error:
        errors.found += error.errors
        return None


def _check_window(raw: RawRequest, errors: _Errors) -> None:
    if not 1 <= raw.size <= MAX_SIZE:
        errors.add("size", f"Give a size from 1 to {MAX_SIZE}.")
    elif raw.page < 1 or raw.page * raw.size > MAX_WINDOW:
        errors.add("page", f"Pages reach the first {MAX_WINDOW} hits; follow `next_cursor` to go further.")


def _check_counts(raw: RawRequest, errors: _Errors) -> None:
    for parameter, given, most in (
        ("filter", len(raw.filters), MAX_FILTERS),
        ("sort", len(_terms(raw.sort)), MAX_SORTS),
        ("facet", len(raw.facets), MAX_FACETS),
    ):
        if given > most:
            errors.add(parameter, f"{given} were given; up to {most} are taken.")


def _field(name: str, parameter: str, schema: IndexSchema, errors: _Errors) -> IndexField | None:
    found = schema.by_name.get(name)
    if found is None:
        errors.add(parameter, f"There is no field {name[:100]!r}; `/fields` lists them.")
    return found


def _filter(text: str, schema: IndexSchema, errors: _Errors) -> Filter | None:
    match = _FILTER.fullmatch(text)
    if match is None:
        errors.add("filter", f"{text[:100]!r} is no filter; write `field:value` or `field:>=value`.")
        return None
    found = _field(match["name"], "filter", schema, errors)
    if found is None:
        return None
    comparison: Comparison = match["comparison"] or "="  # type: ignore[assignment]  # The pattern allows no other.
    if not (found.filterable if comparison == "=" else found.ranged):
        errors.add("filter", f"The field {found.name!r} ({found.kind}) cannot be filtered by {comparison!r}.")
        return None
    value = read_value(found, match["value"])
    if value is None:
        errors.add(
            "filter", f"{match['value'][:100]!r} is no value of {found.name!r}; expected {EXPECTED[found.kind]}."
        )
        return None
    return Filter(found, comparison, value)


def _sort(text: str, schema: IndexSchema, errors: _Errors) -> Sort | None:
    found = _field(text.removeprefix("-"), "sort", schema, errors)
    if found is not None and not found.sortable:
        errors.add("sort", f"Hits cannot be sorted by {found.name!r} ({found.kind}).")
        return None
    return Sort(found, text.startswith("-")) if found else None


def _facet(name: str, schema: IndexSchema, errors: _Errors) -> IndexField | None:
    found = _field(name, "facet", schema, errors)
    if found is not None and not (found.filterable and found.kind in {"keyword", "text", "boolean"}):
        errors.add("facet", f"Values of {found.name!r} ({found.kind}) cannot be counted.")
        return None
    return found
