"""A restored database: its LSNs go back. Duplicates in the log must not look like that."""

import base64

import msgspec
import pytest

from cdc.log.lsn import parse_lsn
from sync_worker.errors import PositionLost, describe
from sync_worker.store.history_check import Identity, check_heartbeat, check_same_history, is_new_snapshot_row
from sync_worker.store.position import LogPosition, Position, SnapshotState
from tests.support.builders.debezium_records import Message
from tests.support.builders.history import Put, Source
from tests.support.builders.plans import CUSTOMERS
from tests.support.builders.worker_parts import PLAN, WorkerParts
from tests.support.oracle.invariants import Expected
from tests.support.oracle.loop_simulation import trial

READ = Position(LogPosition(watermark=1000, heartbeat_ms=60_000), SnapshotState(lsn=500, read_ms=50_000))
US = Identity("7", 1)


@pytest.mark.parametrize(
    ("lsn", "at_ms"),
    [
        (1000, 61_000),
        (1001, 61_000),
        (1001, 10),
        (999, 60_000),
        (10, 60_000),
        (10, 1_000),
        (999, 61_000),
    ],
    ids=["equal", "next", "clock set back", "last again", "low again", "old again", "clock set back a little"],
)
def test_heartbeats_that_go_on_or_come_again(lsn: int, at_ms: int) -> None:
    check_heartbeat(READ, lsn, at_ms)


def test_a_heartbeat_that_nobody_heard_below_the_watermark() -> None:
    with pytest.raises(PositionLost, match=r"0/3E7 was emitted after the log had reached 0/3E8.*restored") as lost:
        check_heartbeat(READ, 999, 63_000)
    assert "--new-store" in describe(lost.value)
    check_heartbeat(
        Position(LogPosition(watermark=1000)), 999, 63_000
    )  # None was heard since the snapshot: nothing is known.


@pytest.mark.parametrize(
    ("lsn", "at_ms", "news"),
    [(500, 10**9, False), (499, 40_000, False), (499, 60_000, False), (1000, 0, True), (2000, 0, True)],
    ids=["its own again", "an older one again", "by another clock", "at the watermark", "beyond"],
)
def test_snapshots_that_are_news_or_come_again(lsn: int, at_ms: int, news: bool) -> None:
    assert is_new_snapshot_row(READ, lsn, at_ms) is news


@pytest.mark.parametrize(("lsn", "at_ms"), [(499, 70_000), (501, 0), (999, 70_000)])
def test_a_snapshot_of_a_restored_database_is_not_skipped(lsn: int, at_ms: int) -> None:
    with pytest.raises(PositionLost, match=r"A new snapshot was taken at .*restored") as lost:
        is_new_snapshot_row(READ, lsn, at_ms)
    assert "--new-store" in describe(lost.value)


def test_what_the_source_says_of_itself() -> None:
    at = parse_lsn("1/0")
    check_same_history(US, at, US, at)
    check_same_history(None, at, US, at + 1)
    with pytest.raises(PositionLost, match=r"WAL ends at 0/FFFFFFFF, but the log was read up to 1/0.*restored") as lost:
        check_same_history(US, at, US, at - 1)
    assert "resnapshot" in describe(lost.value)
    with pytest.raises(PositionLost, match="database system was 7 and is 8"):
        check_same_history(US, at, Identity("8", 1), at)
    with pytest.raises(PositionLost, match="timeline was 1 and is 2"):
        check_same_history(US, at, Identity("7", 2), at)


def test_the_log_of_a_database_that_was_put_back_moves_nothing() -> None:
    source = Source(PLAN.tables)
    for identity in (1, 2):
        source.transaction(Put(CUSTOMERS, {"id": identity, "name": "n", "email": None}))
        source.snapshot()
        source.heartbeat()
    with trial(source, Expected(source), WorkerParts()) as running:
        running.turn("read", len(source.log))
        before = running.store.position
        assert before.snapshot.lsn
        assert before.log.heartbeat_ms
        for message in [put_back(message) for message in source.log]:
            if message is not None:
                source.log.append(message)
                with pytest.raises(PositionLost, match="restored to an earlier state"):
                    running.turn("read", 1)
                assert running.store.position == before


def put_back(message: Message) -> Message | None:
    """A heartbeat or a snapshot's row of a restored database: low in the WAL, late by the clock."""
    body, late = msgspec.json.decode(message.body), 999_999_999_999
    if body.get("op") not in ("m", "r"):
        return None
    body["source"]["lsn"] -= 1
    body["ts_ms"] = late
    if body["op"] == "m":
        body["message"]["content"] = base64.b64encode(msgspec.json.encode({"at_ms": late})).decode()
    return Message(msgspec.json.encode(body), message.place)
