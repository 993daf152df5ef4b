"""Which fields of documents show personal data: those that the spec marks, and every other field with the same data."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from read_model.catalog.catalog import TableName
from read_model.plan.model import DocumentPlan, Field, Node

PersonalKind = str | bool
"""The value of `pii:`: a word, or true."""


@dataclass(frozen=True, slots=True)
class PersonalColumn:
    """A column, or the value at a path in it, that holds personal data of some kind."""

    table: TableName
    column: str
    path: tuple[str, ...]
    kind: PersonalKind

    def shows(self, table: TableName, column: str, path: tuple[str, ...]) -> bool:
        """Whether the value at this place is the personal value, contains it, or is part of it."""
        shared = min(len(path), len(self.path))
        return (self.table, self.column, self.path[:shared]) == (table, column, path[:shared])


def personal_columns(documents: Iterable[DocumentPlan]) -> tuple[PersonalColumn, ...]:
    """The columns that a field of the documents marks with `pii`."""
    return tuple(column for document in documents for column in _of_node(document.root))


def _of_node(node: Node) -> Iterator[PersonalColumn]:
    for field in node.fields:
        if kind := field.options.get("pii"):
            yield PersonalColumn(node.table, field.column.name, field.path, kind)
    for include in node.includes:
        yield from _of_node(include.node)


def kinds_of(field: Field, table: TableName, personal: tuple[PersonalColumn, ...]) -> PersonalKind | list[str] | None:
    """The kind of personal data that a field shows, or a list of several.

    Its own `pii` option, even `false`, decides."""
    if "pii" in field.options:
        option: PersonalKind = field.options["pii"]
        return option
    return inherited(table, field.column.name, field.path, personal)


def inherited(
    table: TableName, column: str, path: tuple[str, ...], personal: tuple[PersonalColumn, ...]
) -> PersonalKind | list[str] | None:
    """The kinds that other fields with the same data give it."""
    kinds = {marked.kind for marked in personal if marked.shows(table, column, path)}
    if len(kinds) > 1:
        return sorted("personal" if kind is True else str(kind) for kind in kinds)
    return kinds.pop() if kinds else None
