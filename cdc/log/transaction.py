"""The ordered log, put together into whole transactions. A state machine without I/O.

What Kafka holds after crashes of Connect is not simply BEGIN, changes, END: parts come again. The rules (measured over
millions of records of killed connectors; design, "What a crash of Connect does to the log"):

1. The position of a transaction is its commit LSN, in the END marker's id. It rises along the log, repeats aside.
2. An END at or below `applied` is a repeat. So is one of the transaction that ended last, whatever its LSN: a connector
   that takes the transaction up again from its stored offset ends it once more, at the next record's place. (But what
   begins again and ends later than before may be its other half.) So is an event without an open transaction whose `last_commit` is below.
3. Two connectors' tasks may write at a time: one that was thought dead empties its buffers while the next one repeats. So BEGIN of
   the open transaction goes on with it. BEGIN of another one stands aside at first: while its events and its END are repeats by rule 2,
   the open one stays open. The first that is none drops the open one, which must come again before any new END, unless nothing
   but repeats was taken from it.
4. Inside a transaction an event whose `total_order` was seen already is a repeat. The last one taken must come again as it was.
5. The count at END must match; a mismatch ends the work with `LogError`, never with a guess.
"""

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from cdc.log.envelope import EnvelopeError, Heartbeat, Record, heartbeat, last_commit, split_transaction_id
from cdc.log.lsn import NOTHING, Lsn, format_lsn
from cdc.log.recovery import Recovery


class LogError(Exception):
    """The log contradicts itself: documents built from it could be wrong."""

    exit_code = 1

    def __init__(self, text: str, recovery: Recovery = Recovery.NEW_STORE) -> None:
        super().__init__(text)
        self.recovery = recovery


@dataclass(frozen=True, slots=True)
class Begun:
    """A transaction begins; nothing is open besides."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A transaction begins while another is open: the next of its events tells whether it is a repeat."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The open transaction is complete; `count` events were taken from it.

    With `begins`, it is the (empty) one that stood aside, and whatever was open before is void."""

    tx_id: int
    lsn: Lsn
    count: int
    ts_ms: int
    begins: bool = False


class Change(msgspec.Struct, frozen=True, gc=False):
    """A change event that counts: of the open transaction, or (`loose`) between transactions.

    With `begins`, it is of the transaction that stood aside, and whatever was open before is void."""

    record: Record
    loose: bool = False
    begins: bool = False


class SnapshotRow(msgspec.Struct, frozen=True, gc=False):
    """A row of the snapshot taken at `lsn`. `last` ends the run."""

    record: Record
    lsn: Lsn
    last: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """Nothing to do: it came before."""


Step = Begun | Aside | Committed | Change | SnapshotRow | Heartbeat | Repeat

REPEAT = Repeat()
BEGUN = Begun()
ASIDE = Aside()

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
class Seen:
    """The `total_order`s seen of one transaction: exact, and flat in memory while they come in order.

    `shuffled`: at some time they did not, so events are to be sorted."""

    through: int = 0
    beyond: set[int] = field(default_factory=set)
    shuffled: bool = False

    def add(self, order: int) -> bool:
        """Note one; False when it was there already."""
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
    """Feed it the records of the log in order; it says what each one means. `applied` is kept by it from END to END."""

    applied: Lsn = NOTHING
    open_tx: int | None = None
    seen: Seen = field(default_factory=Seen)
    dropped_tx: int | None = None
    ended_tx: int | None = None
    aside_tx: int | None = None
    last: Record | None = None
    """The last event taken of the open transaction."""
    snapshot: Lsn = NOTHING
    """The newest snapshot in the log."""

    def feed(self, record: Record) -> Step:
        """Classify one record and move the state. LogError and EnvelopeError mean: stop."""
        if record.status is not None:
            return self._marker(record)
        if record.op == "m" and record.transaction is None:
            return heartbeat(record)
        return self._event(record)

    def _marker(self, record: Record) -> Step:
        tx_id, lsn = split_transaction_id(record.id or "")
        if record.status == "BEGIN":
            return self._begin(tx_id)
        if record.status == "END":
            return self._end(tx_id, lsn, record)
        raise EnvelopeError(f"a transaction marker with status {record.status!r}")

    def _begin(self, tx_id: int) -> Step:
        if tx_id == self.open_tx:
            self.aside_tx = None
            return REPEAT
        if self.open_tx is not None:
            self.aside_tx = tx_id
            return ASIDE
        self._open(tx_id)
        return BEGUN

    def _open(self, tx_id: int) -> None:
        if self.open_tx is not None and len(self.seen) and not self._repeats():
            self.dropped_tx = self.open_tx
        if self.dropped_tx == tx_id:
            self.dropped_tx = None
        self.open_tx, self.seen, self.last, self.aside_tx = tx_id, Seen(), None, None

    def _repeats(self) -> bool:
        """Whether the open transaction was there before."""
        source = self.last.source if self.last else None
        # The first transaction after a snapshot does not say what was before it.
        return source is not None and (last_commit(source) or self.snapshot) < self.applied

    def _close(self) -> None:
        self.open_tx = self.last = None

    def _end(self, tx_id: int, lsn: Lsn, record: Record) -> Step:
        begins = tx_id == self.aside_tx
        if begins:
            self.aside_tx = None
        if lsn <= self.applied:
            if self.open_tx == tx_id:
                self._close()
            return REPEAT
        if tx_id == self.ended_tx:
            if begins or self.open_tx == tx_id:
                raise LogError(f"transaction {tx_id} ended twice, the second time at {format_lsn(lsn)}")
            return REPEAT
        if begins:
            self._open(tx_id)
        self._whole(tx_id, lsn, record)
        self._close()
        self.applied, self.ended_tx = lsn, tx_id
        return Committed(tx_id, lsn, len(self.seen), record.ts_ms, begins)

    def _whole(self, tx_id: int, lsn: Lsn, record: Record) -> None:
        if self.open_tx != tx_id:
            raise LogError(f"transaction {tx_id} ends at {format_lsn(lsn)}, but the log does not contain its beginning")
        if self.dropped_tx is not None:
            raise LogError(
                f"transaction {self.dropped_tx} is incomplete in the log, and was not repeated before transaction"
                f" {tx_id} ended at {format_lsn(lsn)}"
            )
        if record.event_count != len(self.seen):
            raise LogError(
                f"transaction {tx_id} at {format_lsn(lsn)} announces {record.event_count} events, but the log contains"
                f" {len(self.seen)}"
            )

    def _event(self, record: Record) -> Step:
        source = record.source
        assert source is not None
        flag = _SNAPSHOT_FLAGS.get(source.snapshot)
        if flag is None:
            raise EnvelopeError(f"source.snapshot is {source.snapshot!r}")
        if flag in ("row", "last"):
            self._close()
            self.aside_tx = self.dropped_tx = None
            lsn = Lsn(source.lsn or NOTHING)
            self.snapshot = max(self.snapshot, lsn)
            return SnapshotRow(record, lsn, flag == "last")
        if flag == "incremental":
            return Change(record, loose=True)
        return self._streamed(record)

    def _streamed(self, record: Record) -> Step:
        source, place = record.source, record.transaction
        assert source is not None
        if place is None:
            raise LogError(
                f"an event of {source.schema}.{source.table} has no transaction metadata; the connector needs"
                " provide.transaction.metadata=true",
                Recovery.APPLY_CONNECTOR_AND_NEW_STORE,
            )
        tx_id, _ = split_transaction_id(place.id)
        begins = False
        if tx_id != self.open_tx:
            if last_commit(source) < self.applied:
                return REPEAT
            if tx_id != self.aside_tx:
                raise LogError(
                    f"an event of {source.schema}.{source.table} of transaction {tx_id} is outside that"
                    f" transaction in the log, after {format_lsn(self.applied)}"
                )
            self._open(tx_id)
            begins = True
        return self._take(record, tx_id, place.total_order, begins)

    def _take(self, record: Record, tx_id: int, order: int, begins: bool) -> Step:
        if self.seen.add(order):
            self.last = record
            return Change(record, begins=begins)
        last = self.last
        if last is not None and last.transaction is not None and last.transaction.total_order == order:
            self._same(last, record, tx_id)
        return REPEAT

    def _same(self, last: Record, record: Record, tx_id: int) -> None:
        """Events are told by their numbers alone: another capture of tables would number them otherwise."""
        if _content(last) != _content(record):
            raise LogError(
                f"transaction {tx_id} was repeated with other events after {format_lsn(self.applied)}: the set of captured"
                f" tables changed in between"
            )


def _content(record: Record) -> tuple[object, ...]:
    source = record.source
    assert source is not None
    return record.op, source.schema, source.table, source.lsn, bytes(record.before), bytes(record.after)
