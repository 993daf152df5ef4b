"""The SQL of pending documents: touches that survive their build, and statements that use the indexes."""

from collections.abc import Iterator

import pytest

from read_model.plan.model import DocumentPlan
from read_model.sqlite.fan_out import LANES, source_tables
from sync_worker.store import pending_sql
from tests.support.builders import plans
from tests.support.fakes.row_store import RowStore


@pytest.fixture(scope="module")
def store() -> RowStore:
    return RowStore(plans.TABLES, plans.DOCUMENTS)


def scans(store: RowStore, statement: str) -> Iterator[str]:
    """The tables that a statement scans in full."""
    bindings = {"after": 0, "limit": 10, "version": 1, "cursor": 0, "fresh_cursor": 0}
    for *_, detail in store.connection.execute(f"EXPLAIN QUERY PLAN {statement}", bindings):
        if detail.startswith("SCAN"):
            yield detail.removeprefix("SCAN ")


@pytest.mark.parametrize("plan", plans.DOCUMENTS, ids=lambda plan: plan.name)
def test_builds_look_every_row_up(store: RowStore, plan: DocumentPlan) -> None:
    for lane in LANES:
        # Left to scan are the pending ids taken, and the rows of a limited array.
        scanned = set(scans(store, pending_sql.build(plan, lane)))
        assert {name for name in scanned if not name.startswith(("p", "(subquery"))} == set()


@pytest.mark.parametrize("plan", plans.DOCUMENTS, ids=lambda plan: plan.name)
def test_fan_outs_start_at_the_changed_keys(store: RowStore, plan: DocumentPlan) -> None:
    for use in (use for use in plans.TABLES if use.table in source_tables(plan)):
        for _, statement in pending_sql.touch_changed(plan, use):
            assert set(scans(store, statement)) <= {"c", "f"}


def test_touched_rows_get_a_new_touch_and_pending_ones_stay() -> None:
    store = RowStore(plans.TABLES, plans.DOCUMENTS)
    plan, pending = plans.CATEGORIES_DOCUMENT, pending_sql.pending_name(plans.CATEGORIES_DOCUMENT, "fresh")
    touch = pending_sql.touch(plan, "fresh", "SELECT column1 AS k0, :lsn AS first_lsn FROM (VALUES (1), (2))")
    read = f"SELECT k0, touch, first_lsn FROM {pending} ORDER BY touch"
    store.connection.execute(touch, {"cursor": 0, "lsn": 10})
    store.connection.execute(touch, {"cursor": 0, "lsn": 11})
    assert store.connection.execute(read).fetchall() == [(1, 1, 10), (2, 2, 10)]
    store.connection.execute(touch, {"cursor": 1, "lsn": 12})
    assert store.connection.execute(read).fetchall() == [(2, 2, 10), (1, 3, 12)]
