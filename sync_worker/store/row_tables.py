"""The row tables and the pending documents: what one folded batch writes. Their SQL is in `Statements`."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

import apsw

from read_model.catalog.catalog import TableName
from read_model.sqlite.statements import TableStatements
from sync_worker.errors import ShapeError
from sync_worker.log.row_shape import Key, Row
from sync_worker.log.table_changes import TableChanges
from sync_worker.store.pending_sql import QUARANTINE, LaneStatements
from sync_worker.store.row_store import RowStore
from sync_worker.store.statements import Statements

MISFITS = (apsw.MismatchError, apsw.ConstraintError, apsw.TooBigError)
"""SQLite's errors for values that are not of their column's type. Every error of a function that is registered with it
is one as well: what it expects of a value may be broken in any way."""


class Rows:
    """The source's rows. Call every method inside a transaction of the row store.

    The methods that take rows or keys raise ShapeError when a value does not fit its column."""

    def __init__(self, store: RowStore, statements: Statements) -> None:
        self._store = store
        self._statements = self.sql = statements
        self.cursors: dict[LaneStatements, int] = {lane: 0 for lane in statements.lanes}
        """The last `touch` of each lane that was taken for a build; documents with a later one have not been taken."""
        self._lanes = sorted(statements.lanes, key=lambda lane: lane.fan_out)
        """The lanes `fresh` first: what waits there is not added to the lane `fan_out`."""
        self._fresh = {lane.document: lane for lane in statements.lanes if not lane.fan_out}

    def create(self) -> None:
        """Create the tables that are missing, and convert those of an earlier version."""
        for table, steps in self._statements.respell.items():
            created = self._store.value("SELECT sql FROM sqlite_master WHERE name = ?", (table,))
            if created is not None and "COLLATE BINARY" not in created:
                with self._store.transaction():
                    for sql in steps:
                        self._store.execute(sql)
        for sql in self._statements.create:
            self._store.execute(sql)

    def apply(self, tables: Mapping[TableName, TableChanges]) -> None:
        """Write the rows' last states, and touch every document that showed them before or shows them after.

        All are touched at the batch's first LSN, because several joins may reach one document, each at another LSN:
        so LSNs rise with `touch`, and the first pending document has the lowest (invariant 6)."""
        lsn = min(changes.first_lsn() for changes in tables.values())
        changed = [self._statements.tables[table] for table in tables]
        for table in changed:
            self._mark(table, tables[table.table], lsn)
        self._touch(changed)
        for table in changed:
            self._write(table, tables[table.table])
        self._touch(changed)
        for table in changed:
            self._store.execute(table.clear_changed)

    def _mark(self, table: TableStatements, changes: TableChanges, lsn: int) -> None:
        if changes.truncated_at is not None:
            self._store.execute(table.mark_all, (lsn,))
        # Keys without a row: those that were deleted, and those of a transaction that is not folded to its end.
        absent = [(*key, lsn) for key in changes.touched if changes.rows.get(key) is None]
        present = changes.present()
        with self._fitting(table, present):
            self._store.execute_many(table.mark_key, absent)
            self._store.execute_many(table.mark, [(*row, lsn) for row in present])

    def _write(self, table: TableStatements, changes: TableChanges) -> None:
        if changes.truncated_at is not None:
            self._store.execute(table.truncate)
        deleted = [key for key, row in changes.rows.items() if row is None]
        present = changes.present()
        with self._fitting(table, present):
            self._store.execute_many(table.delete, deleted)
            self._store.execute_many(table.upsert, present)

    def _touch(self, tables: list[TableStatements]) -> None:
        for lane in self._lanes:
            cursors = {"cursor": self.cursors[lane], "fresh_cursor": self.cursors[self._fresh[lane.document]]}
            for table in tables:
                for sql in lane.touch.get(table.table, ()):
                    self._store.execute(sql, cursors)

    def touch_all(self, lsn: int) -> None:
        """Make the document of every root row pending."""
        for lane in self._statements.lanes:
            if lane.touch_all:
                self._store.execute(lane.touch_all, {"cursor": self.cursors[lane], "lsn": lsn})

    def touch_quarantined(self, document: str, id_: str | None, lsn: int) -> int:
        """Make quarantined documents of a kind (one, or all) pending. Returns their number."""
        counted = f"SELECT count(*) FROM {QUARANTINE} WHERE document = ?1 AND (?2 IS NULL OR id = ?2)"
        for lane in self._statements.lanes:
            if lane.touch_quarantined and lane.document == document:
                self._store.execute(lane.touch_quarantined, {"cursor": self.cursors[lane], "lsn": lsn, "id": id_})
        return int(self._store.value(counted, (document, id_)))

    def touch_ids(self, document: str, ids: bytes, lsn: int) -> None:
        """Make the documents of these ids (a JSON array of texts) pending, if they have a root row."""
        for lane in self._statements.lanes:
            if lane.touch_ids and lane.document == document:
                self._store.execute(lane.touch_ids, {"cursor": self.cursors[lane], "lsn": lsn, "ids": ids.decode()})

    def differs(self, table: TableName, row: Row) -> bool:
        """Whether the stored row with this key differs or does not exist."""
        statements = self._statements.tables[table]
        with self._fitting(statements, [row]):
            return bool(self._store.value(statements.differs, row))

    def stored(self, table: TableName, key: Key) -> Row | None:
        """The stored row with a key."""
        statements = self._statements.tables[table]
        with self._fitting(statements):
            row: Row | None = self._store.execute(statements.select, key).fetchone()
        return row

    def begin_snapshot(self, only: Collection[TableName] | None = None) -> None:
        """Create empty tables for a snapshot, next to those of the rows: for some tables, or for all."""
        for table in self._statements.tables.values():
            if only is None or table.table in only:
                for sql in table.begin_snapshot:
                    self._store.execute(sql)

    def load(self, table: TableName, rows: list[Row]) -> None:
        """Add rows to the snapshot of a table."""
        statements = self._statements.tables[table]
        with self._fitting(statements, rows):
            self._store.execute_many(statements.load, rows)

    @contextmanager
    def _fitting(self, table: TableStatements, rows: Iterable[Row] = ()) -> Iterator[None]:
        """Turn the errors of values that are not of their column's type into a ShapeError, which names the first such
        column of `rows` and no value."""
        try:
            yield
        except Exception as error:
            if isinstance(error, apsw.Error) and not isinstance(error, MISFITS):
                raise
            columns = (column for row in rows for column in self._misfits(table, row))
            column = next(columns, None)
            raise ShapeError(
                f"A row of {table.table} does not fit the definition that the spec was resolved with"
                f" ({'' if column is None else f'column {column}: '}{type(error).__name__}).",
                table.table,
            ) from error

    def _misfits(self, table: TableStatements, row: Row) -> Iterator[str]:
        for (column, conversion), value in zip(table.conversions.items(), row, strict=True):
            try:
                self._store.value(conversion, (value,))
            except Exception:  # noqa: BLE001 The same error as of the whole statement, which is raised.
                yield column

    def finish_snapshot(self, lsn: int) -> None:
        """Replace all rows with the snapshot. Touched documents whose root row is gone become deletes."""
        self.touch_all(lsn)
        for table in self._statements.tables:
            self.swap(table)
        self.touch_all(lsn)

    def replace(self, tables: Collection[TableName], lsn: int) -> int:
        """Replace the rows of tables with what was loaded, and touch the documents of rows that differ.

        Returns the number of differing rows."""
        replaced = [self._statements.tables[table] for table in tables]
        for table in replaced:
            for sql in table.mark_differing:
                self._store.execute(sql, (lsn,))
        changed = sum(int(self._store.value(table.count_changed)) for table in replaced)
        self._touch(replaced)
        for table in replaced:
            self.swap(table.table)
        self._touch(replaced)
        for table in replaced:
            self._store.execute(table.clear_changed)
        return changed

    def swap(self, table: TableName) -> None:
        """Replace the rows of a table with what was loaded, without touching any document."""
        for sql in self._statements.tables[table].finish_snapshot:
            self._store.execute(sql)
