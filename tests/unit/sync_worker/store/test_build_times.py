"""When documents of a version were built and acknowledged, and for which transactions."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cdc.log.lsn import Lsn
from read_model.plan.model import PipelinePlan
from sync_worker.store import build_times
from sync_worker.store.build_times import OF_VERSION, SLICE_MS, Build, BuildTimes, build_of
from sync_worker.store.bulk import Bulk
from sync_worker.store.row_store import RowStore
from sync_worker.store.statements import statements
from sync_worker.verification.log_search import LogScan, LogTransaction
from tests.support.builders import plans

LANE = statements(PipelinePlan("small", (plans.ORDERS_DOCUMENT,), "hash", plans.TABLES)).lanes[0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RowStore]:
    with RowStore(tmp_path / "small.sqlite") as store:
        yield store


def note(store: RowStore, times: BuildTimes, version: int, built_ms: int, first_lsn: int = 50, took: int = 20) -> None:
    """A bulk of the version was built, and acknowledged a moment later."""
    with store.transaction():
        store.move_log(offset=store.position.log.offset + 100)
        times.record(Bulk(LANE, 0, 1, first_lsn, version, [], built_ms=built_ms), built_ms + took)


def of_version(store: RowStore, version: int) -> Build | None:
    """What is known about a version."""
    return build_of(store.execute(OF_VERSION, (LANE.document, version)).fetchone())


def test_bulks_of_one_second_share_a_row_of_build_times(store: RowStore) -> None:
    times = BuildTimes(store)
    note(store, times, 60, 10_000)
    note(store, times, 61, 10_400, first_lsn=48)
    note(store, times, 90, 10_000 + SLICE_MS, first_lsn=80)
    note(store, times, 90, 19_000, first_lsn=85)
    assert store.value("SELECT count(*) FROM builds") == 3
    assert of_version(store, 60) == of_version(store, 61) == Build(48, 200, 10_000, 10_420)
    # A load of many documents has one version for as long as it takes.
    assert of_version(store, 90) == Build(80, 400, 11_000, 19_020)
    assert of_version(store, 70) is None
    # A worker that starts again, and a clock that was set back, begin rows of their own.
    note(store, BuildTimes(store), 91, 19_100)
    note(store, times, 92, 12_000)
    assert (of_version(store, 91), of_version(store, 92)) == (
        Build(50, 500, 19_100, 19_120),
        Build(50, 600, 12_000, 12_020),
    )


def test_old_rows_go(store: RowStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_times, "MAX_ROWS", 3)
    times = BuildTimes(store)
    for number in range(10):
        note(store, times, number, number * SLICE_MS)
    assert [number for number in range(10) if of_version(store, number)] == [7, 8, 9]


def change(tx_id: int, table: str) -> bytes:
    """A change of a table of the shop."""
    source = {"schema": "public", "table": table, "txId": tx_id, "lsn": 1}
    return msgspec.json.encode({"op": "u", "source": source, "transaction": {"id": f"{tx_id}:1", "total_order": 1}})


def end(tx_id: int, lsn: int) -> bytes:
    """The end of a transaction."""
    return msgspec.json.encode({"status": "END", "id": f"{tx_id}:{lsn}", "event_count": 1, "ts_ms": lsn * 10})


def test_transactions_that_changed_a_table_are_found_backwards() -> None:
    scan = LogScan(frozenset({plans.ORDERS, plans.LINES}))
    scan.add_earlier(iter([change(4, "orders"), end(4, 40), change(5, "products"), end(5, 50)]))
    assert not scan.reaches(20)
    # The log was cut within transaction 3.
    scan.add_earlier(iter([b"no record", change(2, "order_lines"), end(2, 20), change(3, "order_lines")]))
    scan.add_earlier(iter([change(1, "orders"), end(1, 10), change(2, "orders")]))
    assert scan.reaches(20)
    assert scan.since(20) == [LogTransaction(2, Lsn(20), 200), LogTransaction(4, Lsn(40), 400)]
