"""The request of a search: parsed from text and checked against the fields of the index, with every error reported."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from search_api.query.field_values import EXPECTED, read_value
from search_api.query.limits import MAX_FACETS, MAX_FIELDS, MAX_FILTERS, MAX_SIZE, MAX_SORTS, MAX_WINDOW
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.parser import Parsed, parse
from search_api.query.syntax.tree import Word
from search_api.query.validation import InvalidRequest, ValidationError

T = TypeVar("T")

Comparison = Literal["=", ">", ">=", "<", "<="]

FILTER = re.compile(r"(?P<name>[^:]+):(?P<comparison>>=|<=|>|<|=|)(?P<value>.*)", re.DOTALL)
"""A filter in the API's syntax: `field:value`, or `field:>=value`."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A field compared with a value of the field's kind, in Elasticsearch's form."""

    field: IndexField
    comparison: Comparison
    value: str


@dataclass(frozen=True, slots=True)
class Sort:
    field: IndexField
    descending: bool


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A checked request. `text` is the search text as typed and `parsed` its meaning, None when it is empty. `page`
    counts from 1. `similar` are the words that may be spelled differently in a document, in `similar_fields` fields.
    """

    text: str = ""
    parsed: Parsed | None = None
    filters: tuple[Filter, ...] = ()
    sorts: tuple[Sort, ...] = ()
    facets: tuple[IndexField, ...] = ()
    size: int = 20
    page: int = 1
    similar: tuple[Word, ...] = ()
    similar_fields: int = MAX_FIELDS


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it was received, unchecked."""

    text: str = ""
    filters: tuple[str, ...] = ()
    sort: str = ""
    facets: tuple[str, ...] = ()
    size: int = 20
    page: int = 1
    similar: tuple[Word, ...] = ()


class _Errors(list[ValidationError]):
    def add(self, parameter: str, message: str) -> None:
        self.append(ValidationError(parameter, message))


def check(raw: RawRequest, schema: IndexSchema) -> SearchRequest:
    """Check a request against the fields of its index. Raises InvalidRequest with every error."""
    errors = _Errors()
    parsed = _parse(raw.text, schema, errors)
    _check_window(raw, errors)
    _check_counts(raw, errors)
    filters = [_filter(text, schema, errors) for text in raw.filters[:MAX_FILTERS]]
    sorts = [_sort(text, schema, errors) for text in _terms(raw.sort)[:MAX_SORTS]]
    facets = [_facet(name, schema, errors) for name in dict.fromkeys(raw.facets[:MAX_FACETS])]
    if errors:
        raise InvalidRequest(*errors)
    return SearchRequest(
        raw.text.strip(), parsed, _present(filters), _present(sorts), _present(facets), raw.size, raw.page, raw.similar
    )


def _present(values: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(value for value in values if value is not None)


def _terms(sort: str) -> list[str]:
    return [term.strip() for term in sort.split(",") if term.strip()]


def _parse(text: str, schema: IndexSchema, errors: _Errors) -> Parsed | None:
    if not text.strip():
        return None
    try:
        return parse(text, schema)
    except InvalidRequest as error:
        errors += error.errors
        return None


def _check_window(raw: RawRequest, errors: _Errors) -> None:
    if not 1 <= raw.size <= MAX_SIZE:
        errors.add("size", f"`size` must be between 1 and {MAX_SIZE}.")
    elif raw.page < 1 or raw.page * raw.size > MAX_WINDOW:
        errors.add("page", f"`page` only reaches the first {MAX_WINDOW} hits; use `next_cursor` to go further.")


def _check_counts(raw: RawRequest, errors: _Errors) -> None:
    for parameter, count, limit in (
        ("filter", len(raw.filters), MAX_FILTERS),
        ("sort", len(_terms(raw.sort)), MAX_SORTS),
        ("facet", len(raw.facets), MAX_FACETS),
    ):
        if count > limit:
            errors.add(parameter, f"`{parameter}` has {count} values; the limit is {limit}.")


def _field(name: str, parameter: str, schema: IndexSchema, errors: _Errors) -> IndexField | None:
    field = schema.by_name.get(name)
    if field is None:
        errors.add(parameter, f"There is no field {name[:100]!r}; `/fields` lists all fields.")
    return field


def _filter(text: str, schema: IndexSchema, errors: _Errors) -> Filter | None:
    match = FILTER.fullmatch(text)
    if match is None:
        errors.add("filter", f"{text[:100]!r} is not a valid filter; write `field:value` or `field:>=value`.")
        return None
    field = _field(match["name"], "filter", schema, errors)
    if field is None:
        return None
    comparison: Comparison = match["comparison"] or "="  # type: ignore[assignment]  # The pattern allows no other.
    if not (field.filterable if comparison == "=" else field.ranged):
        errors.add("filter", f"The field {field.name!r} ({field.kind}) does not support the operator {comparison!r}.")
        return None
    value = read_value(field, match["value"])
    if value is None:
        errors.add(
            "filter",
            f"{match['value'][:100]!r} is not a valid value for {field.name!r}; expected {EXPECTED[field.kind]}.",
        )
        return None
    return Filter(field, comparison, value)


def _sort(text: str, schema: IndexSchema, errors: _Errors) -> Sort | None:
    field = _field(text.removeprefix("-"), "sort", schema, errors)
    if field is not None and not field.sortable:
        errors.add("sort", f"Hits cannot be sorted by {field.name!r} ({field.kind}).")
        return None
    return Sort(field, text.startswith("-")) if field else None


def _facet(name: str, schema: IndexSchema, errors: _Errors) -> IndexField | None:
    field = _field(name, "facet", schema, errors)
    if field is not None and not field.facetable:
        errors.add("facet", f"The values of {field.name!r} ({field.kind}) cannot be counted.")
        return None
    return field
