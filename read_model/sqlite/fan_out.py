"""Fan-out: from changed rows to the documents that show them, along the plan's joins from the changed table up to
the root.

The queries read the current rows. Run before and after a batch is applied, they yield every document whose old or
new version shows a changed row. They do not apply filters: an extra document does no harm.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, Include, Join, Node, relations
from read_model.sqlite.json_builder import column_of, matches
from read_model.sqlite.rows import CHANGED, table_name

Lane = Literal["fresh", "fan_out"]
LANES: tuple[Lane, ...] = ("fresh", "fan_out")


@dataclass(frozen=True, slots=True)
class Reach:
    """One path from a source table to documents. `select` yields the keys (k0, k1, …) and the first LSN (first_lsn)
    of every document reached from the table's changed keys. In the lane `fresh` a row reaches few documents, in
    `fan_out` maybe many."""

    lane: Lane
    select: str


@dataclass(frozen=True, slots=True)
class _Step:
    """A join from a table (`left`) to the one below it (`right`).

    `shared`: many left rows can match the same right row."""

    left: TableName
    right: TableName
    join: Join
    shared: bool


_Path = tuple[_Step, ...]


def fan_out(document: DocumentPlan, table: TableName) -> tuple[Reach, ...]:
    """All paths from a source table to the documents, one for each place of the table in the plan; without
    duplicates."""
    key = _primary_keys(document).get(table, ())
    reaches = [_reach(document, path, key) for path in _paths(document.root) if _end(document, path) == table]
    return tuple(dict.fromkeys(reaches))


def source_tables(document: DocumentPlan) -> tuple[TableName, ...]:
    """The source tables whose changes can reach the document, the root first."""
    return tuple(_primary_keys(document))


def table_paths(
    document: DocumentPlan,
) -> Iterator[tuple[TableName, tuple[Column, ...], tuple[tuple[TableName, Join], ...]]]:
    """Every place of a table in the plan: the table, its key, and the joins from the root to it, each with its right
    table."""
    keys = _primary_keys(document)
    for path in _paths(document.root):
        table = _end(document, path)
        yield table, keys[table], tuple((step.right, step.join) for step in path)


def _primary_keys(document: DocumentPlan) -> dict[TableName, tuple[Column, ...]]:
    keys: dict[TableName, tuple[Column, ...]] = {}
    pending = [document.root]
    while pending:
        node = pending.pop(0)
        keys.setdefault(node.table, node.primary_key)
        for include in relations(node):
            if include.through:
                keys.setdefault(include.through.table, include.through.primary_key)
            pending.append(include.node)
    return keys


def _end(document: DocumentPlan, path: _Path) -> TableName:
    return path[-1].right if path else document.root.table


def _paths(node: Node, before: _Path = ()) -> Iterator[_Path]:
    """Every place in the plan at and below a node, as the steps that lead there. A junction is also a place."""
    yield before
    for include in relations(node):
        steps = _steps(node, include)
        if len(steps) == 2:
            yield (*before, steps[0])
        yield from _paths(include.node, (*before, *steps))


def _steps(node: Node, include: Include) -> _Path:
    if include.through:
        enter = _Step(node.table, include.through.table, include.through.enter, _shared(node, include.through.enter))
        return enter, _Step(include.through.table, include.node.table, include.through.leave, shared=True)
    return (_Step(node.table, include.node.table, include.direct_join, _shared(node, include.direct_join)),)


def _shared(node: Node, join: Join) -> bool:
    return not set(node.primary_key) <= set(join.left)


def _reach(document: DocumentPlan, path: _Path, key: tuple[Column, ...]) -> Reach:
    lane: Lane = "fan_out" if any(step.shared for step in path) else "fresh"
    changed = f"temp.{table_name(_end(document, path), CHANGED)} c"
    if not path and document.id == key:
        return Reach(lane, f"SELECT {_keys([f'c.k{n}' for n in range(len(key))])}, c.lsn AS first_lsn FROM {changed}")
    # Aliases count from the root, r0. CROSS JOIN fixes SQLite's join order: changed keys first, then up to the root.
    last = len(path)
    own = " AND ".join(f"{column_of(f'r{last}', column)} = c.k{n}" for n, column in enumerate(key))
    tables = [changed, f"{table_name(_end(document, path))} r{last} ON {own}"]
    for n in range(last, 0, -1):
        step = path[n - 1]
        tables.append(f"{table_name(step.left)} r{n - 1} ON {_upwards(step.join, n)}")
    ids = [column_of("r0", column) for column in document.id]
    select = (
        f"SELECT {_keys(ids)}, min(c.lsn) AS first_lsn FROM {' CROSS JOIN '.join(tables)} GROUP BY {', '.join(ids)}"
    )
    return Reach(lane, select)


def _upwards(join: Join, n: int) -> str:
    return matches(Join(left=join.right, right=join.left), f"r{n}", f"r{n - 1}")


def _keys(expressions: list[str]) -> str:
    return ", ".join(f"{expression} AS k{n}" for n, expression in enumerate(expressions))
