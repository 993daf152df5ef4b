"""Parts of the worker with a fault each, for `test_planted_faults.py`."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from cdc.log.lsn import NOTHING
from cdc.log.transaction import BEGIN, Assembler, Change
from cdc.log.transaction import Step as LogStep
from read_model.catalog.catalog import TableName
from read_model.sqlite.statements import TableStatements
from sync_worker.log.changes import Batch, TakenChange
from sync_worker.log.row_shape import Row, RowShape
from sync_worker.log.table_changes import TableChanges
from sync_worker.loop.delivery import Delivery
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.store.applier import Applied, Applier
from sync_worker.store.bulk import Bulk
from sync_worker.store.pending import Pending
from sync_worker.store.position import EPOCH_BITS
from sync_worker.store.row_tables import Rows
from tests.support.builders.worker_parts import STATEMENTS


class OldParentForgotten(Rows):
    """Looks for documents only after the rows are written."""

    def apply(self, tables: Any) -> None:
        self.written = False
        super().apply(tables)

    def _write(self, table: TableStatements, changes: TableChanges) -> None:
        self.written = True
        super()._write(table, changes)

    def _touch(self, tables: list[TableStatements]) -> None:
        if self.written:
            super()._touch(tables)


class NewParentForgotten(OldParentForgotten):
    """Looks for documents only before the rows are written."""

    def _touch(self, tables: list[TableStatements]) -> None:
        if not self.written:
            Rows._touch(self, tables)


class PlaceholderKept(Batch):
    """Takes the placeholder of an unchanged value for the value."""

    def _complete(self, shape: RowShape, changes: TableChanges, row: Row, old: Any) -> Row | None:
        return row


class MovedValueStale(Batch):
    """After a key change, takes unchanged values from the row store although this batch changed them before."""

    def _complete(self, shape: RowShape, changes: TableChanges, row: Row, old: Any) -> Row | None:
        changes.deleted.clear()
        return super()._complete(shape, changes, row, old)


class Forgetful(Batch):
    """Skips the operations in `ignored`."""

    ignored = ""

    def fold(
        self,
        changes: Iterable[TakenChange],
        lsn: int,
        already_visible: frozenset[TableName] = frozenset(),
        rows_may_be_newer: bool = False,
        continues: bool = False,
    ) -> None:
        counted = [change for change in changes if change.record.op != self.ignored]
        super().fold(counted, lsn, already_visible, rows_may_be_newer, continues)


class KeysOverlooked(Batch):
    """Takes every delete for one of the row that was put last under the key."""

    def _changes_of(self, shape: RowShape) -> TableChanges:
        return TableChanges()


class DeletesIgnored(Forgetful):
    """No row is ever deleted."""

    ignored = "d"


class TruncateIgnored(Forgetful):
    """A table is never emptied."""

    ignored = "t"


class OldKeyKept(Batch):
    """A key change leaves the row under its old key."""

    def _put(self, shape: RowShape, changes: TableChanges, change: TakenChange, lsn: int) -> None:
        super()._put(shape, changes, change, lsn)
        if change.old_key is not None:
            old = shape.key_before(msgspec.Raw(change.old_key))
            changes.rows[old] = self._stored(shape.table, old)


class RepeatsTaken(Assembler):
    """Applies duplicates as if they were new."""

    def feed(self, record: Any) -> LogStep:
        self.applied = NOTHING
        return super().feed(record)


class OpenDropped(Assembler):
    """Takes the BEGIN of a duplicate for the end of the open transaction."""

    def _begin(self, tx_id: int) -> LogStep:
        self._open(tx_id)
        return BEGIN


class HalfShown(Assembler):
    """Applies each change when it comes, not at its transaction's end."""

    def feed(self, record: Any) -> LogStep:
        step = super().feed(record)
        return Change(step.record, loose=True) if isinstance(step, Change) else step


class AllRemoved(Pending):
    """An acknowledged bulk empties its lane, whatever was touched since."""

    def remove(self, bulk: Bulk) -> None:
        super().remove(replace(bulk, after=0, last=1 << 60))


class HastyTracker(FreshnessTracker):
    """Publishes what was sent, without waiting for a refresh."""

    def searchable(self, watermark: int, unsent: list[int]) -> int:
        return watermark


class RefreshOfWhatCameLater(FreshnessTracker):
    """Counts what was acknowledged during a refresh as covered by it."""

    def end_refresh(self, done: bool) -> None:
        super().end_refresh(done)
        self.acknowledged = []


class FailedRefreshCounts(FreshnessTracker):
    """Takes a refresh that failed for one that succeeded."""

    def end_refresh(self, done: bool) -> None:
        super().end_refresh(True)


class PositionFirst(Applier):
    """Stores the position in a separate transaction, before the rows."""

    def apply(self, messages: Any) -> Applied:
        with self._store.transaction():
            self._store.move_log(offset=messages[-1].offset() + 1)
        return super().apply(messages)


class SnapshotExact(Applier):
    """Takes every snapshot for one of the moment at which the stream begins."""

    @property
    def _rows_may_be_newer(self) -> bool:
        return False


class BeginForgotten(Applier):
    """Stores the offset after a BEGIN as if the open transaction did not matter."""

    def apply(self, messages: Any) -> Applied:
        applied = super().apply(messages)
        with self._store.transaction():
            self._store.move_log(offset=messages[-1].offset() + 1)
        return applied


def folding(batch: type[Batch]) -> type[Applier]:
    """An applier with another batch."""

    class Folding(Applier):
        def _new_batch(self) -> Batch:
            return batch(self._shapes, self._stored)

    return Folding


def assembling(assembler: type[Assembler]) -> type[Applier]:
    """An applier with another assembler."""

    class Assembling(Applier):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            own = self._assembler
            self._assembler = assembler(own.applied, own.open_tx, own.seen, own.dropped_tx, own.ended_tx)

    return Assembling


NO_FAN_OUT = replace(
    STATEMENTS, lanes=tuple(replace(lane, touch={}) if lane.fan_out else lane for lane in STATEMENTS.lanes)
)


class TrustedRestart(Delivery):
    """Takes what an earlier process acknowledged for refreshed."""

    def begin(self, plan_bound: PlanBound) -> None:
        return


class UnsettledBuilds(Delivery):
    """Builds documents before the log has come past a snapshot."""

    def _send(self, plan_bound: PlanBound) -> None:
        snapshot = self._store.position.snapshot
        if snapshot.settled or not snapshot.lsn:
            return super()._send(plan_bound)
        while len(self._in_flight) < self._senders.capacity and (bulk := plan_bound.pending.take(self._version())):
            target = plan_bound.targets.of(bulk.document)
            self._in_flight.append((bulk, self._senders.submit(self._sink.send, target, bulk.writes)))
        return None


class SameVersion(Delivery):
    """Every build has the same version."""

    def _version(self) -> int:
        return 1 << EPOCH_BITS
