"""Derives relations from foreign keys: objects, arrays, and junctions between two tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from read_model.catalog.catalog import Catalog, Table
from read_model.catalog.column_types import INSTANTS, not_a_key, not_joinable, unsupported
from read_model.plan.joins import Link, links_down, links_up
from read_model.plan.names import is_unique, key_columns

ID_SUFFIX = re.compile(r"(?i)(?<=[a-z0-9])_?(id|uuid|key|code|no|number|fk)$")


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation from one table to another. `link` is the foreign key that is followed; for kind `junction` it leads
    from the junction to the first table, and `leave` to `right`. `only`: there is no other key, so a spec need
    not name it."""

    kind: Literal["object", "single", "array", "junction"]
    right: Table
    link: Link
    only: bool
    junction: Table | None = None
    leave: Link | None = None


def usable(table: Table) -> bool:
    """Whether documents can use a table: it has a primary key of supported types."""
    keys = key_columns(table)
    return bool(keys) and not any(unsupported(key) or not_a_key(key) for key in keys)


def to_one(left: Table, catalog: Catalog) -> Iterator[Relation]:
    """The tables that a row refers to."""
    for right in catalog.tables.values():
        links = [link for link in links_up(left, right) if usable(right) and _joinable(link, left, right)]
        for link in links:
            yield Relation("object", right, link, len(links_up(left, right)) == 1)


def to_many(left: Table, catalog: Catalog) -> Iterator[Relation]:
    """The tables whose rows refer to a row: at most one, many, or many through a junction."""
    for right in catalog.tables.values():
        if not usable(right):
            continue
        links = links_down(left, right)
        if junctions := _junctions(right, left, catalog):
            yield from junctions
            continue
        for link in links:
            if _joinable(link, left, right):
                single = is_unique(right, link.columns)
                upward = bool(links_up(left, right))
                yield Relation(
                    "single" if single else "array", right, link, len(links) == 1 and not (single and upward)
                )


def _junctions(middle: Table, left: Table, catalog: Catalog) -> list[Relation]:
    """The many-to-many relations from `left` through a table that has two foreign keys as its key and otherwise only
    dates and times (when a tag was set, for example). There are two if both keys refer to `left`."""
    links = [Link(key, key.columns, key.target_columns) for key in middle.foreign_keys]
    if len(links) != 2 or not _identified_by(middle, {*links[0].columns, *links[1].columns}):
        return []
    relations = []
    for enter, leave in (links, links[::-1]):
        right = catalog.tables.get(leave.key.target)
        if enter.key.target != left.name or right is None or not usable(right):
            continue
        if _joinable(enter, middle, left) and _joinable(leave, middle, right):
            relations.append(Relation("junction", right, enter, right.name != left.name, middle, leave))
    return relations


def _identified_by(middle: Table, columns: set[str]) -> bool:
    if columns not in [set(key) for key in (middle.primary_key, *middle.unique_keys)]:
        return False
    rest = [column for name, column in middle.columns.items() if name not in columns | set(middle.primary_key)]
    return all(column.type in INSTANTS for column in rest)


def _joinable(link: Link, left: Table, right: Table) -> bool:
    pairs = zip(link.left, link.right, strict=True)
    return not any(not_joinable(left.columns[a], right.columns[b]) for a, b in pairs)


def row_noun(link: Link, default: str) -> str:
    """The noun for the row that a foreign key refers to: `customer` for customer_id."""
    if len(link.columns) > 1:
        return default
    return ID_SUFFIX.sub("", link.columns[0]) or default
