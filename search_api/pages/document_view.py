"""A document as sections: its own values, its objects, and its arrays as tables, in the order of the spec."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from search_api.pages.values import Fact, ValueFormatter


@dataclass(frozen=True, slots=True)
class ArrayTable:
    """An array of objects: one column, by display name, for each field that any element has.

    A cell is None if the element lacks the field. `numeric` are the indexes of the columns that contain only numbers.
    """

    path: str
    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Fact | None, ...], ...]
    numeric: frozenset[int]


@dataclass(frozen=True, slots=True)
class Section:
    """An object of the document, or the document itself, whose `path` is ""."""

    path: str
    label: str
    facts: tuple[Fact, ...]
    sections: tuple["Section", ...]
    tables: tuple[ArrayTable, ...]


def section(document: dict[str, Any], formatter: ValueFormatter, path: str = "") -> Section:
    """The section of a document or of one of its objects."""
    facts: list[Fact] = []
    sections: list[Section] = []
    tables: list[ArrayTable] = []
    for key, value in document.items():
        inner = f"{path}.{key}" if path else key
        match value:
            case dict() if value:
                sections.append(section(value, formatter, inner))
            case [dict(), *_] if all(isinstance(element, dict) for element in value):
                tables.append(_table(inner, value, formatter))
            case _:
                facts.append(formatter.fact(inner, value))
    return Section(path, _label(path, formatter), tuple(facts), tuple(sections), tuple(tables))


def _table(path: str, elements: list[dict[str, Any]], formatter: ValueFormatter) -> ArrayTable:
    rows = [{name: formatter.fact(name, value) for name, value in _flat(element, f"{path}.")} for element in elements]
    paths = list(dict.fromkeys(path for result_row in rows for path in result_row))
    kinds = [{result_row[name].kind for result_row in rows if name in result_row} for name in paths]
    return ArrayTable(
        path=path,
        label=_label(path, formatter),
        columns=tuple(formatter.label(name, path) for name in paths),
        rows=tuple(tuple(result_row.get(name) for name in paths) for result_row in rows),
        numeric=frozenset(place for place, column_kinds in enumerate(kinds) if column_kinds <= {"number", "none"}),
    )


def _label(path: str, formatter: ValueFormatter) -> str:
    return formatter.label(path, path.rpartition(".")[0])


def _flat(element: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in element.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{path}.")
        else:
            yield path, value
