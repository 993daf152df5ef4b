"""A document in parts: its own facts, the objects in it, and its arrays as tables. The order is that of the spec."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from search_api.pages.values import Fact, ValueFormatter


@dataclass(frozen=True, slots=True)
class ArrayTable:
    """An array of objects: a column, by its name in words, for each field that any element has.

    A cell's `None` is a field that is not there. `numeric` are the columns of numbers alone, by their places."""

    path: str
    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Fact | None, ...], ...]
    numeric: frozenset[int]


@dataclass(frozen=True, slots=True)
class Section:
    """An object of the document, or the document itself (`path` is "")."""

    path: str
    label: str
    facts: tuple[Fact, ...]
    parts: tuple["Section", ...]
    tables: tuple[ArrayTable, ...]


def section(document: dict[str, Any], writer: ValueFormatter, path: str = "") -> Section:
    """A document, or an object of one, in parts."""
    facts: list[Fact] = []
    parts: list[Section] = []
    tables: list[ArrayTable] = []
    for key, value in document.items():
        inner = f"{path}.{key}" if path else key
        match value:
            case dict() if value:
                parts.append(section(value, writer, inner))
            case [dict(), *_] if all(isinstance(one, dict) for one in value):
                tables.append(_table(inner, value, writer))
            case _:
                facts.append(writer.fact(inner, value))
    return Section(path, _label(path, writer), tuple(facts), tuple(parts), tuple(tables))


def _table(path: str, elements: list[dict[str, Any]], writer: ValueFormatter) -> ArrayTable:
    rows = [{name: writer.fact(name, value) for name, value in _flat(element, f"{path}.")} for element in elements]
    paths = list(dict.fromkeys(path for result_row in rows for path in result_row))
    kinds = [{result_row[name].kind for result_row in rows if name in result_row} for name in paths]
    return ArrayTable(
        path=path,
        label=_label(path, writer),
        columns=tuple(writer.label(name, path) for name in paths),
        rows=tuple(tuple(result_row.get(name) for name in paths) for result_row in rows),
        numeric=frozenset(place for place, found in enumerate(kinds) if found <= {"number", "none"}),
    )


def _label(path: str, writer: ValueFormatter) -> str:
    return writer.label(path, path.rpartition(".")[0])


def _flat(element: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in element.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{path}.")
        else:
            yield path, value
