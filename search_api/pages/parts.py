"""A document in parts: its own facts, the objects in it, and its arrays as tables. The order is that of the spec."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from search_api.pages.values import Fact, Writer


@dataclass(frozen=True, slots=True)
class Table:
    """An array of objects: a column for each field that any element has. A cell's `None` is a field that is not there."""

    path: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Fact | None, ...], ...]
    numeric: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """An object of the document, or the document itself (`path` is "")."""

    path: str
    facts: tuple[Fact, ...]
    parts: tuple["Part", ...]
    tables: tuple[Table, ...]


def part(document: dict[str, Any], writer: Writer, path: str = "") -> Part:
    """A document, or an object of one, in parts."""
    facts: list[Fact] = []
    parts: list[Part] = []
    tables: list[Table] = []
    for key, value in document.items():
        inner = f"{path}.{key}" if path else key
        match value:
            case dict() if value:
                parts.append(part(value, writer, inner))
            case [dict(), *_] if all(isinstance(one, dict) for one in value):
                tables.append(_table(inner, value, writer))
            case _:
                facts.append(writer.fact(inner, value))
    return Part(path, tuple(facts), tuple(parts), tuple(tables))


def _table(path: str, elements: list[dict[str, Any]], writer: Writer) -> Table:
    rows = [{name: writer.fact(name, value) for name, value in _flat(element, f"{path}.")} for element in elements]
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    numeric = frozenset(
        column for column in columns if {row[column].kind for row in rows if column in row} <= {"number", "none"}
    )
    return Table(path, columns, tuple(tuple(row.get(column) for column in columns) for row in rows), numeric)


def _flat(element: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in element.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{path}.")
        else:
            yield path, value
