"""Which fields of documents show personal data: those that the spec names, and every other use of what those show. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from read_model.catalog.catalog import TableName
from read_model.plan.model import DocumentPlan, Field, Node

Kind = str | bool
"""What `pii:` says: a word, or true."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A column, or the value at a path inside of it, and the kind of personal data that it holds."""

    table: TableName
    column: str
    path: tuple[str, ...]
    kind: Kind

    def shows(self, table: TableName, column: str, path: tuple[str, ...]) -> bool:
        """Whether what is used there shows it: the same value, what it lies in, or a part of it."""
        shared = min(len(path), len(self.path))
        return (self.table, self.column, self.path[:shared]) == (table, column, path[:shared])


def personal_data(documents: Iterable[DocumentPlan]) -> tuple[Personal, ...]:
    """What the fields of the documents call personal."""
    return tuple(one for document in documents for one in _of_node(document.root))


def _of_node(node: Node) -> Iterator[Personal]:
    for one in node.fields:
        if kind := one.options.get("pii"):
            yield Personal(node.table, one.column.name, one.path, kind)
    for include in node.includes:
        yield from _of_node(include.node)


def kinds_of(field: Field, table: TableName, personal: tuple[Personal, ...]) -> Kind | list[str] | None:
    """What kind of personal data a field shows; several are a list. A field that says `pii` itself, also `false`, is as it says."""
    if "pii" in field.options:
        said: Kind = field.options["pii"]
        return said
    return inherited(table, field.column.name, field.path, personal)


def inherited(
    table: TableName, column: str, path: tuple[str, ...], personal: tuple[Personal, ...]
) -> Kind | list[str] | None:
    """The kinds that another use of the same data says."""
    kinds = {one.kind for one in personal if one.shows(table, column, path)}
    if len(kinds) > 1:
        return sorted("personal" if kind is True else str(kind) for kind in kinds)
    return kinds.pop() if kinds else None
