"""The row tables and the pending documents: what one folded batch writes. All SQL text comes from `read_model`."""

from collections.abc import Collection, Mapping

from read_model.catalog.catalog import TableName
from sync_worker.log.changes import Key, Row, TableChanges
from sync_worker.store.row_store import RowStore
from sync_worker.store.statements import LaneStatements, Statements, TableStatements


class Rows:
    """The source's rows. Every method belongs inside a transaction of the row store."""

    def __init__(self, store: RowStore, statements: Statements) -> None:
        self._store = store
        self._statements = self.sql = statements
        self.cursors: dict[LaneStatements, int] = {lane: 0 for lane in statements.lanes}
        """The last `touch` of each lane that was taken to be built; later ones wait there for a first build."""

    def create(self) -> None:
        """Make the tables that are not there."""
        for sql in self._statements.create:
            self._store.execute(sql)

    def apply(self, tables: Mapping[TableName, TableChanges]) -> None:
        """Write the last states of the rows, and touch every document that saw them before or sees them after.

        All are touched at the batch's first LSN, so that LSNs rise with `touch` and the first that waits is the lowest
        (invariant 6): several ways may lead to one document, each at another LSN."""
        lsn = min(changes.first_lsn() for changes in tables.values())
        used = [self._statements.tables[table] for table in tables]
        for table in used:
            self._mark(table, tables[table.table], lsn)
        self._touch(used)
        for table in used:
            self._write(table, tables[table.table])
        self._touch(used)
        for table in used:
            self._store.execute(table.clear_changed)

    def _mark(self, table: TableStatements, changes: TableChanges, lsn: int) -> None:
        if changes.truncated_at is not None:
            self._store.execute(table.mark_all, (lsn,))
        self._store.execute_many(table.mark, [(*key, lsn) for key in changes.touched])

    def _write(self, table: TableStatements, changes: TableChanges) -> None:
        if changes.truncated_at is not None:
            self._store.execute(table.truncate)
        gone = [key for key, row in changes.rows.items() if row is None]
        if gone:
            self._store.execute_many(table.delete, gone)
        kept = [row for row in changes.rows.values() if row is not None]
        if kept:
            self._store.execute_many(table.upsert, kept)

    def _touch(self, tables: list[TableStatements]) -> None:
        for lane in self._statements.lanes:
            for table in tables:
                for sql in lane.touch.get(table.table, ()):
                    self._store.execute(sql, {"cursor": self.cursors[lane]})

    def touch_all(self, lsn: int) -> None:
        """Every document that has a root row now is to be built."""
        for lane in self._statements.lanes:
            if lane.touch_all:
                self._store.execute(lane.touch_all, {"cursor": self.cursors[lane], "lsn": lsn})

    def touch_set_aside(self, document: str, id_: str | None, lsn: int) -> int:
        """Documents of this kind that are set aside (one, or all) are to be built. How many there are."""
        counted = "SELECT count(*) FROM set_aside WHERE document = ?1 AND (?2 IS NULL OR id = ?2)"
        for lane in self._statements.lanes:
            if lane.touch_set_aside and lane.document == document:
                self._store.execute(lane.touch_set_aside, {"cursor": self.cursors[lane], "lsn": lsn, "id": id_})
        return int(self._store.value(counted, (document, id_)))

    def touch_ids(self, document: str, ids: bytes, lsn: int) -> None:
        """The documents of these ids (a JSON array of texts) that have a root row are to be built."""
        for lane in self._statements.lanes:
            if lane.touch_ids and lane.document == document:
                self._store.execute(lane.touch_ids, {"cursor": self.cursors[lane], "lsn": lsn, "ids": ids.decode()})

    def differs(self, table: TableName, row: Row) -> bool:
        """Whether a row is not kept just like this."""
        return bool(self._store.value(self._statements.tables[table].differs, row))

    def stored(self, table: TableName, key: Key) -> Row | None:
        """A row as it is kept, or None."""
        row: Row | None = self._store.execute(self._statements.tables[table].stored, key).fetchone()
        return row

    def begin_snapshot(self, only: Collection[TableName] | None = None) -> None:
        """Make room for a new snapshot beside the rows that are served; of some tables, or of all."""
        for table in self._statements.tables.values():
            if only is None or table.table in only:
                for sql in table.begin_snapshot:
                    self._store.execute(sql)

    def load(self, table: TableName, rows: list[Row]) -> None:
        """Add rows to the snapshot that is being read."""
        self._store.execute_many(self._statements.tables[table].load, rows)

    def finish_snapshot(self, lsn: int) -> None:
        """The snapshot replaces the rows. Documents of roots that are gone are touched too: they become deletes."""
        self.touch_all(lsn)
        for table in self._statements.tables:
            self.swap(table)
        self.touch_all(lsn)

    def replace(self, tables: Collection[TableName], lsn: int) -> int:
        """What was loaded of these tables replaces their rows; documents of rows that differ are touched. How many do."""
        used = [self._statements.tables[table] for table in tables]
        for table in used:
            for sql in table.mark_differing:
                self._store.execute(sql, (lsn,))
        changed = sum(int(self._store.value(table.changed)) for table in used)
        self._touch(used)
        for table in used:
            self.swap(table.table)
        self._touch(used)
        for table in used:
            self._store.execute(table.clear_changed)
        return changed

    def swap(self, table: TableName) -> None:
        """What was loaded of a table replaces its rows; nothing is touched."""
        for sql in self._statements.tables[table].finish_snapshot:
            self._store.execute(sql)
