"""The events of the transaction that is open in the log: in memory while they are few, on disk beyond that (invariant 8)."""

from collections.abc import Iterator

from cdc.log.envelope import decode
from sync_worker.log.changes import TakenChange
from sync_worker.store.row_store import RowStore

MOST_BYTES = 32 << 20
"""Of events in memory, as they came from Kafka; a batch of messages may be as large once more."""

CHUNK_EVENTS = 10_000
"""Events of a spooled transaction that are folded at a time, at most; together they are not much larger than `MOST_BYTES`."""


class TransactionSpool:
    """Its writes belong inside a transaction of the row store. `most_events` are kept in memory."""

    def __init__(self, store: RowStore, most_events: int, most_bytes: int = MOST_BYTES) -> None:
        self._store = store
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self.events: list[TakenChange] = []
        """Those in memory."""

    def add(self, change: TakenChange) -> None:
        """One more event."""
        self.events.append(change)
        self._bytes += len(change.value)

    @property
    def full(self) -> bool:
        """Whether what is in memory belongs on disk."""
        return len(self.events) >= self._most_events or self._bytes >= self._most_bytes

    def put_away(self) -> None:
        """Move what is in memory to the disk."""
        self._store.execute_many(
            "INSERT INTO spool(value, old_key) VALUES (?, ?)",
            [(change.value, change.old_key) for change in self.events],
        )
        self._forget()

    def chunks(self) -> Iterator[list[TakenChange]]:
        """What is on disk, in its order. Both halves of a key change come in one chunk: the second may need the old row's values."""
        last = 0
        while rows := self._rows(last):
            last = rows[-1][0]
            yield [TakenChange(decode(value), value, old_key) for _, value, old_key in rows]

    def _rows(self, last: int) -> list[tuple[int, bytes, bytes | None]]:
        rows, size = [], 0
        found = self._store.execute("SELECT seq, value, old_key FROM spool WHERE seq > ? ORDER BY seq", (last,))
        for number, row in enumerate(found, 1):
            rows.append(row)
            size += len(row[1])
            if number > 1 and (number >= CHUNK_EVENTS or size >= self._most_bytes):
                found.close()
                return rows[:-1] if decode(row[1]).op == "d" else rows
        return rows

    def clear(self) -> None:
        """Forget all of it."""
        self._forget()
        if self._store.position.spooled_tx:
            self._store.execute("DELETE FROM spool")
            self._store.move(spooled_tx=0, spooled_seen=0)

    def _forget(self) -> None:
        self.events, self._bytes = [], 0
