"""The tables and columns that the documents of a pipeline use: these are captured, stored and indexed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from read_model.catalog.catalog import Catalog, Column, TableName
from read_model.plan.model import DocumentPlan, Join, Node, TableUse, nodes
from read_model.plan.names import key_columns
from read_model.plan.used_columns import junction_columns, node_columns, places_below


@dataclass(slots=True)
class _Needs:
    columns: set[str] = field(default_factory=set)
    lookups: dict[tuple[str, ...], None] = field(default_factory=dict)


@dataclass(slots=True)
class _Collector:
    tables: dict[TableName, _Needs] = field(default_factory=dict)

    def need(self, table: TableName, columns: Iterable[Column]) -> None:
        self.tables.setdefault(table, _Needs()).columns.update(column.name for column in columns)

    def look_up(self, table: TableName, columns: tuple[Column, ...]) -> None:
        self.need(table, columns)
        self.tables[table].lookups[tuple(column.name for column in columns)] = None

    def join(self, left: TableName, right: TableName, join: Join) -> None:
        self.look_up(left, join.left)
        self.look_up(right, join.right)


def table_uses(documents: Iterable[DocumentPlan], catalog: Catalog) -> tuple[TableUse, ...]:
    """Every table of the documents with the columns they use, sorted by name."""
    collector = _Collector()
    for document in documents:
        collector.look_up(document.root.table, document.id)
        for node in nodes(document.root):
            _collect(node, collector)
    return tuple(_table_use(name, needs, catalog) for name, needs in sorted(collector.tables.items()))


def _collect(node: Node, collector: _Collector) -> None:
    collector.need(node.table, node_columns(node))
    for include, columns in places_below(node):
        child = include.node.table
        collector.need(child, columns)
        if include.join:
            collector.join(node.table, child, include.join)
        if include.through:
            collector.join(node.table, include.through.table, include.through.enter)
            collector.join(include.through.table, child, include.through.leave)
            collector.need(include.through.table, junction_columns(include))


def _table_use(name: TableName, needs: _Needs, catalog: Catalog) -> TableUse:
    table = catalog.tables[name]
    return TableUse(
        table=name,
        columns=tuple(column for column in table.columns.values() if column.name in needs.columns),
        primary_key=key_columns(table),
        lookups=tuple(sorted(group for group in needs.lookups if set(group) != set(table.primary_key))),
        deferrable=table.deferrable_key and table.replica_identity != "i",
    )
