"""Fan-out: from changed rows to the documents that show them, along the plan's joins from the changed table up to
the root.

The queries read the current rows. Run before and after a batch is applied, they yield every document whose old or
new version shows a changed row. They do not apply filters: an extra document does no harm. But they do apply which
columns changed: a place in the plan that uses none of them is not followed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, Include, Join, Node, TableUse, relations
from read_model.plan.used_columns import junction_columns, node_columns, places_below
from read_model.sqlite.json_builder import column_of, matches
from read_model.sqlite.rows import CHANGED, column_bits, table_name

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


@dataclass(frozen=True, slots=True)
class _Place:
    """A place of a table in the plan: the steps that lead there from the root, and the columns that it uses."""

    path: _Path
    columns: frozenset[Column]


def fan_out(document: DocumentPlan, use: TableUse) -> tuple[Reach, ...]:
    """All paths from a source table to the documents, one for each place of the table in the plan. Places that are
    reached by the same joins share one."""
    key = _primary_keys(document).get(use.table, ())
    paths: dict[_Path, frozenset[Column]] = {}
    for place in _places(document.root, document.id):
        if _end(document, place.path) == use.table:
            paths[place.path] = paths.get(place.path, frozenset()) | place.columns
    return tuple(_reach(document, path, key, _changed_any(use, columns)) for path, columns in paths.items())


def _changed_any(use: TableUse, columns: frozenset[Column]) -> str:
    """The condition that one of these columns changed; "" when any column of the table may be the one."""
    if columns.issuperset(use.columns):
        return ""
    return f" WHERE c.columns & {column_bits(use, columns)}"


def source_tables(document: DocumentPlan) -> tuple[TableName, ...]:
    """The source tables whose changes can reach the document, the root first."""
    return tuple(_primary_keys(document))


def table_paths(
    document: DocumentPlan,
) -> Iterator[tuple[TableName, tuple[Column, ...], tuple[tuple[TableName, Join], ...]]]:
    """Every place of a table in the plan: the table, its key, and the joins from the root to it, each with its right
    table."""
    keys = _primary_keys(document)
    for place in _places(document.root, document.id):
        table = _end(document, place.path)
        yield table, keys[table], tuple((step.right, step.join) for step in place.path)


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


def _places(node: Node, columns: Iterable[Column], before: _Path = ()) -> Iterator[_Place]:
    """Every place in the plan at and below a node, which its parent uses `columns` of. A junction is also a place."""
    yield _Place(before, frozenset((*columns, *node_columns(node))))
    for include, used in places_below(node):
        steps = _steps(node, include)
        if len(steps) == 2:
            yield _Place((*before, steps[0]), frozenset(junction_columns(include)))
        yield from _places(include.node, used, (*before, *steps))


def _steps(node: Node, include: Include) -> _Path:
    if include.through:
        enter = _Step(node.table, include.through.table, include.through.enter, _shared(node, include.through.enter))
        return enter, _Step(include.through.table, include.node.table, include.through.leave, shared=True)
    return (_Step(node.table, include.node.table, include.direct_join, _shared(node, include.direct_join)),)


def _shared(node: Node, join: Join) -> bool:
    return not set(node.primary_key) <= set(join.left)


def _reach(document: DocumentPlan, path: _Path, key: tuple[Column, ...], where: str) -> Reach:
    lane: Lane = "fan_out" if any(step.shared for step in path) else "fresh"
    changed = f"temp.{table_name(_end(document, path), CHANGED)} c"
    if not path and document.id == key:
        keys = _keys([f"c.k{n}" for n in range(len(key))])
        return Reach(lane, f"SELECT {keys}, c.lsn AS first_lsn FROM {changed}{where}")
    # Aliases count from the root, r0. CROSS JOIN fixes SQLite's join order: changed keys first, then up to the root.
    last = len(path)
    own = " AND ".join(f"{column_of(f'r{last}', column)} = c.k{n}" for n, column in enumerate(key))
    tables = [changed, f"{table_name(_end(document, path))} r{last} ON {own}"]
    for n in range(last, 0, -1):
        step = path[n - 1]
        tables.append(f"{table_name(step.left)} r{n - 1} ON {_upwards(step.join, n)}")
    ids = [column_of("r0", column) for column in document.id]
    joined, group = " CROSS JOIN ".join(tables), ", ".join(ids)
    return Reach(lane, f"SELECT {_keys(ids)}, min(c.lsn) AS first_lsn FROM {joined}{where} GROUP BY {group}")


def _upwards(join: Join, n: int) -> str:
    return matches(Join(left=join.right, right=join.left), f"r{n}", f"r{n - 1}")


def _keys(expressions: list[str]) -> str:
    return ", ".join(f"{expression} AS k{n}" for n, expression in enumerate(expressions))
