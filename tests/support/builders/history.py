"""A database that exists only in memory, and the change log that Debezium would write of it.

`Source` runs transactions on dicts of rows and appends the records to `log`: in true order, with the repeats and cuts
that a killed Kafka Connect leaves behind. `states` keeps the database as of every commit.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from read_model.catalog.catalog import TableName
from read_model.plan.model import TableUse
from tests.support.builders.debezium_records import (
    ChangeEvent,
    DebeziumRecords,
    EventPosition,
    Key,
    Message,
    Row,
    begin_marker,
    end_marker,
    heartbeat,
)
from tests.support.builders.deferred_keys import Deferred, DeferredStatement

Tables = dict[TableName, dict[Key, Row]]


@dataclass(frozen=True, slots=True)
class Put:
    """Insert a row, or update the one with its key. With `toast`, long values that stay the same are not sent again."""

    table: TableName
    row: Row
    toast: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the row with this key, if there is one."""

    table: TableName
    key: Key


@dataclass(frozen=True, slots=True)
class Move:
    """Change a row's key, its other columns staying; nothing when the row is missing or the new key is taken."""

    table: TableName
    key: Key
    to: Key
    toast: bool = True


@dataclass(frozen=True, slots=True)
class Truncate:
    """Empty a table."""

    table: TableName


Operation = Put | Delete | Move | Truncate | Deferred


class Source:
    """The database and its log. It assigns the LSNs."""

    def __init__(self, uses: Iterable[TableUse]) -> None:
        uses = list(uses)
        self._records = DebeziumRecords(uses)
        self.tables: Tables = {use.table: {} for use in uses}
        self.log: list[Message] = []
        self.states: list[tuple[int, Tables]] = [(0, self._copy())]
        self._lsn = 1000
        self._tx_id = 700
        self._last: int | None = None
        self._clean: list[Message] = []
        """What was streamed since the last snapshot, without cuts and repeats."""
        self._begins: list[int] = []

    def __repr__(self) -> str:
        """The log in short."""
        records = [msgspec.json.decode(message.body) for message in self.log]
        return " ".join(
            record.get("status") or f"{record['op']}:{record['source']['table']}@{record['source']['lsn']}"
            for record in records
        )

    def transaction(
        self,
        *operations: Operation,
        killed_after: int | None = None,
        resent_transactions: int = 0,
        skipped_records: int = 0,
    ) -> int:
        """Commit operations; gives the commit LSN.

        With `killed_after`, Connect is killed when it has written so many of the records. It begins again so many
        transactions earlier (`resent_transactions`), without the first `skipped_records` of them.
        """
        records = self._run(operations)
        if killed_after is not None:
            self._write(records[: killed_after % (len(records) + 1)])
            self._resend(resent_transactions, skipped_records)
        self._begins.append(len(self._clean))
        self._stream(records)
        return self._lsn

    def kill_connect(self, resent_transactions: int = 1, skipped_records: int = 0) -> None:
        """Connect is killed between transactions, and sends the last ones again; see `transaction`."""
        self._resend(resent_transactions, skipped_records)

    def transaction_with_zombie_task(
        self, *operations: Operation, resent_transactions: int, skipped_records: int, turns: Sequence[int]
    ) -> int:
        """Commit operations while two tasks of the connector write: the current one, and one that was believed dead.

        The zombie sends the last transactions again, as in `transaction`, and dies. `turns` is how many records the
        current task and the zombie write, alternately.
        """
        records = self._run(operations)
        behind = self._resent(resent_transactions, skipped_records) + records
        self._begins.append(len(self._clean))
        written = [0, 0]
        for place, count in enumerate(turns):
            stream, at = (records, behind)[place % 2], written[place % 2]
            self._write(stream[at : at + count])
            written[place % 2] += count
        self._write(records[written[0] :])
        self._clean += records
        return self._lsn

    def uncaptured(self, *operations: Operation, captured_records: int = 0) -> int:
        """Commit operations of which at most the first `captured_records` get into the log, as before a new snapshot."""
        self._write(self._run(operations)[:-1][:captured_records])
        return self._lsn

    def heartbeat(self) -> int:
        """Emit a non-transactional message; answers its LSN."""
        lsn = self._next()
        self._last = lsn
        self._stream([heartbeat(lsn)])
        return lsn

    def neighbours_heartbeat(self) -> None:
        """Emit the heartbeat of a second pipeline on the same database, which every slot receives."""
        self._last = self._next()
        self._stream([heartbeat(self._last, "rowtide_neighbour")])

    def snapshot(self, aborted_after: int | None = None) -> int:
        """Write all rows as `r`, all with one LSN; with `aborted_after`, a snapshot that ends after so many rows comes first."""
        if aborted_after is not None:
            self._write(self._snapshot_rows()[:-1][:aborted_after])
        self._write(self._snapshot_rows())
        self._clean, self._begins, self._last = [], [], None
        self.states.append((self._lsn, self._copy()))
        return self._lsn

    def inconsistent_snapshot(self, *between: Sequence[Operation]) -> int:
        """Snapshot again with a slot that exists already, as a restarted connector does: tables are read at different moments.

        Each of `between` commits after one table; the stream has them all, after the snapshot.
        """
        lsn = self._next()
        self.states.append((lsn, self._copy()))
        self._clean, self._begins, self._last = [], [], None
        rows: list[tuple[TableName, Row]] = []
        records = []
        for place, (table, members) in enumerate(self.tables.items()):
            rows += [(table, dict(row)) for row in members.values()]
            records += [self._run(operations) for operations in between[place : place + 1]]
        self._write(self._records.snapshot(rows, lsn))
        for transaction in records:
            self._begins.append(len(self._clean))
            self._stream(transaction)
        return lsn

    @property
    def last(self) -> int:
        """The place in `states` of the database as it is now."""
        return len(self.states) - 1

    def state(self, lsn: int) -> int:
        """The place in `states` of the database as of `lsn`."""
        return max(place for place, (at, _) in enumerate(self.states) if at <= lsn)

    def _snapshot_rows(self) -> list[Message]:
        rows = [(table, row) for table, members in self.tables.items() for row in members.values()]
        return self._records.snapshot(rows, self._next())

    def _run(self, operations: Sequence[Operation]) -> list[Message]:
        """Change the rows; the records of the transaction."""
        self._tx_id += 1
        begin = self._next()
        events: list[Message] = []
        for operation in operations:
            for table, body, old in self._events(operation):
                position = EventPosition(self._next(), self._tx_id, len(events) + 1, self._last)
                events.append(self._records.change(table, body, old, position))
        end = self._next()
        self._last = end
        self.states.append((end, self._copy()))
        return [begin_marker(self._tx_id, begin), *events, end_marker(self._tx_id, end, len(events))]

    def _events(self, operation: Operation) -> list[ChangeEvent]:
        table = operation.table
        members = self.tables[table]
        if isinstance(operation, Truncate):
            members.clear()
            return [(table, {"op": "t"}, None)]
        if isinstance(operation, Deferred):
            return DeferredStatement(self._records, operation, members).events
        return self._changes(operation, members)

    def _changes(self, operation: Put | Delete | Move, members: dict[Key, Row]) -> list[ChangeEvent]:
        table = operation.table
        if isinstance(operation, Put):
            key = self._records.key(table, operation.row)
            old = members.get(key)
            members[key] = dict(operation.row)
            after = self._records.image(table, operation.row, old if operation.toast else None)
            before = None if old is None else self._records.before_update(table, old)
            return [(table, {"op": "c" if old is None else "u", "before": before, "after": after}, None)]
        if operation.key not in members:
            return []
        gone = {"op": "d", "before": self._records.before(table, members[operation.key])}
        if isinstance(operation, Delete):
            del members[operation.key]
            return [(table, gone, None)]
        if operation.to in members:
            return []
        row = members.pop(operation.key)
        moved = row | self._records.keyed(table, operation.to)
        members[operation.to] = moved
        after = self._records.image(table, moved, row if operation.toast else None)
        return [(table, gone, None), (table, {"op": "c", "after": after}, operation.key)]

    def _resent(self, transactions: int, skipped_records: int) -> list[Message]:
        if not transactions or not self._begins:
            return []
        return self._clean[self._begins[max(0, len(self._begins) - transactions)] + skipped_records :]

    def _resend(self, transactions: int, skipped_records: int) -> None:
        if transactions and self._begins:
            self._write(self._resent(transactions, skipped_records))
            if skipped_records % 2:
                self._write(self._end_again())

    def _end_again(self) -> list[Message]:
        """The last transaction's END again, after the next record, as written by a connector that resumed it."""
        for message in reversed(self._clean):
            body = msgspec.json.decode(message.body)
            if body.get("status") == "END":
                tx_id, _, lsn = body["id"].partition(":")
                return [Message(msgspec.json.encode({**body, "id": f"{tx_id}:{int(lsn) + 5}"}))]
        return []

    def _stream(self, records: Iterable[Message]) -> None:
        records = list(records)
        self._clean += records
        self._write(records)

    def _write(self, records: Iterable[Message]) -> None:
        for record in records:
            self.log.append(Message(record.body, len(self.log), record.oldkey))

    def _next(self) -> int:
        self._lsn += 10
        return self._lsn

    def _copy(self) -> Tables:
        return {table: {key: dict(row) for key, row in members.items()} for table, members in self.tables.items()}


Step = Callable[[Source], object]
"""Something that happens to the source."""
