"""What a batch did to one table: the last state of each touched row. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from sync_worker.log.row_shape import Key, Row, RowShape


@dataclass
class TableChanges:
    """What a batch did to one table.

    `rows[key]` is the row's last state, None when it was deleted; `touched[key]` is the first commit LSN that
    touched it. `truncated_at` is the first commit LSN of a TRUNCATE, which deletes every row stored before.
    `deleted` holds the last state of rows that this batch wrote and then deleted: a key change may take unchanged
    values from it."""

    rows: dict[Key, Row | None] = field(default_factory=dict)
    touched: dict[Key, int] = field(default_factory=dict)
    truncated_at: int | None = None
    deleted: dict[Key, Row] = field(default_factory=dict)

    def first_lsn(self) -> int:
        """The lowest commit LSN of these changes."""
        lsns = [*self.touched.values()]
        if self.truncated_at is not None:
            lsns.append(self.truncated_at)
        return min(lsns)

    def present(self) -> list[Row]:
        """The last states of the rows that are not deleted."""
        return [row for row in self.rows.values() if row is not None]

    def put(self, key: Key, row: Row | None, lsn: int) -> None:
        """A row is inserted or updated; None when it is known to be gone later."""
        self.rows[key] = row
        self.touched.setdefault(key, lsn)

    def delete(self, shape: RowShape, before: msgspec.Raw, lsn: int) -> None:
        """The row with this `before` image is deleted."""
        self._delete(shape.key_before(before), lsn)

    def replace(self, shape: RowShape, before: msgspec.Raw, key: Key, lsn: int) -> None:
        """The row with this `before` image is about to be put under `key`."""
        old = shape.key_before(before)
        if old != key:
            self._delete(old, lsn)

    def truncate(self, lsn: int) -> None:
        """Every row is deleted."""
        self.rows = dict.fromkeys(self.rows)
        self.deleted.clear()
        self.truncated_at = lsn if self.truncated_at is None else self.truncated_at

    def _delete(self, key: Key, lsn: int) -> None:
        row = self.rows.get(key)
        if row is not None:
            self.deleted[key] = row
        self.put(key, None, lsn)


@dataclass
class _Versions:
    """The rows that have had one key since a transaction began: the one of `before`, which is `gone` when the
    transaction deleted it, and those that it `added` and has not deleted."""

    before: Row | None
    known: bool
    """Whether the batch decides what `before` is; otherwise the row store does."""
    added: list[Row | None] = field(default_factory=list)
    gone: bool = False

    def remove(self, row: Row) -> None:
        """Delete the row with these values, or else the oldest."""
        if row in self.added:
            self.added.remove(row)
        elif not self.gone:
            self.gone = True
        elif self.added:
            self.added.pop(0)


class DeferrableChanges(TableChanges):
    """The changes of a table whose primary key is deferrable: within a transaction, several rows may have one key.

    Two rows that swap their keys are written as: delete 1, put 2, delete 2, put 1. The second delete is of the row
    that had key 2 before, not of the one that was just put. So a delete takes the row that its image shows: at the end
    of the transaction at most one is left."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[Key, _Versions] = {}

    def put(self, key: Key, row: Row | None, lsn: int) -> None:
        self._versions(key).added.append(row)
        super().put(key, row, lsn)

    def delete(self, shape: RowShape, before: msgspec.Raw, lsn: int) -> None:
        row = shape.row(before)
        key = shape.key(row)
        versions = self._versions(key)
        versions.remove(row)
        self.deleted[key] = row
        self.touched.setdefault(key, lsn)
        self._show(key, versions)

    def replace(self, shape: RowShape, before: msgspec.Raw, key: Key, lsn: int) -> None:
        self.delete(shape, before, lsn)

    def truncate(self, lsn: int) -> None:
        super().truncate(lsn)
        self._open.clear()

    def end_transaction(self) -> None:
        """No key has more than one row now."""
        self._open.clear()

    def take_unsettled(self, stored: Callable[[Key], Row | None]) -> "DeferrableChanges | None":
        """Hand over the keys that have more than one row now, for the rest of the transaction; here their rows stay as
        before it. None when there is no such key."""
        following = DeferrableChanges()
        for key, versions in self._open.items():
            if len(versions.added) > 1 or (versions.added and self._has_before(key, versions, stored)):
                following.rows[key], following.touched[key] = versions.added[-1], self.touched[key]
                following._open[key] = _Versions(None, False, versions.added, versions.gone)
                self._show(key, _Versions(versions.before, versions.known))
        return following if following._open else None

    def _has_before(self, key: Key, versions: _Versions, stored: Callable[[Key], Row | None]) -> bool:
        """Whether the row from before the transaction is still there."""
        if versions.gone:
            return False
        if versions.known or self.truncated_at is not None:
            return versions.before is not None
        return stored(key) is not None

    def _versions(self, key: Key) -> _Versions:
        versions = self._open.get(key)
        if versions is None:
            versions = self._open[key] = _Versions(self.rows.get(key), key in self.rows)
        return versions

    def _show(self, key: Key, versions: _Versions) -> None:
        """Set the state of a row to the newest with its key."""
        if versions.added:
            self.rows[key] = versions.added[-1]
        elif versions.gone:
            self.rows[key] = None
        elif versions.known:
            self.rows[key] = versions.before
        else:
            self.rows.pop(key, None)
