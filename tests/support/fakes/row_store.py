"""A row store in memory, driven only through the compiled statements, as the worker drives its own."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import apsw
import msgspec

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, TableUse
from read_model.sqlite import functions, rows
from read_model.sqlite.documents import id_of_root
from read_model.sqlite.fan_out import LANES
from read_model.sqlite.json_builder import conditions
from sync_worker.store import pending_sql


def sent(column: Column, value: Any) -> Any:
    """A Python value as the worker binds it: Debezium's JSON value, decoded."""
    if column.type in ("float4", "float8"):
        return msgspec.Raw(b"null" if value is None else str(value).encode())
    return str(value) if isinstance(value, Decimal) else value


class RowStore:
    """All tables and pending tables of the given documents."""

    def __init__(self, tables: Iterable[TableUse], documents: Iterable[DocumentPlan]) -> None:
        self.connection = apsw.Connection(":memory:")
        functions.register(self.connection)
        self.tables = {use.table: use for use in tables}
        self.documents = tuple(documents)
        for use in self.tables.values():
            for statement in (
                *rows.create_table(use),
                *rows.create_indexes(use),
                rows.create_changed(use),
            ):
                self.connection.execute(statement)
        for document in self.documents:
            for lane in LANES:
                self.connection.execute(pending_sql.create_pending(document, lane))

    def upsert(self, table: TableName, row: Mapping[str, Any]) -> None:
        """Insert or replace a row of Python values."""
        use = self.tables[table]
        values = [sent(column, row[column.name]) for column in use.columns]
        self.connection.execute(rows.upsert(use), values)

    def delete(self, table: TableName, key: Iterable[Any]) -> None:
        """Delete the row with a key."""
        self.connection.execute(rows.delete(self.tables[table]), tuple(key))

    def note_changed(
        self, table: TableName, key: Iterable[Any], row: Mapping[str, Any] | None = None, lsn: int = 1
    ) -> None:
        """Add a key to the batch's changed keys: that of a deleted row, or of `row` if that is not stored."""
        use = self.tables[table]
        if row is None:
            self.connection.execute(rows.insert_changed(use), (*key, lsn))
        else:
            values = [sent(column, row[column.name]) for column in use.columns]
            self.connection.execute(rows.mark_changed(use), (*values, lsn))

    def touch_changed(self, cursor: int = 0) -> None:
        """Make pending what the changed keys reach now."""
        for document in self.documents:
            for use in self.tables.values():
                for _, statement in pending_sql.touch_changed(document, use):
                    self.connection.execute(statement, {"cursor": cursor, "fresh_cursor": cursor})

    def pending(self, document: DocumentPlan) -> set[str]:
        """The ids of all pending documents."""
        return {action[1] for lane in LANES for action in self.built(document, lane)}

    def build_all(self, document: DocumentPlan) -> dict[str, bytes]:
        """Every document by id, through the pending tables."""
        lane = LANES[0]
        self.connection.execute(pending_sql.touch_all(document, lane), {"cursor": 0, "lsn": 1})
        built = {identity: body for kind, identity, body in self.built(document, lane) if kind == "index"}
        root, where = rows.table_name(document.root.table), conditions(document.root.where, "r")
        ids = self.connection.execute(f"SELECT {id_of_root(document, 'r')} FROM {root} r WHERE true{where}")
        assert {identity for (identity,) in ids} == set(built)
        return built

    def built(self, document: DocumentPlan, lane: Any) -> Iterator[tuple[str, str, bytes]]:
        """The operation, id and document of everything pending in a lane."""
        statement = pending_sql.build(document, lane)
        parameters = {"after": 0, "limit": 1_000_000, "version": 2**48 + 5}
        for _, body, deleted in self.connection.execute(statement, parameters):
            assert body.endswith(b"\n")
            action, *lines = body.removesuffix(b"\n").split(b"\n")
            ((kind, meta),) = msgspec.json.decode(action).items()
            assert (meta["version"], meta["version_type"]) == (2**48 + 5, "external_gte")
            assert (kind == "delete") == bool(deleted) == (not lines)
            yield kind, meta["_id"], b"".join(lines)
