"""Values that are not of their column's type: whatever they are, the row does not fit, and nothing else happens."""

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.catalog.column_types import ELEMENTS, SUPPORTED, WITHOUT_PLACEHOLDER
from read_model.plan.model import DocumentPlan, Field, Node, PipelinePlan, TableUse
from sync_worker.errors import ShapeError
from sync_worker.log.row_shape import RowShape
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.ingest import Ingest
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.source.silence_monitor import SilenceMonitor, SourceReport
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import statements
from tests.support.builders import plans
from tests.support.builders.debezium_records import Message
from tests.support.builders.edge_values import MEMBERS
from tests.support.builders.history import Put, Source
from tests.support.builders.worker_parts import WorkerParts, bind
from tests.support.fakes.quiet_surroundings import SameSource, ShownTargets

TABLE = TableName("public", "t")
COLUMNS = [
    *(Column("v", type_, length=8 if type_ == "bit" else None) for type_ in sorted(SUPPORTED)),
    *(Column("v", "numeric", precision=10, scale=scale) for scale in (-2, 0, 2)),
    Column("v", "mood", kind="e", labels=("sad", "ok")),
    Column("v", "place", kind="c", members=MEMBERS),
    Column("v", "spans", kind="r", subtype="timestamptz"),
    *(Column("v", f"_{element}", element=element) for element in sorted(ELEMENTS | WITHOUT_PLACEHOLDER)),
]
VALUES: list[Any] = [
    *("", "no json", '"', "{", "x y", "NaN", "1e999", "1.2345", "-", "+", ".", "12:00", "2024-01-01", "soon", "\x00"),
    *("9" * 40, "=", "====", "/w==", "Zm9v", "true", 0, -1, 2**63, 10**30, 1.5, 1e300, True, False),
    *([], [1], ["a"], [[1]], [["a"]], [None], [{}], ["1e999"], ["soon"], {}, {"a": 1}, {"x": "y"}, {"x": 1, "y": None}),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.type} {column.scale}")
def test_a_value_of_another_type_fits_or_does_not_and_nothing_else(column: Column, tmp_path: Path) -> None:
    plan = DocumentPlan("t", Node(TABLE, (plans.ID,), (Field("v", column),)), (plans.ID,))
    use = TableUse(TABLE, (plans.ID, column), (plans.ID,))
    sql = statements(PipelinePlan("shop", (plan,), "hash", (use,)))
    shape = RowShape(TABLE, sql.tables[TABLE].types, ("id",), {})
    with RowStore(tmp_path / "store.sqlite") as store, store.translate_errors():
        rows = Rows(store, sql)
        rows.create()
        with store.transaction():
            rows.begin_snapshot()
        for value in VALUES:
            with suppress(ShapeError):
                row = shape.row(msgspec.Raw(json.dumps({"id": 1, "v": value}).encode()))
                rows.load(TABLE, [row])
                rows.differs(TABLE, row)


def test_the_reason_names_the_column_and_no_value(tmp_path: Path) -> None:
    with RowStore(tmp_path / "store.sqlite") as store:
        rows = Rows(store, statements(PipelinePlan("shop", plans.DOCUMENTS, "hash", plans.TABLES)))
        rows.create()
        rows.begin_snapshot()
        with pytest.raises(
            ShapeError, match=r"public\.products does not fit .* \(column price: ValueError\)"
        ) as caught:
            rows.load(plans.PRODUCTS, [(1, "sku", "2.50", 1), (2, "sku", "9.8765", 1)])
        assert "9.87" not in str(caught.value)


class RecordedMisfits:
    """What the loop reports of rows that do not fit."""

    def __init__(self) -> None:
        self.offsets: list[int | None] = []
        self.tables: set[tuple[str, str]] = set()

    def shape_mismatch(self, error: ShapeError) -> None:
        """A row of the log does not fit."""
        self.offsets.append(error.offset)

    def reread(self, tables: Collection[tuple[str, str]]) -> None:
        """Rows of a snapshot do not fit."""
        self.tables.update(tables)


class WholeLog:
    """A log that gives all that it has at each read."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages
        self._offset = 0

    def read(self, count: int, wait: float) -> list[Message]:
        """The next messages."""
        start, self._offset = self._offset, min(len(self._messages), self._offset + count)
        return self._messages[start : self._offset]

    def seek(self, offset: int) -> None:
        """Continue at this offset."""
        self._offset = offset


class Reader:
    """The first part of the worker's loop over a log."""

    def __init__(self, path: Path, source: Source) -> None:
        self.store = RowStore(path)
        self.misfits = RecordedMisfits()
        self.bound: PlanBound = bind(WorkerParts(), self.store, lambda _: ShownTargets([]), 4)
        self._ingest = Ingest(
            store=self.store,
            source=WholeLog(source.log),
            shapes=self.misfits,
            identity=SameSource(),
            silence=SilenceMonitor(SourceReport, lambda: None),
            tracker=FreshnessTracker(published=0),
            batch=1000,
            idle_wait=0.0,
        )

    def turns(self, count: int) -> None:
        """Take turns."""
        for _ in range(count):
            self._ingest.turn(self.bound, busy=False)


def product(id_: int, price: Any) -> Put:
    return Put(plans.PRODUCTS, {"id": id_, "sku": "a", "price": price, "category_id": None})


def tag(id_: int) -> Put:
    return Put(plans.TAGS, {"id": id_, "name": "n"})


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[list[Reader]]:
    opened: list[Reader] = []
    yield opened
    for reader in opened:
        reader.store.close()


@pytest.mark.parametrize("price", ["1.2345", 7, "no number"], ids=["when written", "when decoded", "other text"])
@pytest.mark.parametrize("large", [False, True], ids=["in memory", "spooled"])
def test_all_before_a_transaction_that_does_not_fit_is_applied(
    price: Any, large: bool, tmp_path: Path, readers: list[Reader]
) -> None:
    source = Source(plans.TABLES)
    source.uncaptured(tag(1))
    source.snapshot()
    before = source.transaction(tag(2), product(1, "1.25"))
    source.transaction(*map(tag, range(3, 9 if large else 4)), product(2, price))
    source.transaction(tag(9))
    reader = Reader(tmp_path / "store.sqlite", source)
    readers.append(reader)
    reader.turns(8)
    assert len(set(reader.misfits.offsets)) == 1
    assert reader.misfits.offsets[0] == len(source.log) - 4, "the END of the transaction that does not fit"
    assert reader.store.position.log.watermark == before
    assert reader.bound.rows.stored(plans.PRODUCTS, (1,)) == (1, "a", 125, None)
    assert reader.bound.rows.stored(plans.TAGS, (3,)) is None


def test_a_table_that_does_not_fit_in_a_snapshot_costs_itself_alone(tmp_path: Path, readers: list[Reader]) -> None:
    source = Source(plans.TABLES)
    source.uncaptured(tag(1), tag(2), product(1, "1.25"), product(2, "1.2345"), product(3, 7))
    source.snapshot()
    reader = Reader(tmp_path / "store.sqlite", source)
    readers.append(reader)
    reader.turns(1)
    assert reader.misfits.tables == {plans.PRODUCTS}
    assert reader.misfits.offsets == []
    assert reader.store.position.snapshot.unfit == (plans.PRODUCTS,)
    assert reader.bound.rows.stored(plans.TAGS, (2,)) == (2, "n")


def test_changes_of_an_ignored_table_cost_nothing_and_a_snapshot_ends_it(tmp_path: Path, readers: list[Reader]) -> None:
    source = Source(plans.TABLES)
    source.snapshot()
    source.transaction(tag(1), product(1, "1.25"))
    reader = Reader(tmp_path / "store.sqlite", source)
    readers.append(reader)
    reader.turns(1)
    with reader.store.transaction():
        reader.store.move(ignored=(plans.PRODUCTS,))
    source.transaction(tag(2), product(2, 7), *map(tag, range(3, 9)))
    last = source.transaction(product(1, "2.50"))
    reader.turns(3)
    assert reader.misfits.offsets == []
    assert reader.store.position.log.watermark == last
    assert reader.bound.rows.stored(plans.TAGS, (8,)) == (8, "n")
    assert reader.bound.rows.stored(plans.PRODUCTS, (1,)) == (1, "a", 125, None)
    source.snapshot()
    reader.turns(2)
    assert reader.store.position.ignored == ()


def test_the_next_snapshot_forgets_what_did_not_fit(tmp_path: Path, readers: list[Reader]) -> None:
    source = Source(plans.TABLES)
    source.uncaptured(tag(1), product(1, "1.2345"))
    source.snapshot()
    source.uncaptured(product(1, "1.25"))
    source.snapshot()
    reader = Reader(tmp_path / "store.sqlite", source)
    readers.append(reader)
    reader.turns(1)
    assert reader.store.position.snapshot.unfit == ()
