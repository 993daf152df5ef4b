"""A large open transaction is spooled to disk, by the number or size of its events, and read back in chunks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc.log.envelope import decode
from sync_worker.log.changes import TakenChange
from sync_worker.store.row_store import RowStore
from sync_worker.store.transaction_spool import CHUNK_EVENTS, TransactionSpool


def event(number: int, op: str = "u", size: int = 10) -> TakenChange:
    """A change of a row with that many characters."""
    source = {"schema": "public", "table": "t", "lsn": 1, "txId": 1, "snapshot": "false"}
    row = {"id": number, "text": "x" * size}
    value = json.dumps({"op": op, "source": source, "before": None, "after": row, "ts_ms": 1}).encode()
    return TakenChange(decode(value), value, b'{"id":0}' if op == "c" else None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RowStore]:
    with RowStore(tmp_path / "store.sqlite") as store, store.transaction():
        yield store


def numbers(chunk: list[TakenChange]) -> list[int]:
    return [json.loads(bytes(change.record.after))["id"] for change in chunk]


def test_few_small_events_stay_in_memory(store: RowStore) -> None:
    spool = TransactionSpool(store, max_events=5)
    for number in range(4):
        spool.add(event(number))
    assert not spool.full
    spool.add(event(4))
    assert spool.full


def test_large_events_leave_memory_long_before_they_are_many(store: RowStore) -> None:
    spool = TransactionSpool(store, max_events=20_000, max_bytes=1_000_000)
    for number in range(9):
        spool.add(event(number, size=100_000))
        assert not spool.full
    spool.add(event(9, size=100_000))
    assert spool.full
    spool.spill()
    assert spool.events == []
    assert not spool.full


def test_they_come_back_in_order_and_not_many_bytes_at_a_time(store: RowStore) -> None:
    spool = TransactionSpool(store, max_events=20_000, max_bytes=1_000_000)
    for number in range(100):
        spool.add(event(number, size=100_000))
        if spool.full:
            spool.spill()
    spool.spill()
    chunks = list(spool.chunks())
    assert [number for chunk in chunks for number in numbers(chunk)] == list(range(100))
    assert max(sum(len(change.value) for change in chunk) for chunk in chunks) < 1_200_000
    spool.clear()


def test_small_ones_come_back_by_their_number(store: RowStore) -> None:
    spool = TransactionSpool(store, max_events=1)
    for number in range(CHUNK_EVENTS + 5):
        spool.add(event(number))
    spool.spill()
    assert [len(chunk) for chunk in spool.chunks()] == [CHUNK_EVENTS, 5]


def test_both_halves_of_a_key_change_come_together(store: RowStore) -> None:
    spool = TransactionSpool(store, max_events=1, max_bytes=500_000)
    spool.add(event(1, size=100_000))
    spool.add(event(2, "d", size=450_000))
    spool.add(event(3, "c", size=450_000))
    spool.spill()
    assert [numbers(chunk) for chunk in spool.chunks()] == [[1], [2, 3]]
