"""The rules that assemble the log's records into transactions, with the numbers of `cdc.log.transaction`."""

from itertools import permutations

import pytest

from cdc.log.envelope import InTransaction, LogicalMessage, MessagePayload, Record, Source
from cdc.log.lsn import Lsn
from cdc.log.recovery import Recovery
from cdc.log.transaction import (
    DUPLICATE,
    Assembler,
    Begin,
    Change,
    Committed,
    LogError,
    SeenOrders,
    SnapshotRow,
    Suspended,
)


def begin(tx_id: int) -> Record:
    """A BEGIN marker."""
    return Record(status="BEGIN", id=f"{tx_id}:1")


def end(tx_id: int, lsn: int, count: int) -> Record:
    """An END marker."""
    return Record(status="END", id=f"{tx_id}:{lsn}", event_count=count, ts_ms=7)


def event(tx_id: int, order: int, last: int = 0) -> Record:
    """A change event, `last` being the commit before its transaction."""
    source = Source("public", "t", lsn=order, tx_id=tx_id, sequence=f'["{last}","{order}"]')
    return Record(op="c", source=source, transaction=InTransaction(f"{tx_id}:{order}", order))


def row(flag: str, lsn: int = 50) -> Record:
    """A row of a snapshot."""
    return Record(op="r", source=Source("public", "t", snapshot=flag, lsn=lsn))


def assembled(*records: Record, applied: int = 0) -> Assembler:
    """An assembler that has seen the records."""
    assembler = Assembler(Lsn(applied))
    for record in records:
        assembler.feed(record)
    return assembler


def test_a_transaction_is_its_events_and_its_commit_lsn() -> None:
    assembler = Assembler()
    steps = [assembler.feed(record) for record in (begin(7), event(7, 1), event(7, 2), end(7, 100, 2))]
    assert [type(step) for step in steps] == [Begin, Change, Change, Committed]
    assert steps[-1] == Committed(7, Lsn(100), 2, 7)
    assert assembler == Assembler(Lsn(100), seen=assembler.seen, ended_tx=7)


def test_a_transaction_of_events_that_are_not_captured_is_empty() -> None:
    assert assembled(begin(7), end(7, 100, 0)).applied == 100


# Rule 2: what is at or below `applied` is a repeat.


@pytest.mark.parametrize("lsn", [99, 100])
def test_an_end_at_or_below_applied_is_a_repeat(lsn: int) -> None:
    assembler = assembled(begin(7), event(7, 1), applied=100)
    assert assembler.feed(end(7, lsn, 1)) is DUPLICATE
    assert (assembler.applied, assembler.open_tx) == (100, None)


def test_a_second_end_of_the_last_transaction_is_a_duplicate() -> None:
    assembler = assembled(begin(7), event(7, 1), end(7, 100, 1))
    assert assembler.feed(end(7, 120, 1)) is DUPLICATE
    assert assembler.applied == 100
    for record in (begin(8), event(8, 1)):
        assembler.feed(record)
    assert assembler.feed(end(7, 130, 1)) is DUPLICATE
    assert (assembler.applied, assembler.open_tx) == (100, 8)
    assert isinstance(assembler.feed(end(8, 140, 1)), Committed)


def test_a_resent_transaction_with_a_later_end_raises() -> None:
    with pytest.raises(LogError, match="Transaction 7 ended twice, the second time at 0/78"):
        assembled(begin(7), event(7, 1), end(7, 100, 1), begin(7), event(7, 1), end(7, 120, 1))


def test_events_of_a_finished_transaction_are_duplicates() -> None:
    assembler = assembled(begin(7), event(7, 1), event(7, 2), end(7, 100, 2))
    assert [assembler.feed(record) for record in (event(7, 2), end(7, 100, 2))] == [DUPLICATE, DUPLICATE]


@pytest.mark.parametrize("last", [100, 120])
def test_a_new_event_outside_its_transaction_raises(last: int) -> None:
    with pytest.raises(LogError, match=r"public\.t of transaction 8 is outside"):
        assembled(event(8, 1, last), applied=100)


def test_an_end_without_a_beginning_stops_the_work() -> None:
    with pytest.raises(LogError, match="Transaction 8 ends at 0/6E, but the log does not contain its beginning"):
        assembled(end(8, 110, 1), applied=100)


# Rule 3: BEGIN while another is open.


def test_a_cut_off_transaction_may_come_again_at_once() -> None:
    assert assembled(begin(7), event(7, 1), begin(7), event(7, 1), event(7, 2), end(7, 100, 2)).applied == 100


def test_a_cut_off_transaction_comes_again_after_repeats() -> None:
    cut = [begin(8), event(8, 1)]
    repeats = [begin(7), event(7, 1), end(7, 100, 1)]
    assembler = assembled(*cut, *repeats, applied=100)
    assert (assembler.open_tx, assembler.suspended_tx) == (8, None)
    for record in (begin(8), event(8, 1), event(8, 2), end(8, 200, 2)):
        assembler.feed(record)
    assert (assembler.applied, assembler.dropped_tx) == (200, None)


def test_another_task_repeats_in_the_middle_of_a_transaction() -> None:
    """The records `old`, of a task that was considered dead, between those of the live one."""
    old = [begin(6), event(6, 1, 80), end(6, 90, 1), begin(7), event(7, 1, 90), event(7, 2, 90), end(7, 100, 2)]
    for place in range(len(old)):
        assembler = assembled(*old, begin(8), event(8, 1, 100), *old[: place + 1], applied=80)
        steps = [assembler.feed(record) for record in (event(8, 2, 100), *old[place + 1 :], end(8, 200, 2))]
        assert (type(steps[0]), steps[-1]) == (Change, Committed(8, Lsn(200), 2, 7))
        assert not any(isinstance(step, Change | Begin) for step in steps[1:])


def test_two_tasks_write_one_transaction_and_one_of_them_is_ahead() -> None:
    first = [begin(8), event(8, 1, 100), event(8, 2, 100)]
    second = [begin(8), event(8, 1, 100), event(8, 3, 100), event(8, 2, 100), end(8, 200, 3), event(8, 3, 100)]
    assembler = Assembler(Lsn(100))
    steps = [assembler.feed(record) for record in (*first, *second, end(8, 200, 3))]
    assert [
        step.record.transaction.total_order for step in steps if isinstance(step, Change) and step.record.transaction
    ] == [
        1,
        2,
        3,
    ]
    assert [step for step in steps if isinstance(step, Committed)] == [Committed(8, Lsn(200), 3, 7)]


def test_what_stood_aside_and_is_news_drops_what_was_open() -> None:
    assembler = assembled(begin(7), event(7, 1, 90), applied=100)  # A repeat that broke off.
    assert assembler.feed(begin(8)) == Suspended()
    assert assembler.feed(event(8, 1, 100)) == Change(event(8, 1, 100), begins=True)
    assert assembler.feed(end(8, 200, 1)) == Committed(8, Lsn(200), 1, 7)


def test_an_empty_transaction_that_stood_aside_may_be_news() -> None:
    assembler = assembled(begin(7), begin(8), applied=100)
    assert assembler.feed(end(8, 200, 0)) == Committed(8, Lsn(200), 0, 7, begins=True)


def test_a_skipped_transaction_with_a_later_end_raises() -> None:
    with pytest.raises(LogError, match="Transaction 8 at 0/C8 announces 1 events, but the log contains 0"):
        assembled(begin(7), begin(8), event(8, 1, 90), end(8, 200, 1), applied=100)


def test_a_new_transaction_before_the_interrupted_one_raises() -> None:
    with pytest.raises(LogError, match="Transaction 8 is incomplete in the log"):
        assembled(begin(8), event(8, 1, 100), begin(9), end(9, 300, 0), applied=100)


def test_a_snapshot_makes_cut_off_transactions_void() -> None:
    assembler = assembled(begin(8), begin(7), row("first"), row("last"), begin(9), end(9, 300, 0), applied=100)
    assert assembler.applied == 300


# Rules 4 and 5: what counts inside a transaction.


def test_an_event_that_was_seen_is_a_repeat() -> None:
    assembler = assembled(begin(7), event(7, 1), event(7, 2))
    assert assembler.feed(event(7, 1)) is DUPLICATE
    assert isinstance(assembler.feed(event(7, 3)), Change)
    assert isinstance(assembler.feed(end(7, 100, 3)), Committed)


def test_a_resent_transaction_with_other_events_raises() -> None:
    other = Record(op="d", source=event(7, 2).source, transaction=InTransaction("7:2", 2))
    with pytest.raises(LogError, match="Transaction 7 was repeated with other events"):
        assembled(begin(7), event(7, 1), event(7, 2), begin(7), event(7, 1), other)


@pytest.mark.parametrize("count", [1, 3])
def test_a_count_that_does_not_match_stops_the_work(count: int) -> None:
    with pytest.raises(LogError, match=f"announces {count} events, but the log contains 2") as raised:
        assembled(begin(7), event(7, 1), event(7, 2), end(7, 100, count))
    assert raised.value.recovery is Recovery.NEW_STORE


@pytest.mark.parametrize("orders", list(permutations((1, 2, 3, 5))))
def test_seen_counts_every_order_once(orders: tuple[int, ...]) -> None:
    seen = SeenOrders()
    assert all(seen.add(order) for order in orders)
    assert not any(seen.add(order) for order in orders)
    assert (len(seen), seen.through, seen.beyond) == (4, 3, {5})


# What is no transaction.


def test_snapshot_rows_are_never_tested_for_repeats() -> None:
    assembler = assembled(begin(7), applied=100)
    assert assembler.feed(row("first")) == SnapshotRow(row("first"), Lsn(50), last=False)
    assert assembler.feed(row("last")) == SnapshotRow(row("last"), Lsn(50), last=True)
    assert assembler.open_tx is None


def test_a_row_of_an_incremental_snapshot_stands_alone() -> None:
    record = Record(op="r", source=Source("public", "t", snapshot="incremental"))
    assert Assembler(Lsn(100)).feed(record) == Change(record, loose=True)


def test_a_message_outside_of_a_transaction_is_a_heartbeat() -> None:
    message_record = Record(op="m", source=Source(lsn=60), message=MessagePayload("rowtide-hb", "e30="), ts_ms=9)
    assembler = assembled(applied=50)
    assert assembler.feed(message_record) == LogicalMessage(Lsn(60), "rowtide-hb", b"{}", 9)
    assert assembler.applied == 50


def test_an_event_without_a_transaction_names_the_setting() -> None:
    with pytest.raises(LogError, match=r"provide\.transaction\.metadata"):
        assembled(Record(op="c", source=Source("public", "t", lsn=1)))
