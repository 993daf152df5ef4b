"""The checks of `test_convergence.py` find faults: each replaces a part of the worker, and a short history exposes it.

Every history passes with the worker's own parts and fails with the fault.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cdc.log.lsn import NOTHING
from cdc.log.transaction import BEGIN, Assembler, Change, LogError
from cdc.log.transaction import Step as LogStep
from read_model.catalog.catalog import TableName
from read_model.sqlite.statements import TableStatements
from sync_worker.errors import RowError
from sync_worker.log.changes import Batch, Row, RowShape, TableChanges, TakenChange
from sync_worker.loop.delivery import Delivery
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.store.applier import Applied, Applier
from sync_worker.store.bulk import Bulk
from sync_worker.store.pending import Pending
from sync_worker.store.position import EPOCH_BITS
from sync_worker.store.row_tables import Rows
from tests.support.builders import plans
from tests.support.builders.history import Delete, Move, Put, Source, Truncate
from tests.support.builders.worker_parts import STATEMENTS, WorkerParts
from tests.support.oracle.invariants import Diverged
from tests.support.oracle.loop_simulation import Turn, check


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
    ) -> None:
        counted = [change for change in changes if change.record.op != self.ignored]
        super().fold(counted, lsn, already_visible, rows_may_be_newer)


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


def order(id_: int, customer: int | None = 1, status: str = "open") -> Put:
    """An order's row."""
    row = {"id": id_, "customer_id": customer, "referrer_id": None, "status": status}
    return Put(plans.ORDERS, row | {"placed_at": None, "deleted": False})


def line(order_: int, no: int = 1, quantity: int = 1) -> Put:
    """An order line's row."""
    row = {"order_id": order_, "line_no": no, "product_id": None, "quantity": quantity, "unit_price": None}
    return Put(plans.LINES, row)


def payment(id_: int, order_: int) -> Put:
    """A payment's row."""
    return Put(plans.PAYMENTS, {"id": id_, "order_id": order_, "amount": Decimal(5), "fee": None})


def customer(name: str, email: str = "long", *, id_: int = 1, toast: bool = False) -> Put:
    """A customer's row."""
    return Put(plans.CUSTOMERS, {"id": id_, "name": name, "email": email}, toast)


def shop() -> Source:
    """Two orders of one customer in the snapshot, and a heartbeat: six records."""
    source = Source(plans.TABLES)
    source.uncaptured(customer("Ann"), order(1), order(2), line(1), payment(1, 1))
    source.snapshot()
    source.heartbeat()
    return source


SEND_ALL: list[Turn] = [("send", 0), ("acknowledge", 0)] * 6
LOADED: list[Turn] = [("read", 6), *SEND_ALL, ("refresh", 0)]
"""Reads the shop and indexes it."""


def _moved(source: Source) -> None:
    source.transaction(payment(1, 2))


def _renamed(source: Source) -> None:
    source.transaction(customer("Bea", toast=True))


def _written_then_moved(source: Source) -> None:
    source.transaction(customer("Ann", "other"), Move(plans.CUSTOMERS, (1,), (3,)), order(1, 3))


def _deleted(source: Source) -> None:
    source.transaction(Delete(plans.LINES, (1, 1)))


def _truncated(source: Source) -> None:
    source.transaction(Truncate(plans.ORDERS))


def _order_moved(source: Source) -> None:
    source.transaction(Move(plans.ORDERS, (1,), (3,)))


def _another_task_writes(source: Source) -> None:
    source.transaction(payment(2, 1))
    source.transaction_with_zombie_task(
        payment(3, 1), payment(4, 1), resent_transactions=1, skipped_records=0, turns=[2, 3]
    )


def _another_snapshot(source: Source) -> None:
    changed = Put(plans.ORDERS, {**order(1).row, "deleted": True}, toast=True)
    source.inconsistent_snapshot([changed, Delete(plans.ORDERS, (1,))])
    source.heartbeat()


def _changed_twice_and_repeated(source: Source) -> None:
    source.transaction(order(1, status="paid"))
    source.transaction(order(1, status="sent"))
    source.kill_connect(resent_transactions=2)


def _changed_twice(source: Source) -> None:
    source.transaction(order(1, status="paid"))
    source.transaction(order(1, status="sent"))


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, what happens to the shop, and what the worker does after it is loaded."""

    parts: WorkerParts
    happens: Any
    turns: Sequence[Turn] = ()


READ_ONE_SEND: list[Turn] = [("read", 3), ("send", 0)]
CASES = {
    "the old parent is forgotten": Case(WorkerParts(rows=OldParentForgotten), _moved),
    "the new parent is forgotten": Case(WorkerParts(rows=NewParentForgotten), _moved),
    "a stand-in is taken for the value": Case(WorkerParts(applier=folding(PlaceholderKept)), _renamed),
    "a moved row gets a stale value": Case(WorkerParts(applier=folding(MovedValueStale)), _written_then_moved),
    "documents that share a row are forgotten": Case(WorkerParts(statements=NO_FAN_OUT), _renamed),
    "deletes are ignored": Case(WorkerParts(applier=folding(DeletesIgnored)), _deleted),
    "truncates are ignored": Case(WorkerParts(applier=folding(TruncateIgnored)), _truncated),
    "the old key stays": Case(WorkerParts(applier=folding(OldKeyKept)), _order_moved),
    "repeats are taken for news": Case(
        WorkerParts(applier=assembling(RepeatsTaken)), _changed_twice_and_repeated, [("read", 9), ("send", 0)]
    ),
    "half a transaction is shown": Case(
        WorkerParts(applier=assembling(HalfShown)), _changed_twice, [("read", 2), ("send", 0)]
    ),
    "a later touch is removed": Case(
        WorkerParts(pending=AllRemoved),
        _changed_twice,
        [*READ_ONE_SEND, ("read", 3), ("acknowledge", 0), ("crash", 0)],
    ),
    "versions do not rise": Case(
        WorkerParts(delivery=SameVersion),
        _changed_twice,
        [*READ_ONE_SEND, ("send", 0), *READ_ONE_SEND, ("send", 0), *(("arrive", place) for place in (3, 2, 1, 0))],
    ),
    "the position goes first": Case(WorkerParts(applier=PositionFirst), _moved, [("crash in take", 4)]),
    "an open transaction's position is passed": Case(
        WorkerParts(applier=BeginForgotten), _moved, [("read", 2), ("crash", 0)]
    ),
    "a repeat in the middle drops what is open": Case(
        WorkerParts(applier=assembling(OpenDropped)), _another_task_writes, []
    ),
    "another snapshot counts as exact": Case(WorkerParts(applier=SnapshotExact), _another_snapshot, []),
    "a refresh covers what was acknowledged after its begin": Case(
        WorkerParts(tracker=RefreshOfWhatCameLater),
        _changed_twice,
        [*READ_ONE_SEND, ("acknowledge", 0), *READ_ONE_SEND, ("acknowledge", 0), ("refresh", 0)],
    ),
    "a failed refresh counts": Case(
        WorkerParts(tracker=FailedRefreshCounts), _moved, [*READ_ONE_SEND, ("acknowledge", 0), ("refresh", 3)]
    ),
    "a restart trusts what was acknowledged before": Case(
        WorkerParts(delivery=TrustedRestart), _moved, [*READ_ONE_SEND, ("acknowledge", 0), ("crash", 0)]
    ),
    "documents are built before a snapshot is settled": Case(
        WorkerParts(delivery=UnsettledBuilds), _another_snapshot, [("read", 1), ("send", 0)] * 12
    ),
    "freshness does not wait for a refresh": Case(
        WorkerParts(tracker=HastyTracker), _moved, [("read", 3), ("send", 0), ("acknowledge", 0)]
    ),
}


def _shop_after(case: Case) -> Source:
    source = shop()
    case.happens(source)
    return source


@pytest.mark.parametrize("name", CASES)
def test_the_history_of_a_fault_passes_without_it(name: str) -> None:
    case = CASES[name]
    source = _shop_after(case)
    check(source, [*LOADED, *case.turns])


@pytest.mark.parametrize("name", CASES)
def test_a_planted_fault_is_found(name: str) -> None:
    case = CASES[name]
    source = _shop_after(case)
    with pytest.raises((Diverged, LogError, RowError)):
        check(source, [*LOADED, *case.turns], case.parts)
