"""Where a document's parts come from: a PostgreSQL query that yields the rows behind one document instead of their values."""

from collections.abc import Iterator
from itertools import count

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, Include, Node
from read_model.postgres.documents import column_of, conditions, constant_text, order_of, restriction, source_of
from read_model.types.value_forms import fill, form

MOST_ROWS = 100
"""Rows of one array that are named."""


def parts_query(document: DocumentPlan, committed: bool, indexed: bool = True) -> str:
    """The rows behind the documents of `%s` (a list of id texts), a JSON array a document.

    A row is `{"path", "table", "key", "xid", "age", "committed_ms"}`: the path inside the document (empty for the root), the id of the
    transaction that wrote this version of the row, how many transactions ago that was, and with `committed` (the server keeps
    commit times) when it was committed, in Unix ms."""
    rows = " UNION ALL ".join(_Rows(committed).of(document))
    where = conditions(document.root.where, "r").replace("%", "%%")
    return (
        f"SELECT (SELECT json_agg(row) FROM ({rows.replace('%', '%%')}) rows(row))::text"
        f" FROM {document.root.table.quoted} r WHERE true{where} AND {restriction(document, indexed)}"
    )


class _Rows:
    """One SELECT for each table's part of a document, in the document's order; all refer to the root row `r`."""

    def __init__(self, committed: bool) -> None:
        self._committed = committed
        self._numbers = count(1)

    def of(self, document: DocumentPlan) -> Iterator[str]:
        """All SELECTs."""
        yield f"SELECT {self._row('', document.root.table, document.root.primary_key, 'r')}"
        yield from self._below(document.root, "r", "", "")

    def _below(self, node: Node, alias: str, path: str, tables: str) -> Iterator[str]:
        """Those of the includes of a node; `tables` are the FROM items that lead to it."""
        for include in self._includes(node):
            child = f"t{next(self._numbers)}"
            here = f"{path}.{include.name}" if path else include.name
            joined = (
                tables + (" CROSS JOIN " if tables else "") + f"LATERAL ({self._found(include, alias, child)}) {child}"
            )
            node_row = self._row(here, include.node.table, include.node.primary_key, child)
            yield f"SELECT {node_row} FROM {joined}"
            if include.through is not None:
                link = self._row(here, include.through.table, include.through.primary_key, child, "rowtide_link_")
                yield f"SELECT {link} FROM {joined}"
            yield from self._below(include.node, child, here, joined)

    def _includes(self, node: Node) -> Iterator[Include]:
        """Includes, and those of computes that read other rows."""
        yield from node.includes
        known = {
            (each.node.table, each.join, each.through, each.node.where) for each in node.includes if each.limit is None
        }
        for compute in node.computes:
            include = compute.include
            if (include.node.table, include.join, include.through, include.node.where) not in known:
                yield Include(
                    compute.name,
                    True,
                    Node(include.node.table, include.node.primary_key, where=include.node.where),
                    include.join,
                    include.through,
                )

    def _found(self, include: Include, parent: str, child: str) -> str:
        """The rows of an include, in their order."""
        inner = f"{child}x"
        columns = [f"{inner}.*", f"{inner}.xmin AS rowtide_xmin"]
        if include.through is not None:
            link = f"{inner}j"
            keys = [f"{column_of(link, one)} AS {_link(one)}" for one in include.through.primary_key]
            columns += [*keys, f"{link}.xmin AS rowtide_link_xmin"]
        order = ", ".join(order_of(one, f"{inner}j" if one.junction else inner) for one in include.order_by)
        limit = min(include.limit or MOST_ROWS, MOST_ROWS)
        ordered = f" ORDER BY {order}" if order else ""
        return f"SELECT {', '.join(columns)} {source_of(include, parent, inner)}{ordered} LIMIT {limit}"

    def _row(self, path: str, table: TableName, key: tuple[Column, ...], alias: str, prefix: str = "") -> str:
        xmin = "r.xmin" if alias == "r" else f"{alias}.{prefix or 'rowtide_'}xmin"
        shown = ", ".join(
            f"{constant_text(one.name)}, {fill(form(one).oracle, f'{alias}.{_link(one)}' if prefix else column_of(alias, one))}"
            for one in key
        )
        when = (
            f"(extract(epoch FROM pg_xact_commit_timestamp({xmin})) * 1000)::int8" if self._committed else "NULL::int8"
        )
        return (
            f"json_build_object('path', {constant_text(path)}, 'table', {constant_text(str(table))},"
            f" 'key', json_build_object({shown}), 'xid', {xmin}::text::int8, 'age', age({xmin}), 'committed_ms', {when})"
        )


def _link(column: Column) -> str:
    return '"rowtide_link ' + column.name.replace('"', '""') + '"'
