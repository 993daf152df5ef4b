"""Folds change events into the last state of each touched row, which is all that the row store needs. Pure.

Between two commits of the row store only the last state of a row matters: a document is touched when one of its rows
differs before or after, and both states are examined. So a thousand changes of one row cost one write. Invariant 3
holds because only whole transactions are folded.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import msgspec

from cdc.log.envelope import Record
from cdc.log.recovery import Recovery
from read_model.catalog.catalog import TableName
from sync_worker.errors import RowError
from sync_worker.log.row_shape import Key, Row, RowShape
from sync_worker.log.table_changes import DeferrableChanges, TableChanges

StoredRow = Callable[[TableName, Key], Row | None]
"""Reads a row of the row store by its key, in the order of the table's columns."""


class TakenChange(msgspec.Struct, frozen=True, gc=False):
    """A change event that waits for the end of its transaction: decoded, and as received (for the spool).

    `old_key` is the encoded key that the row had before its key changed."""

    record: Record
    value: bytes
    old_key: bytes | None = None


class Batch:
    """Folds the transactions of one batch. Ignores changes of tables that no document uses."""

    def __init__(self, shapes: Mapping[TableName, RowShape], stored: StoredRow) -> None:
        self._shapes = shapes
        self._stored = stored
        self._rows_may_be_newer = False
        self._deferrable: dict[TableName, DeferrableChanges] = {}
        self.tables: dict[TableName, TableChanges] = {}

    def fold(
        self,
        changes: Iterable[TakenChange],
        lsn: int,
        already_visible: frozenset[TableName] = frozenset(),
        rows_may_be_newer: bool = False,
        continues: bool = False,
    ) -> None:
        """Add the changes of one committed transaction, in order. Tables in `already_visible` contain them already.
        With `continues`, the next call adds more changes of the same transaction.

        With `rows_may_be_newer`, stored rows may be ahead of the log: a missing row was deleted later, or got
        another key. Raises RowError when an update needs a stored row that does not exist, ShapeError when a row has
        other columns."""
        self._rows_may_be_newer = rows_may_be_newer
        for change in changes:
            source = change.record.source
            assert source is not None
            # A plain tuple equals the TableName, and is faster to make.
            shape = self._shapes.get((source.schema, source.table))  # type: ignore[call-overload]
            if shape is None or shape.table in already_visible:
                continue
            folded = self.tables.get(shape.table)
            if folded is None:
                folded = self.tables[shape.table] = self._changes_of(shape)
            self._fold_change(shape, folded, change, lsn)
        if not continues:
            for doubled in self._deferrable.values():
                doubled.end_transaction()

    def take_unsettled(self, following: "Batch") -> "Batch":
        """Hand over to `following`, an empty batch that continues the transaction, the keys that more than one row has
        at the moment. Returns it."""
        for table, changes in self._deferrable.items():
            unsettled = changes.take_unsettled(partial(self._stored, table))
            if unsettled is not None:
                following.tables[table] = following._deferrable[table] = unsettled
        return following

    def _changes_of(self, shape: RowShape) -> TableChanges:
        if not shape.deferrable:
            return TableChanges()
        changes = self._deferrable[shape.table] = DeferrableChanges()
        return changes

    def _fold_change(self, shape: RowShape, changes: TableChanges, change: TakenChange, lsn: int) -> None:
        record = change.record
        match record.op:
            case "c" | "u" | "r":
                self._put(shape, changes, change, lsn)
            case "d":
                changes.delete(shape, record.before, lsn)
            case "t":
                changes.truncate(lsn)
            case "m":
                return
            case _:
                raise RowError(f"An event of {shape.table} has the unknown operation {record.op!r}.")

    def _put(self, shape: RowShape, changes: TableChanges, change: TakenChange, lsn: int) -> None:
        after = change.record.after
        row = shape.row(after)
        key = shape.key(row)
        complete: Row | None = row
        if shape.may_be_unchanged(after):
            complete = self._complete(shape, changes, row, (_old_key(shape, change, key), key))
        if change.record.op == "u" and bytes(change.record.before) != b"null":
            changes.replace(shape, change.record.before, key, lsn)
        changes.put(key, complete, lsn)

    def _complete(self, shape: RowShape, changes: TableChanges, row: Row, keys: tuple[Key, Key]) -> Row | None:
        """The row with its unchanged values, taken from the previous row; `keys` are its old and its current key.

        None when the stored rows are newer and do not contain the row: the log will delete it later."""
        missing = shape.unchanged(row)
        if not missing:
            return row
        old, new = keys
        before = self._before(shape, changes, old)
        if before is None and self._rows_may_be_newer:
            before = self._before(shape, changes, new)
            if before is None:
                return None
        if before is None:
            raise RowError(
                f"An update of {shape.table} omits {', '.join(shape.names[i] for i in missing)} as unchanged, but the"
                " row store does not contain the row.",
                Recovery.NEW_STORE,
            )
        return tuple(before[i] if i in missing else value for i, value in enumerate(row))

    def _before(self, shape: RowShape, changes: TableChanges, key: Key) -> Row | None:
        before = changes.rows.get(key) or changes.deleted.get(key)
        if before is None and changes.truncated_at is None:
            before = self._stored(shape.table, key)
        return before


def _old_key(shape: RowShape, change: TakenChange, key: Key) -> Key:
    if change.old_key is not None:
        return shape.key_before(msgspec.Raw(change.old_key))
    if change.record.op == "u" and bytes(change.record.before) != b"null":
        return shape.key_before(change.record.before)
    return key
