"""Assembles the ordered log into whole transactions. A state machine without I/O.

After a crash of Kafka Connect the log is not simply BEGIN, changes, END, because parts are written again. The rules
were measured over millions of records of killed connectors:

1. A transaction's position is its commit LSN, from the id of its END marker. Duplicates aside, it rises along the log.
2. These are duplicates:
   - an END at or below `applied`;
   - an END of the transaction that ended last, whatever its LSN: a connector that resumes inside the transaction from
     its stored offset ends it again, at the position of the next record. (If the transaction began again and then ends
     at a higher LSN, this may be its other half, which raises LogError);
   - an event outside any open transaction whose `last_commit` is below `applied`.
3. Two tasks of a connector can write at the same time: one that was presumed dead flushes its buffers while its
   successor repeats. So BEGIN of the open transaction continues it. BEGIN of another transaction is suspended: as long
   as its events and its END are duplicates by rule 2, the open transaction stays open. The first event that is not a
   duplicate discards the open transaction; unless that held only duplicates, it must be resent before the next END.
4. Within a transaction, an event whose `total_order` was seen before is a duplicate. A duplicate of the last event
   taken must have the same content.
5. The count of events in END must match. A mismatch raises LogError; nothing is guessed.
"""

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from cdc.log.envelope import EnvelopeError, LogicalMessage, Record, last_commit, logical_message, split_transaction_id
from cdc.log.lsn import NOTHING, Lsn, format_lsn
from cdc.log.recovery import Recovery


class LogError(Exception):
    """The log contradicts itself, so documents built from it could be wrong."""

    exit_code = 1

    def __init__(self, text: str, recovery: Recovery = Recovery.NEW_STORE) -> None:
        super().__init__(text)
        self.recovery = recovery


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction begins, and no other one is open."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """A transaction begins while another is open; its next event shows whether it is a duplicate (rule 3)."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The open transaction is complete; `count` events were taken from it.

    With `begins`, it is the suspended transaction, which is empty, and what was open before is discarded."""

    tx_id: int
    lsn: Lsn
    count: int
    ts_ms: int
    begins: bool = False


class Change(msgspec.Struct, frozen=True, gc=False):
    """A change event to apply: of the open transaction, or (`loose`) of an incremental snapshot, outside of any.

    With `begins`, it belongs to the suspended transaction, and what was open before is discarded."""

    record: Record
    loose: bool = False
    begins: bool = False


class SnapshotRow(msgspec.Struct, frozen=True, gc=False):
    """A row of the snapshot taken at `lsn`; `last` is true for its last row."""

    record: Record
    lsn: Lsn
    last: bool


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record that was taken before; nothing to do."""


Step = Begin | Suspended | Committed | Change | SnapshotRow | LogicalMessage | Duplicate

DUPLICATE = Duplicate()
BEGIN = Begin()
SUSPENDED = Suspended()

_SNAPSHOT_FLAGS: dict[str | bool | None, Literal["stream", "incremental", "row", "last"]] = {
    None: "stream",
    "false": "stream",
    False: "stream",
    "incremental": "incremental",
    "true": "row",
    True: "row",
    "first": "row",
    "first_in_data_collection": "row",
    "last_in_data_collection": "row",
    "last": "last",
}


@dataclass(slots=True)
class SeenOrders:
    """The `total_order`s seen of one transaction. Exact, and constant in memory while they arrive in order.

    `shuffled`: at some point they did not, so the transaction's events must be sorted."""

    through: int = 0
    beyond: set[int] = field(default_factory=set)
    shuffled: bool = False

    def add(self, order: int) -> bool:
        """Record one; False when it was seen before."""
        if order == self.through + 1 and not self.beyond:
            self.through = order
            return True
        if order <= self.through or order in self.beyond:
            return False
        self.beyond.add(order)
        self.shuffled = True
        while self.through + 1 in self.beyond:
            self.through += 1
            self.beyond.discard(self.through)
        return True

    def __len__(self) -> int:
        return self.through + len(self.beyond)


@dataclass(slots=True)
class Assembler:
    """Classifies the records of the log, fed in order. `applied` is the commit LSN of the last END taken."""

    applied: Lsn = NOTHING
    open_tx: int | None = None
    seen: SeenOrders = field(default_factory=SeenOrders)
    dropped_tx: int | None = None
    ended_tx: int | None = None
    suspended_tx: int | None = None
    last: Record | None = None
    """The last event taken of the open transaction."""
    snapshot: Lsn = NOTHING
    """The newest snapshot in the log."""

    def feed(self, record: Record) -> Step:
        """Classify one record and advance the state. Raises LogError or EnvelopeError, after which it must not be
        used."""
        if record.status is not None:
            return self._marker(record)
        if record.op == "m" and record.transaction is None:
            return logical_message(record)
        return self._event(record)

    def _marker(self, record: Record) -> Step:
        tx_id, lsn = split_transaction_id(record.id or "")
        if record.status == "BEGIN":
            return self._begin(tx_id)
        if record.status == "END":
            return self._end(tx_id, lsn, record)
        raise EnvelopeError(f"The transaction marker has the unknown status {record.status!r}.")

    def _begin(self, tx_id: int) -> Step:
        if tx_id == self.open_tx:  # Rule 3, as in the rest of this method.
            self.suspended_tx = None
            return DUPLICATE
        if self.open_tx is not None:
            self.suspended_tx = tx_id
            return SUSPENDED
        self._open(tx_id)
        return BEGIN

    def _open(self, tx_id: int) -> None:
        if self.open_tx is not None and len(self.seen) and not self._is_duplicate():
            self.dropped_tx = self.open_tx
        if self.dropped_tx == tx_id:
            self.dropped_tx = None
        self.open_tx, self.seen, self.last, self.suspended_tx = tx_id, SeenOrders(), None, None

    def _is_duplicate(self) -> bool:
        """Whether the open transaction is a duplicate (rule 2)."""
        source = self.last.source if self.last else None
        # The first transaction after a snapshot does not say which commit was before it.
        return source is not None and (last_commit(source) or self.snapshot) < self.applied

    def _close(self) -> None:
        self.open_tx = self.last = None

    def _end(self, tx_id: int, lsn: Lsn, record: Record) -> Step:
        begins = tx_id == self.suspended_tx
        if begins:
            self.suspended_tx = None
        if lsn <= self.applied:  # Rule 2.
            if self.open_tx == tx_id:
                self._close()
            return DUPLICATE
        if tx_id == self.ended_tx:  # Rule 2.
            if begins or self.open_tx == tx_id:
                raise LogError(f"Transaction {tx_id} ended twice, the second time at {format_lsn(lsn)}.")
            return DUPLICATE
        if begins:
            self._open(tx_id)
        self._check_complete(tx_id, lsn, record)
        self._close()
        self.applied, self.ended_tx = lsn, tx_id
        return Committed(tx_id, lsn, len(self.seen), record.ts_ms, begins)

    def _check_complete(self, tx_id: int, lsn: Lsn, record: Record) -> None:
        if self.open_tx != tx_id:
            raise LogError(
                f"Transaction {tx_id} ends at {format_lsn(lsn)}, but the log does not contain its beginning."
            )
        if self.dropped_tx is not None:  # Rule 3.
            raise LogError(
                f"Transaction {self.dropped_tx} is incomplete in the log, and was not repeated before transaction"
                f" {tx_id} ended at {format_lsn(lsn)}."
            )
        if record.event_count != len(self.seen):  # Rule 5.
            raise LogError(
                f"Transaction {tx_id} at {format_lsn(lsn)} announces {record.event_count} events, but the log contains"
                f" {len(self.seen)}."
            )

    def _event(self, record: Record) -> Step:
        source = record.source
        assert source is not None
        flag = _SNAPSHOT_FLAGS.get(source.snapshot)
        if flag is None:
            raise EnvelopeError(f"The event has the unknown source.snapshot {source.snapshot!r}.")
        if flag in ("row", "last"):
            self._close()
            self.suspended_tx = self.dropped_tx = None
            lsn = Lsn(source.lsn or NOTHING)
            self.snapshot = max(self.snapshot, lsn)
            return SnapshotRow(record, lsn, flag == "last")
        if flag == "incremental":
            return Change(record, loose=True)
        return self._streamed(record)

    def _streamed(self, record: Record) -> Step:
        source, position = record.source, record.transaction
        assert source is not None
        if position is None:
            raise LogError(
                f"An event of {source.schema}.{source.table} has no transaction metadata, because the connector lacks"
                " provide.transaction.metadata=true.",
                Recovery.APPLY_CONNECTOR_AND_NEW_STORE,
            )
        tx_id, _ = split_transaction_id(position.id)
        begins = False
        if tx_id != self.open_tx:
            if last_commit(source) < self.applied:  # Rule 2.
                return DUPLICATE
            if tx_id != self.suspended_tx:
                raise LogError(
                    f"An event of {source.schema}.{source.table} of transaction {tx_id} is outside that"
                    f" transaction in the log, after {format_lsn(self.applied)}."
                )
            self._open(tx_id)
            begins = True
        return self._take(record, tx_id, position.total_order, begins)

    def _take(self, record: Record, tx_id: int, order: int, begins: bool) -> Step:
        if self.seen.add(order):  # Rule 4.
            self.last = record
            return Change(record, begins=begins)
        last = self.last
        if last is not None and last.transaction is not None and last.transaction.total_order == order:
            self._check_same(last, record, tx_id)
        return DUPLICATE

    def _check_same(self, last: Record, record: Record, tx_id: int) -> None:
        """Rule 4. Events are identified only by their numbers, and another set of captured tables would number them
        differently."""
        if _content(last) != _content(record):
            raise LogError(
                f"Transaction {tx_id} was repeated with other events after {format_lsn(self.applied)}: the set of"
                " captured tables changed in between."
            )


def _content(record: Record) -> tuple[object, ...]:
    source = record.source
    assert source is not None
    return record.op, source.schema, source.table, source.lsn, bytes(record.before), bytes(record.after)
