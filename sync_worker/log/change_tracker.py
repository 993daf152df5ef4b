"""Tracks which rows the log changes while some of them are being read from the source."""

from collections.abc import Collection, Mapping

from read_model.catalog.catalog import TableName
from sync_worker.log.row_shape import Key
from sync_worker.log.table_changes import TableChanges

MAX_KEYS = 200_000
"""Keys tracked for each table; beyond that every row of the table counts as changed."""


class ChangeTracker:
    """Collects the changed keys of some tables between `start` and `stop`."""

    def __init__(self) -> None:
        self._keys: dict[TableName, set[Key]] = {}
        self._inexact: frozenset[TableName] = frozenset()
        self._all: set[TableName] = set()

    def start(self, tables: Collection[TableName], inexact: Collection[TableName]) -> None:
        """Forget everything, and collect the changes of these tables from now on.

        A change of an `inexact` table counts for all of its rows: the log and a SELECT may spell its keys
        differently."""
        self._keys = {table: set() for table in tables}
        self._inexact = frozenset(inexact)
        self._all = set()

    def stop(self) -> None:
        """Stop collecting."""
        self._keys = {}

    def observe(self, batch: Mapping[TableName, TableChanges]) -> None:
        """Add the changes of a folded batch."""
        for table, keys in self._keys.items():
            changes = batch.get(table)
            if changes is None:
                continue
            keys.update(changes.touched)
            if changes.truncated_at is not None or len(keys) > MAX_KEYS or table in self._inexact:
                self._all.add(table)

    def changed(self, table: TableName, key: Key) -> bool:
        """Whether the log changed the row."""
        return table in self._all or key in self._keys[table]
