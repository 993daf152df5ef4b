"""A change that touches many documents does not delay those that touch few, and is not starved by them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from read_model.catalog.catalog import TableName
from read_model.plan.model import DocumentPlan, Field, Include, Join, Node, PipelinePlan, TableUse
from sync_worker.log.row_shape import Key, Row
from sync_worker.log.table_changes import TableChanges
from sync_worker.store.bulk import Bulk
from sync_worker.store.pending import FAN_OUT_TURN, Pending
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import statements
from tests.support.builders import plans

THINGS, MAKERS = TableName("public", "things"), TableName("public", "makers")
NAME, MAKER_ID = plans.text("name"), plans.integer("maker_id")
MAKER = Include("maker", False, Node(MAKERS, (plans.ID,), plans.fields(NAME)), Join((MAKER_ID,), (plans.ID,)))
ROOT = Node(THINGS, (plans.ID,), (Field("name", NAME),), includes=(MAKER,))
USES = (
    TableUse(THINGS, (plans.ID, NAME, MAKER_ID), (plans.ID,), (("maker_id",),)),
    TableUse(MAKERS, (plans.ID, NAME), (plans.ID,)),
)
PLAN = PipelinePlan("fair", (DocumentPlan("things", ROOT, (plans.ID,)),), "hash", USES)
MANY = 5000
BULK = 100


class Shop:
    """A row store with many things of one maker, nothing pending."""

    def __init__(self, path: Path) -> None:
        self.store = RowStore(path)
        sql = statements(PLAN)
        self.rows = Rows(self.store, sql)
        self.rows.create()
        self.pending = Pending(self.store, self.rows, sql.lanes, 5_000_000, BULK)
        self.change({MAKERS: {(1,): (1, "maker")}, THINGS: {(n,): (n, "thing", 1) for n in range(1, MANY + 1)}}, 10)
        while bulk := self.take():
            assert bulk.writes

    def change(self, rows: dict[TableName, dict[Key, Row]], lsn: int) -> None:
        """One transaction of the source."""
        changes = {}
        for table, states in rows.items():
            changes[table] = TableChanges(rows=dict(states), touched=dict.fromkeys(states, lsn))
        with self.store.transaction():
            self.rows.apply(changes)

    def take(self) -> Bulk | None:
        """Build the next bulk, and acknowledge it."""
        with self.store.transaction():
            if bulk := self.pending.take(60):
                self.pending.remove(bulk)
        return bulk


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "shop.sqlite")
    yield shop
    shop.store.close()


def test_a_change_of_many_documents_does_not_hold_back_a_fresh_one(shop: Shop) -> None:
    shop.change({MAKERS: {(1,): (1, "renamed")}}, 20)
    assert shop.pending.count() == MANY
    for number in range(1, 11):
        bulk = shop.take()
        assert bulk is not None
        assert bulk.lane.fan_out
        shop.change({THINGS: {(number,): (number, "fresh", 1)}}, 20 + number)
        built = [shop.take() for _ in range(2)]  # Of two turns one at least is not the other lane's.
        fresh = [bulk for bulk in built if bulk and not bulk.lane.fan_out]
        assert [write.id for bulk in fresh for write in bulk.writes] == [str(number)]
        assert all(b'"fresh"' in write.body and b'"renamed"' in write.body for bulk in fresh for write in bulk.writes)


def test_a_large_fan_out_is_not_starved_by_fresh_changes(shop: Shop) -> None:
    shop.change({MAKERS: {(1,): (1, "renamed")}}, 20)
    renamed = 0
    for bulks in range(FAN_OUT_TURN * MANY // BULK):
        shop.change({THINGS: {(number,): (number, f"fresh {bulks}", 1) for number in range(1, 2 * BULK)}}, 30 + bulks)
        bulk = shop.take()
        assert bulk is not None
        renamed += bulk.lane.fan_out * len(bulk.writes)
    assert renamed == MANY
