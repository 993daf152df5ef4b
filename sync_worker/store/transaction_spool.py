"""Holds the events of the log's open transaction: few of them in memory, many on disk (invariant 8)."""

from collections.abc import Iterator

from cdc.log.envelope import decode
from sync_worker.log.changes import TakenChange
from sync_worker.store.row_store import RowStore

MAX_BYTES = 32 << 20
"""Bytes of events in memory, as received from Kafka. A batch of messages may need as much again."""

CHUNK_EVENTS = 10_000
"""The most events of a spooled transaction that are folded at a time.

Together they are not much larger than MAX_BYTES."""


class TransactionSpool:
    """Up to `max_events` and `max_bytes` are in memory.

    Call the methods that write inside a transaction of the row store."""

    def __init__(self, store: RowStore, max_events: int, max_bytes: int = MAX_BYTES) -> None:
        self._store = store
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._bytes = 0
        self.events: list[TakenChange] = []
        """The events in memory."""

    def add(self, change: TakenChange) -> None:
        """Add an event in memory."""
        self.events.append(change)
        self._bytes += len(change.value)

    @property
    def full(self) -> bool:
        """Whether the events in memory should move to disk."""
        return len(self.events) >= self._max_events or self._bytes >= self._max_bytes

    def spill(self) -> None:
        """Move the events in memory to disk."""
        self._store.execute_many(
            "INSERT INTO spool(value, old_key) VALUES (?, ?)",
            [(change.value, change.old_key) for change in self.events],
        )
        self._clear_memory()

    def chunks(self) -> Iterator[list[TakenChange]]:
        """The events on disk, in order.

        Both events of a key change are in one chunk: the second may need the old row's values."""
        last = 0
        while rows := self._rows(last):
            last = rows[-1][0]
            yield [TakenChange(decode(value), value, old_key) for _, value, old_key in rows]

    def _rows(self, last: int) -> list[tuple[int, bytes, bytes | None]]:
        rows, size = [], 0
        events = self._store.execute("SELECT seq, value, old_key FROM spool WHERE seq > ? ORDER BY seq", (last,))
        for number, row in enumerate(events, 1):
            rows.append(row)
            size += len(row[1])
            if number > 1 and (number >= CHUNK_EVENTS or size >= self._max_bytes):
                events.close()
                return rows[:-1] if decode(row[1]).op == "d" else rows
        return rows

    def clear(self) -> None:
        """Delete all events."""
        self._clear_memory()
        if self._store.position.transaction.spooled_tx:
            self._store.execute("DELETE FROM spool")
            self._store.move_transaction(spooled_tx=0, spooled_events=0)

    def _clear_memory(self) -> None:
        self.events, self._bytes = [], 0
