"""The checks of `test_convergence.py` find faults: each replaces a part of the worker, and a short history exposes it.

Every history passes with the worker's own parts and fails with the fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from cdc.log.transaction import LogError
from sync_worker.errors import RowError
from tests.support.builders import plans
from tests.support.builders.deferred_keys import Deferred
from tests.support.builders.history import Delete, Move, Put, Source, Truncate
from tests.support.builders.worker_parts import WorkerParts
from tests.support.fakes.planted_faults import (
    NO_FAN_OUT,
    AllRemoved,
    BeginForgotten,
    DeletesIgnored,
    FailedRefreshCounts,
    HalfShown,
    HastyTracker,
    KeysOverlooked,
    MovedValueStale,
    NewParentForgotten,
    OldKeyKept,
    OldParentForgotten,
    OpenDropped,
    PlaceholderKept,
    PositionFirst,
    RefreshOfWhatCameLater,
    RepeatsTaken,
    SameVersion,
    SnapshotExact,
    TruncateIgnored,
    TrustedRestart,
    UnsettledBuilds,
    assembling,
    folding,
)
from tests.support.oracle.invariants import Diverged
from tests.support.oracle.loop_simulation import Turn, check


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


def _lines_swap_keys(source: Source) -> None:
    source.transaction(line(1, 2, 20))
    source.transaction(Deferred(plans.LINES, ((0, 1), (1, 0))))


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
    "rows that swap their keys are lost": Case(WorkerParts(applier=folding(KeysOverlooked)), _lines_swap_keys),
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
