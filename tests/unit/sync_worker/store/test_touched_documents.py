"""Which documents a batch of changed rows makes pending: all whose content may differ, and no others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import Condition, DocumentPlan, Include, Join, Node, PipelinePlan, TableUse
from sync_worker.log.row_shape import Key, Row
from sync_worker.log.table_changes import TableChanges
from sync_worker.store.pending import Pending
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import statements
from tests.support.builders import plans

THINGS, MAKERS = TableName("public", "things"), TableName("public", "makers")
NAME, MAKER_ID, COLUMNS = plans.text("name"), plans.integer("maker_id"), plans.text("columns")
ACTIVE, RATING = Column("active", "bool"), Column("rating", "numeric")
MAKER = Node(MAKERS, (plans.ID,), plans.fields(NAME), where=(Condition(ACTIVE, "=", (True,)),))
THING = Node(
    THINGS,
    (plans.ID,),
    plans.fields(COLUMNS),
    includes=(Include("maker", False, MAKER, Join((MAKER_ID,), (plans.ID,))),),
)
DOCUMENTS = (
    DocumentPlan("things", THING, (plans.ID,)),
    DocumentPlan("makers", Node(MAKERS, (plans.ID,), plans.fields(NAME, RATING)), (plans.ID,)),
)
USES = (
    TableUse(MAKERS, (plans.ID, NAME, ACTIVE, RATING), (plans.ID,)),
    TableUse(THINGS, (plans.ID, MAKER_ID, COLUMNS), (plans.ID,), (("maker_id",),)),
)
ROWS: dict[TableName, dict[Key, Row | None]] = {
    MAKERS: {(1,): (1, "maker", True, "1.0")},
    THINGS: {(number,): (number, 1, "thing") for number in range(1, 4)},
}


class Shop:
    """A row store with three things of one maker, nothing pending."""

    def __init__(self, path: Path) -> None:
        self.store, sql = RowStore(path), statements(PipelinePlan("touched", DOCUMENTS, "hash", USES))
        self.rows = Rows(self.store, sql)
        self.rows.create()
        self.pending = Pending(self.store, self.rows, sql.lanes, 5_000_000, 100)
        self.built(ROWS)

    def built(self, rows: dict[TableName, dict[Key, Row | None]], truncated: bool = False) -> list[str]:
        """The documents built for one transaction: their kind and id, sorted."""
        lsn = self.store.position.log.watermark + 10
        changes = {
            table: TableChanges(
                rows=dict(states), touched=dict.fromkeys(states, lsn), truncated_at=lsn * truncated or None
            )
            for table, states in rows.items()
        }
        written = []
        with self.store.transaction():
            self.rows.apply(changes)
            while bulk := self.pending.take(lsn):
                written += [f"{bulk.document} {write.id}" for write in bulk.writes]
                self.pending.remove(bulk)
        return sorted(written)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "shop.sqlite")
    yield shop
    shop.store.close()


def test_rows_that_are_written_unchanged_touch_no_document(shop: Shop) -> None:
    assert shop.built(ROWS) == []
    assert shop.built({THINGS: {(1,): (1, 1, "other")}}) == ["things 1"]
    assert shop.built({THINGS: {(1,): (1, 1, "other"), (2,): (2, None, "thing")}}) == ["things 2"]


def test_a_column_touches_the_documents_that_use_it(shop: Shop) -> None:
    assert shop.built({MAKERS: {(1,): (1, "maker", True, "2.0")}}) == ["makers 1"]
    assert shop.built({MAKERS: {(1,): (1, "maker", False, "2.0")}}) == ["things 1", "things 2", "things 3"]
    assert shop.built({MAKERS: {(1,): (1, "renamed", False, "2.0")}}) == [
        "makers 1",
        "things 1",
        "things 2",
        "things 3",
    ]


def test_an_equal_value_in_another_spelling_touches_its_documents(shop: Shop) -> None:
    assert shop.built({MAKERS: {(1,): (1, "maker", True, "1.00")}}) == ["makers 1"]


def test_a_null_differs_from_every_value(shop: Shop) -> None:
    assert shop.built({MAKERS: {(1,): (1, "maker", True, None)}}) == ["makers 1"]
    assert shop.built({MAKERS: {(1,): (1, "maker", True, None)}}) == []
    assert shop.built({MAKERS: {(1,): (1, "maker", True, "1.0")}}) == ["makers 1"]


def test_rows_that_a_truncate_deleted_and_that_came_back_touch_their_documents(shop: Shop) -> None:
    assert shop.built({THINGS: {(1,): (1, 1, "thing")}}, truncated=True) == ["things 1", "things 2", "things 3"]
    assert shop.built({THINGS: {(1,): (1, 1, "thing")}}) == []


def test_new_rows_of_joined_tables_build_each_document_once(shop: Shop) -> None:
    rows: dict[TableName, dict[Key, Row | None]] = {
        MAKERS: {(2,): (2, "new", True, None)},
        THINGS: {(number,): (number, 2, "new") for number in (4, 5)},
    }
    assert shop.built(rows) == ["makers 2", "things 4", "things 5"]


@pytest.mark.parametrize("changed", [1, 61, 62, 63, 70])
def test_each_of_many_columns_is_noticed(tmp_path: Path, changed: int) -> None:
    columns = (plans.ID, *(plans.text(f"c{n}") for n in range(1, 80)))
    document = DocumentPlan("wide", Node(THINGS, (plans.ID,), plans.fields(columns[changed])), (plans.ID,))
    others = DocumentPlan("others", Node(THINGS, (plans.ID,), plans.fields(columns[2])), (plans.ID,))
    store = RowStore(tmp_path / "wide.sqlite")
    plan = PipelinePlan("wide", (document, others), "hash", (TableUse(THINGS, columns, (plans.ID,)),))
    rows = Rows(store, statements(plan))
    rows.create()
    row = [1, *("x" for _ in columns[1:])]
    touched = []
    for values in (row, [*row[:changed], "y", *row[changed + 1 :]]):
        with store.transaction():
            rows.apply({THINGS: TableChanges(rows={(1,): tuple(values)}, touched={(1,): 5})})
            pending = Pending(store, rows, rows.sql.lanes, 5_000_000, 100)
            while bulk := pending.take(7):
                touched.append(bulk.document)
                pending.remove(bulk)
    store.close()
    assert sorted(touched) == ["others", "wide", "wide"]
