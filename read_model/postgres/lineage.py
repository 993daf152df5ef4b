"""Lineage of one document: a PostgreSQL query that yields the rows it is made of instead of their values."""

from collections.abc import Iterator
from itertools import count

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, Include, Node
from read_model.postgres.documents import (
    column_of,
    conditions,
    constant_text,
    escaped,
    order_of,
    restriction,
    source_of,
)
from read_model.types.value_form import fill
from read_model.types.value_forms import form

MAX_ROWS = 100
"""Rows of one array that the query yields."""
LINK = "rowtide_link_"


def parts_query(document: DocumentPlan, committed: bool, indexed: bool = True) -> str:
    """The rows of the documents in `%s` (a list of id texts): one JSON array for each document.

    A row is `{"path", "table", "key", "xid", "age", "committed_ms"}`: the path in the document (empty for the root),
    the id of the transaction that wrote this version of the row, its age in transactions, and, if `committed` (the
    server runs with track_commit_timestamp), the time of its commit in Unix ms."""
    rows = " UNION ALL ".join(_LineageRows(committed).of(document))
    where = escaped(conditions(document.root.where, "r"))
    return (
        f"SELECT (SELECT json_agg(row) FROM ({escaped(rows)}) rows(row))::text"
        f" FROM {document.root.table.rows} r WHERE true{where} AND {restriction(document, indexed)}"
    )


class _LineageRows:
    """One SELECT for each table's part of a document, in the document's order. All refer to the root row `r`."""

    def __init__(self, committed: bool) -> None:
        self._committed = committed
        self._numbers = count(1)

    def of(self, document: DocumentPlan) -> Iterator[str]:
        """The SELECTs of all parts."""
        yield f"SELECT {self._row('', document.root.table, document.root.primary_key, 'r')}"
        yield from self._below(document.root, "r", "", "")

    def _below(self, node: Node, alias: str, path: str, tables: str) -> Iterator[str]:
        """The SELECTs of a node's includes. `tables` are the FROM items that lead to the node."""
        for include in self._includes(node):
            child = f"t{next(self._numbers)}"
            here = ".".join(filter(None, (path, include.name)))
            item = f"LATERAL ({self._select(include, alias, child)}) {child}"
            joined = f"{tables} CROSS JOIN {item}" if tables else item
            row = self._row(here, include.node.table, include.node.primary_key, child)
            yield f"SELECT {row} FROM {joined}"
            if include.through is not None:
                row = self._row(here, include.through.table, include.through.primary_key, child, LINK)
                yield f"SELECT {row} FROM {joined}"
            yield from self._below(include.node, child, here, joined)

    def _includes(self, node: Node) -> Iterator[Include]:
        """The includes of a node, and those that its computes aggregate if their rows are not among the includes'."""
        yield from node.includes
        complete = [include for include in node.includes if include.limit is None]
        shown = {(include.node.table, include.join, include.through, include.node.where) for include in complete}
        for compute in node.computes:
            include = compute.include
            if (include.node.table, include.join, include.through, include.node.where) not in shown:
                rows = Node(include.node.table, include.node.primary_key, where=include.node.where)
                yield Include(compute.name, True, rows, include.join, include.through)

    def _select(self, include: Include, parent: str, child: str) -> str:
        """The rows of an include, in order, with the junction's key and the transactions that wrote them."""
        inner = f"{child}x"
        columns = [f"{inner}.*", f"{inner}.xmin AS rowtide_xmin"]
        if include.through is not None:
            link = f"{inner}j"
            columns += [f"{column_of(link, column)} AS {_link(column)}" for column in include.through.primary_key]
            columns.append(f"{link}.xmin AS {LINK}xmin")
        order = f" ORDER BY {order_of(include, inner)}" if include.order_by else ""
        limit = min(include.limit or MAX_ROWS, MAX_ROWS)
        return f"SELECT {', '.join(columns)} {source_of(include, parent, inner)}{order} LIMIT {limit}"

    def _row(self, path: str, table: TableName, key: tuple[Column, ...], alias: str, prefix: str = "") -> str:
        xmin = "r.xmin" if alias == "r" else f"{alias}.{prefix or 'rowtide_'}xmin"
        values = [(column, f"{alias}.{_link(column)}" if prefix else column_of(alias, column)) for column in key]
        pairs = ", ".join(f"{constant_text(column.name)}, {fill(form(column).oracle, sql)}" for column, sql in values)
        time = f"extract(epoch FROM pg_xact_commit_timestamp({xmin})) * 1000" if self._committed else "NULL"
        return (
            f"json_build_object('path', {constant_text(path)}, 'table', {constant_text(str(table))},"
            f" 'key', json_build_object({pairs}), 'xid', {xmin}::text::int8, 'age', age({xmin}),"
            f" 'committed_ms', ({time})::int8)"
        )


def _link(column: Column) -> str:
    return '"rowtide_link ' + column.name.replace('"', '""') + '"'
