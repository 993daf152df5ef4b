"""Applies the log's records to the row store: whole transactions, snapshots, heartbeats, and the position they
reach."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cdc.log.control import Control, EmptySnapshot, HeartbeatMessage, Refusal
from cdc.log.envelope import LogicalMessage, Record, logical_message
from cdc.log.lsn import Lsn
from cdc.log.transaction import (
    Assembler,
    Begin,
    Change,
    Committed,
    Duplicate,
    LogError,
    SeenOrders,
    SnapshotRow,
    Step,
    Suspended,
)
from read_model.catalog.catalog import TableName
from sync_worker.errors import ShapeError
from sync_worker.log.changes import Batch, TakenChange
from sync_worker.log.kafka_record import LogMessage, decode_message, old_key
from sync_worker.log.row_shape import Key, Row, RowShape
from sync_worker.log.table_changes import TableChanges
from sync_worker.log.visibility import Visibility
from sync_worker.store.history_check import check_heartbeat, is_new_snapshot_row
from sync_worker.store.position import NOTHING_READ, ResyncState
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.snapshot_rows import SnapshotRows
from sync_worker.store.transaction_spool import TransactionSpool

RECENT_TRANSACTIONS = 10_000
"""Ids kept of the last transactions, to check that a snapshot of the source contains what was applied."""

FIRST_ROW_FLAGS = frozenset({"first", "first_in_data_collection", "last_in_data_collection", "last"})
"""Values of `source.snapshot` that a snapshot's first row can have.

It is `first` only when the first table has rows, and either several of them or a table after it."""


class RowObserver(Protocol):
    """Observes what each batch changes, before it is written and inside its transaction."""

    def observe(self, batch: Mapping[TableName, TableChanges]) -> None: ...


class ControlMessages(Protocol):
    """Decides which control messages are obeyed."""

    def read(self, message: LogicalMessage) -> Control: ...


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch of messages contained: the number of change events, the last heartbeat, and why control messages
    were refused."""

    events: int
    heartbeat: HeartbeatMessage | None
    refusals: tuple[Refusal, ...] = ()


class Applier:
    """Applies batches of messages. After each `apply` the row store is the database as of some commit."""

    def __init__(
        self,
        store: RowStore,
        rows: Rows,
        shapes: Mapping[TableName, RowShape],
        spool_after: int,
        control: ControlMessages,
        observers: Sequence[RowObserver] = (),
    ) -> None:
        self._store = store
        self._rows = rows
        self._shapes = shapes
        self._spool_after = spool_after
        self._observers = tuple(observers)
        self._control = control
        self._heartbeat: HeartbeatMessage | None = None
        self._refusals: list[Refusal] = []
        self._events = 0
        self._write_each = False
        self.recent: deque[int] = deque(maxlen=RECENT_TRANSACTIONS)
        self._restore()

    def _restore(self) -> None:
        """Continue at the stored position: forget what was read after it."""
        self._open = TransactionSpool(self._store, self._spool_after)
        self._open_offset = -1
        self._suspended_offset = -1
        self._snapshot = SnapshotRows(self._store, self._rows, self._shapes)
        self._batch = self._new_batch()
        position = self._store.position
        self._assembler = Assembler(
            Lsn(position.log.applied),
            dropped_tx=position.transaction.dropped_tx or None,
            ended_tx=position.transaction.ended_tx or None,
            snapshot=Lsn(position.snapshot.lsn),
        )
        transaction = position.transaction
        if transaction.spooled_tx:
            self._open_offset = position.log.offset
            self._assembler.open_tx = transaction.spooled_tx
            self._assembler.seen = SeenOrders(transaction.spooled_events)

    def apply(self, messages: Sequence[LogMessage]) -> Applied:
        """Apply messages in their order, as one atomic step with the position behind them (invariant 1).

        Raises ShapeError when a row does not fit its table, and the errors of the log; then nothing is applied. After
        a ShapeError continue at the stored position. Its `offset` is that of the message that the row is applied with;
        it is None when all messages were written together; from then on, each is written by itself."""
        try:
            return self._apply(messages)
        except ShapeError:
            self._write_each = True
            self._restore()
            raise

    def _apply(self, messages: Sequence[LogMessage]) -> Applied:
        self._events, self._heartbeat, self._refusals = 0, None, []
        with self._store.transaction():
            for message in messages:
                self._apply_message(message)
            self._flush()
            offset = (messages[-1].offset() or 0) + 1
            self._spool_if_large(offset)
            self._store.move_log(
                offset=offset if self._assembler.open_tx is None else self._open_offset, applied=self._assembler.applied
            )
            self._store.move_transaction(
                dropped_tx=self._assembler.dropped_tx or 0, ended_tx=self._assembler.ended_tx or 0
            )
        return Applied(self._events, self._heartbeat, tuple(self._refusals))

    def _apply_message(self, message: LogMessage) -> None:
        value = message.value()
        if value is None:
            return
        record = decode_message(message, value)
        if self._store.position.snapshot.awaiting and not self._snapshot_begins(record):
            return
        try:
            self._step(message, record, value)
            if self._write_each:
                self._flush()
        except ShapeError as error:
            error.offset = message.offset()
            raise

    def _step(self, message: LogMessage, record: Record, value: bytes) -> None:
        step = self._assembler.feed(record)
        self._begins(step, message.offset() or 0)
        match step:
            case Change(loose=loose):
                self._change(TakenChange(record, value, old_key(message) if record.op == "c" else None), loose)
            case Committed() as end:
                self._commit(end)
            case SnapshotRow() as row:
                self._snapshot_row(row)
            case LogicalMessage() as message_event:
                self._logical_message(message_event)
            case Duplicate() if self._assembler.open_tx is None:
                self._open.clear()

    def _begins(self, step: Step, offset: int) -> None:
        match step:
            case Begin():
                self._begin(offset)
            case Suspended():
                self._suspended_offset = offset
            case Change(begins=True) | Committed(begins=True):
                self._begin(self._suspended_offset)

    def _snapshot_begins(self, record: Record) -> bool:
        """Whether the snapshot that a new row store waits for begins here. Earlier records are ignored."""
        source, skipped = record.source, self._store.position.snapshot.skipped
        lsn = source.lsn if record.op == "r" and source and source.lsn else 0
        flag = source.snapshot if lsn and source else None
        # Every flag except `first` may also occur in the middle of a snapshot whose beginning was not read.
        begins = flag == "first" or (flag in FIRST_ROW_FLAGS and skipped not in (NOTHING_READ, lsn))
        begins = begins or self._announces_empty_snapshot(record)
        if begins:
            self._store.move_snapshot(awaiting=False)
        elif skipped != lsn:
            self._store.move_snapshot(skipped=lsn)
        return begins

    def _announces_empty_snapshot(self, record: Record) -> bool:
        if record.message is None or record.transaction is not None:
            return False
        return isinstance(self._control.read(logical_message(record)), EmptySnapshot)

    def _change(self, change: TakenChange, loose: bool) -> None:
        self._events += 1
        if loose:
            self._batch.fold([change], self._store.position.log.watermark, self._ignored())
        else:
            self._open.add(change)

    def _begin(self, offset: int) -> None:
        self._stream_begins()
        self._open.clear()
        self._open_offset = offset

    def _commit(self, end: Committed) -> None:
        visible = self._already_visible(end.tx_id)
        # An empty transaction cannot contradict a snapshot, and each heartbeat commits one.
        if self._open.events or self._store.position.transaction.spooled_tx:
            self.recent.append(end.tx_id)
        if self._store.position.transaction.spooled_tx:
            for chunk in self._open.chunks():
                self._batch.fold(chunk, end.lsn, visible, self._rows_may_be_newer, continues=True)
                self._flush()
        self._sort()
        self._batch.fold(self._open.events, end.lsn, visible, self._rows_may_be_newer)
        self._open.clear()
        self._advance(end.lsn, end.ts_ms)

    def _sort(self) -> None:
        """Sort the open transaction's events by their order: two connector tasks may have written them interleaved."""
        if self._assembler.seen.shuffled:
            self._open.events.sort(key=_order)

    @property
    def _rows_may_be_newer(self) -> bool:
        """Whether stored rows may be ahead of the log: after a snapshot, until a later heartbeat.

        A connector that dies and takes another snapshot keeps the existing slot: it reads each table at another
        moment."""
        position = self._store.position
        return not position.snapshot.settled and not position.resync.lsn

    def _already_visible(self, tx_id: int) -> frozenset[TableName]:
        """Tables whose resync already contains this transaction, and those whose changes are ignored."""
        snapshots = self._store.position.resync.tables
        if not snapshots:
            return self._ignored()
        return self._ignored() | frozenset(
            table
            for table in self._shapes
            if (text := snapshots.get(str(table))) and Visibility.parse(text).shows(tx_id)
        )

    def _ignored(self) -> frozenset[TableName]:
        return frozenset(TableName(*table) for table in self._store.position.ignored)

    def _logical_message(self, message: LogicalMessage) -> None:
        control = self._control.read(message)
        if isinstance(control, Refusal):
            self._refusals.append(control)
            return
        self._stream_begins()
        match control:
            case HeartbeatMessage():
                self._heartbeat_emitted(control)
            case EmptySnapshot(since) if self._store.position.snapshot.lsn < since:
                self._empty_snapshot(message.lsn, message.ts_ms)
        if self._assembler.open_tx is None and self._assembler.dropped_tx is None:
            self._advance(message.lsn, message.ts_ms)
            if not self._store.position.resync.lsn and message.lsn >= self._store.position.snapshot.lsn:
                self._store.move_snapshot(settled=True)

    def _heartbeat_emitted(self, heartbeat: HeartbeatMessage) -> None:
        self._heartbeat = heartbeat
        position, at_ms = self._store.position, heartbeat.content.at_ms
        check_heartbeat(position, heartbeat.lsn, at_ms)
        if heartbeat.lsn >= position.log.watermark:
            self._store.move_log(heartbeat_ms=max(position.log.heartbeat_ms, at_ms))

    def _advance(self, lsn: int, at_ms: int) -> None:
        if lsn > self._store.position.log.watermark:
            self._store.move_log(watermark=lsn, watermark_ms=at_ms)
        if 0 < self._store.position.resync.lsn <= lsn:
            self._store.move_snapshot(settled=True)
            self._store.move(resync=ResyncState())

    def _stream_begins(self) -> None:
        """A streamed record ends an empty snapshot, and must not occur in the middle of another one."""
        position = self._store.position
        if position.snapshot.loading:
            raise LogError("The stream begins before the snapshot's last row.")
        if not position.snapshot.lsn:
            self._empty_snapshot(1, 0)

    def _empty_snapshot(self, lsn: int, at_ms: int) -> None:
        """Apply a snapshot without rows."""
        self._flush()
        self._rows.begin_snapshot()
        self._rows.finish_snapshot(self._store.position.log.watermark + 1 if self._store.position.snapshot.lsn else 0)
        self._move_to_snapshot(lsn, at_ms)

    def _snapshot_row(self, step: SnapshotRow) -> None:
        source = step.record.source
        assert source is not None
        if not is_new_snapshot_row(self._store.position, step.lsn, step.record.ts_ms):
            return  # A duplicate: the log is read again.
        if step.lsn < self._store.position.snapshot.loading and source.snapshot != "first":
            return  # Of the previous snapshot, from a task that was considered dead.
        if step.lsn != self._store.position.snapshot.loading:
            newest = max(self._store.position.snapshot.loading, self._store.position.snapshot.lsn)
            if source.snapshot not in FIRST_ROW_FLAGS or (source.snapshot != "first" and step.lsn <= newest):
                raise LogError(
                    "The log contains a snapshot without its first row: its beginning is past the retention time."
                )
            self._flush()
            self._open.clear()
            self._snapshot.begin(step.lsn)
        self._events += 1
        self._snapshot.add(TableName(source.schema, source.table), step.record.after)
        if step.last:
            self._finish_snapshot(step.lsn, step.record.ts_ms)

    def _finish_snapshot(self, lsn: int, at_ms: int) -> None:
        self._flush()
        # What it contains may have been committed at any time since the last commit in the log (invariant 6).
        self._snapshot.finish(self._store.position.log.watermark + 1)
        self._move_to_snapshot(lsn, at_ms)
        self._advance(lsn, 0)

    def _move_to_snapshot(self, lsn: int, read_ms: int) -> None:
        self._store.move_snapshot(lsn=lsn, read_ms=read_ms, settled=False)
        self._store.move_log(heartbeat_ms=0)
        self._store.move(resync=ResyncState(), ignored=())

    def _flush(self) -> None:
        """Write everything folded so far."""
        self._snapshot.write()
        if self._batch.tables:
            following = self._batch.take_unsettled(self._new_batch())
            for observer in self._observers:
                observer.observe(self._batch.tables)
            self._rows.apply(self._batch.tables)
            self._batch = following

    def _new_batch(self) -> Batch:
        return Batch(self._shapes, self._stored)

    def _stored(self, table: TableName, key: Key) -> Row | None:
        return self._rows.stored(table, key)

    def _spool_if_large(self, offset: int) -> None:
        """Move a large open transaction to disk, so that memory does not grow with it (invariant 8).

        After a restart, reading continues at `offset`."""
        seen = self._assembler.seen
        if not self._open.full or seen.beyond:
            return
        self._sort()
        self._open.spill()
        self._store.move_transaction(spooled_tx=self._assembler.open_tx or 0, spooled_events=seen.through)
        self._open_offset = offset


def _order(change: TakenChange) -> int:
    place = change.record.transaction
    return place.total_order if place else 0
