"""A worker that is stopped between any two stages of its loop ends, and the next one continues (invariants 1, 2, 6)."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from read_model.types.canonical_json import canonical
from tests.support.builders import plans
from tests.support.builders.history import Delete, Move, Operation, Put, Source
from tests.support.fakes.fake_worker import STAGES, Cluster, FakeWorker, live
from tests.support.oracle.invariants import Expected
from tests.support.oracle.loop_simulation import MEMORY

TURNS = 6
LONGEST = 30.0
"""Seconds; a worker that is not through by then makes no progress."""


def customer(id_: int, name: str) -> Put:
    """A customer with a long value that does not change."""
    return Put(plans.CUSTOMERS, {"id": id_, "name": name, "email": "long"}, toast=True)


def order(id_: int, customer: int) -> Put:
    """A customer's order."""
    row = {"id": id_, "customer_id": customer, "referrer_id": None, "status": "open"}
    return Put(plans.ORDERS, row | {"placed_at": None, "deleted": False})


@pytest.fixture(scope="module")
def source() -> Source:
    """A snapshot, transactions (one is spooled), duplicates, another snapshot, and the end."""
    shop = Source(plans.TABLES)
    shop.uncaptured(*(customer(id_, "first") for id_ in range(1, 4)), *(order(id_, 1 + id_ % 3) for id_ in range(1, 8)))
    shop.snapshot()
    shop.heartbeat()
    many: list[Operation] = [customer(1 + number % 3, f"name {number}") for number in range(8)]
    shop.transaction(*many, Move(plans.ORDERS, (1,), (20,)), killed_after=5, resent_transactions=0)
    shop.transaction(Delete(plans.ORDERS, (2,)), order(3, 2), killed_after=2, resent_transactions=1)
    shop.heartbeat()
    shop.uncaptured(Delete(plans.ORDERS, (4,)))
    shop.snapshot()
    shop.heartbeat()
    shop.transaction(Delete(plans.CUSTOMERS, (3,)), order(21, 1))
    shop.heartbeat()
    return shop


def holds(source: Source, expected: Expected, cluster: Cluster, worker: FakeWorker) -> None:
    """What was published can be found (invariant 6)."""
    published = worker.freshness.searchable
    states = [expected.at(place) for place in range(source.state(published), source.last + 1)]
    for plan in plans.DOCUMENTS if published else ():
        visible = cluster.documents.visible.get(plan.name, {})
        for identity in visible.keys() | states[0][plan.name].keys():
            seen = canonical(visible[identity]) if identity in visible else None
            assert any(seen == state[plan.name].get(identity) for state in states), (published, plan.name, identity)


def finish(source: Source, expected: Expected, cluster: Cluster, path: Path) -> None:
    """Let a worker read to the end; then the index equals the oracle (invariant 5)."""
    deadline, end = time.monotonic() + LONGEST, source.states[-1][0]

    def between(worker: FakeWorker) -> None:
        assert time.monotonic() < deadline, worker.freshness
        if worker.freshness.searchable >= end:
            worker.stopping.set()

    assert live(source.log, cluster, path, between, gives_up=False).freshness.state == "stopped"
    for plan in plans.DOCUMENTS:
        documents = {id_: canonical(body) for id_, body in cluster.documents.visible.get(plan.name, {}).items()}
        assert documents == expected.at(source.last)[plan.name]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory, if the machine has one."""
    with TemporaryDirectory(prefix="rowtide-stop-", dir=MEMORY if MEMORY.is_dir() else None) as path:
        yield Path(path)


def test_stopped_between_any_two_stages(source: Source, folder: Path) -> None:
    expected = Expected(source)
    for last in range(1, TURNS * STAGES + 1):
        cluster, path, stages = Cluster(), folder / f"{last}.sqlite", 0

        def between(worker: FakeWorker, last: int = last) -> None:
            nonlocal stages
            stages += 1
            if stages == last:
                worker.stopping.set()

        holds(source, expected, cluster, live(source.log, cluster, path, between, gives_up=last % 2 == 0))
        assert last <= stages < last + STAGES, "it ends with the turn"
        finish(source, expected, cluster, path)


def test_stopped_again_and_again(source: Source, folder: Path) -> None:
    expected, cluster, path = Expected(source), Cluster(), folder / "store.sqlite"
    for life in range(20):
        stages = 0

        def between(worker: FakeWorker, last: int = 1 + life % (3 * STAGES)) -> None:
            nonlocal stages
            stages += 1
            if stages == last:
                worker.stopping.set()

        holds(source, expected, cluster, live(source.log, cluster, path, between, gives_up=life % 2 == 0))
    finish(source, expected, cluster, path)
