"""What a database's foreign keys mean for documents: objects, arrays, and junctions between two tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from read_model.catalog.catalog import Catalog, Table
from read_model.catalog.column_types import INSTANTS, not_a_key, not_joinable, unsupported
from read_model.plan.joins import Link, links_down, links_up
from read_model.plan.names import is_unique

ID_SUFFIX = re.compile(r"(?i)(?<=[a-z0-9])_?(id|uuid|key|code|no|number|fk)$")


@dataclass(frozen=True, slots=True)
class Relation:
    """One way from a table to another. `link` is the key followed (to the junction's parent for `junction`);
    `leave` is the junction's key to `right`; `alone` tells that the key need not be named, because there is no other."""

    kind: Literal["object", "single", "array", "junction"]
    right: Table
    link: Link
    alone: bool
    junction: Table | None = None
    leave: Link | None = None


def usable(table: Table) -> bool:
    """Whether documents can hold rows of a table."""
    keys = [table.columns[name] for name in table.primary_key]
    return bool(keys) and not any(unsupported(key) or not_a_key(key) for key in keys)


def to_one(left: Table, catalog: Catalog) -> Iterator[Relation]:
    """The tables that a row refers to."""
    for right in catalog.tables.values():
        links = [link for link in links_up(left, right) if usable(right) and _sound(link, left, right)]
        for link in links:
            yield Relation("object", right, link, len(links_up(left, right)) == 1)


def to_many(left: Table, catalog: Catalog) -> Iterator[Relation]:
    """The tables whose rows refer to a row: one at most, many, or many through a junction."""
    for right in catalog.tables.values():
        if not usable(right):
            continue
        links = links_down(left, right)
        if junctions := _junctions(right, left, catalog):
            yield from junctions
            continue
        for link in links:
            if _sound(link, left, right):
                single = is_unique(right, link.columns)
                upward = bool(links_up(left, right))
                yield Relation(
                    "single" if single else "array", right, link, len(links) == 1 and not (single and upward)
                )


def _junctions(middle: Table, left: Table, catalog: Catalog) -> list[Relation]:
    """The many-to-many relations that a table stands for: two foreign keys that identify its rows, and nothing else to show
    but moments (when a tag was set). Two of them when both keys refer to `left`."""
    links = [Link(key, key.columns, key.target_columns) for key in middle.foreign_keys]
    if len(links) != 2 or not _identified_by(middle, {*links[0].columns, *links[1].columns}):
        return []
    found = []
    for enter, leave in (links, links[::-1]):
        right = catalog.tables.get(leave.key.target)
        if enter.key.target != left.name or right is None or not usable(right):
            continue
        if _sound(enter, middle, left) and _sound(leave, middle, right):
            found.append(Relation("junction", right, enter, right.name != left.name, middle, leave))
    return found


def _identified_by(middle: Table, both: set[str]) -> bool:
    if both not in [set(key) for key in (middle.primary_key, *middle.unique_keys)]:
        return False
    rest = [column for name, column in middle.columns.items() if name not in both | set(middle.primary_key)]
    return all(column.type in INSTANTS for column in rest)


def _sound(link: Link, left: Table, right: Table) -> bool:
    pairs = zip(link.left, link.right, strict=True)
    return not any(not_joinable(left.columns[a], right.columns[b]) for a, b in pairs)


def spoken_key(link: Link, otherwise: str) -> str:
    """What people call the row that a key refers to: `customer` for customer_id."""
    if len(link.columns) > 1:
        return otherwise
    return ID_SUFFIX.sub("", link.columns[0]) or otherwise
