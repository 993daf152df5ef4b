"""The rows of a snapshot in the log: loaded next to the served ones, which they replace when the snapshot is complete.

A table whose rows do not fit the known definition costs only itself: its rows are ignored, and it is re-read after the
snapshot.
"""

from collections.abc import Mapping

import msgspec
import structlog

from read_model.catalog.catalog import TableName
from sync_worker.errors import ShapeError
from sync_worker.log.row_shape import Row, RowShape
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows

_log = structlog.get_logger()


class SnapshotRows:
    """Call every method inside a transaction of the row store."""

    def __init__(self, store: RowStore, rows: Rows, shapes: Mapping[TableName, RowShape]) -> None:
        self._store = store
        self._rows = rows
        self._shapes = shapes
        self._read: dict[TableName, list[Row]] = {}

    def begin(self, lsn: int) -> None:
        """Start with empty tables."""
        self._read = {}
        self._rows.begin_snapshot()
        self._store.move_snapshot(loading=lsn, unfit=())

    def add(self, table: TableName, image: msgspec.Raw) -> None:
        """Read a row. `write` loads it."""
        shape = self._shapes.get(table)
        if shape is None or table in self._store.position.snapshot.unfit:
            return
        try:
            self._read.setdefault(table, []).append(shape.row(image))
        except ShapeError as error:
            self._exclude(error)

    def write(self) -> None:
        """Load the rows that were read."""
        for table, rows in self._read.items():
            try:
                self._rows.load(table, rows)
            except ShapeError as error:
                self._exclude(error)
        self._read = {}

    def finish(self, lsn: int) -> None:
        """Replace the served rows; every document becomes pending at `lsn`."""
        self._rows.finish_snapshot(lsn)
        self._store.move_snapshot(loading=0)

    def _exclude(self, error: ShapeError) -> None:
        _log.warning("a row of the snapshot does not fit its table, which will be re-read", reason=str(error))
        unfit = self._store.position.snapshot.unfit
        self._store.move_snapshot(unfit=tuple(sorted({*unfit, error.table})))
