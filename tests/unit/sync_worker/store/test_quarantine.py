"""Only documents that cannot be built or are rejected are quarantined, with the reason, and can be retried."""

import queue
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, Field, Node, PipelinePlan, TableUse
from read_model.sqlite import rows
from sync_worker.store.bulk import Bulk, BulkOutcome, DroppedFields, Rejection
from sync_worker.store.pending import Pending
from sync_worker.store.quarantine import Quarantine, QuarantineKind, Retry
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import statements
from sync_worker.verification.row_store_reader import RowStoreReader
from tests.support.builders import plans

THINGS = TableName("public", "things")
ABOUT = Column("about", "jsonb")
NAME = plans.text("name")
ROOT = Node(THINGS, (plans.ID,), (Field("name", NAME), Field("code", ABOUT, ("code",))))
USE = TableUse(THINGS, (plans.ID, NAME, ABOUT), (plans.ID,))
PLAN = PipelinePlan("small", (DocumentPlan("things", ROOT, (plans.ID,)),), "hash", (USE,))
NOTHING = BulkOutcome([], 0)


class Small:
    """A row store with ten things, and the parts that quarantine documents."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = RowStore(path)
        sql = statements(PLAN)
        self.rows = Rows(self.store, sql)
        self.rows.create()
        self.quarantine = Quarantine(self.store)
        self.pending = Pending(self.store, self.rows, sql.lanes, 5_000_000, 100)
        with self.store.transaction():
            for n in range(1, 11):
                self.store.execute(rows.upsert(USE), (n, f"thing {n}", f'{{"code": {n}}}'))
            self.store.move_log(watermark=50)
            self.rows.touch_all(40)

    def spoil(self, *ids: int) -> None:
        """Change these rows so that no document can be built from them."""
        self.store.execute(f"UPDATE {rows.table_name(THINGS)} SET about = '[' WHERE id IN ({', '.join(map(str, ids))})")

    def repair(self) -> None:
        """Correct these rows."""
        self.store.execute(f"UPDATE {rows.table_name(THINGS)} SET about = '{{}}'")

    def settle(self, bulk: Bulk, sent: BulkOutcome = NOTHING) -> None:
        """What the loop does with a finished bulk."""
        with self.store.transaction():
            self.quarantine.update(bulk, sent)
            self.pending.remove(bulk)

    def run(self) -> list[str]:
        """Build and settle all that is pending; the ids built, in order."""
        built = []
        while bulk := self.pending.take(60):
            built += [write.id for write in bulk.writes]
            self.settle(bulk)
        return built


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    small = Small(tmp_path / "small.sqlite")
    yield small
    small.store.close()


def test_one_poisoned_row_costs_its_own_document_alone(small: Small) -> None:
    small.spoil(1, 4, 5, 10)
    assert small.run() == ["2", "3", "6", "7", "8", "9"]
    assert (small.quarantine.refused, small.quarantine.left_out) == (4, 0)
    assert small.pending.count() == 0
    with RowStoreReader(small.path) as reader:
        quarantined = reader.quarantined("things")
    assert sorted(each.id for each in quarantined) == ["1", "10", "4", "5"]
    assert {(each.kind, each.cause, each.version) for each in quarantined} == {(QuarantineKind.UNBUILDABLE, 40, 60)}
    assert quarantined[0].reason == "The document cannot be built from its rows: malformed JSON."


def test_a_fault_of_the_statement_is_none_of_a_document(small: Small) -> None:
    small.store.execute(f"ALTER TABLE {rows.table_name(THINGS)} RENAME COLUMN about TO other")
    with pytest.raises(apsw.SQLError):
        small.pending.take(60)
    assert small.quarantine.refused == 0


def test_a_document_leaves_when_it_changes_and_is_taken(small: Small) -> None:
    small.spoil(4)
    small.run()
    small.repair()
    with small.store.transaction():
        small.rows.touch_all(70)
    assert len(small.run()) == 10
    assert small.quarantine.refused == 0


def test_what_is_asked_for_is_tried_again(small: Small) -> None:
    small.spoil(4, 5)
    small.run()
    small.repair()
    retries: queue.SimpleQueue[Retry] = queue.SimpleQueue()
    for wish, built in ((Retry("things", "4"), ["4"]), (Retry("other"), []), (Retry(), ["5"]), (Retry(), [])):
        retries.put(wish)
        small.quarantine.retry(retries, small.rows)
        assert wish.count.result(0) == len(built)
        assert small.run() == built
    assert small.quarantine.refused == 0


def test_refused_and_left_out_are_told_apart(small: Small) -> None:
    bulk = small.pending.take(60)
    assert bulk
    sent = BulkOutcome([Rejection(2, "too odd")], 0, {4: DroppedFields("5", "not this", ("code",))})
    small.settle(bulk, sent)
    assert (small.quarantine.refused, small.quarantine.left_out) == (1, 1)
    with RowStoreReader(small.path) as reader:
        refused, left_out = reader.quarantined()
        assert reader.quarantined(id_="5") == [left_out]
    assert (refused.id, refused.kind, refused.reason, refused.fields) == ("3", QuarantineKind.REJECTED, "too odd", ())
    assert (left_out.id, left_out.kind, left_out.fields) == ("5", QuarantineKind.FIELD_DROPPED, ("code",))


def test_a_document_touched_while_rejected_stays_pending(small: Small) -> None:
    bulk = small.pending.take(60)
    assert bulk
    with small.store.transaction():
        small.rows.touch_all(70)
    small.settle(bulk, BulkOutcome([Rejection(2, "too odd")], 0))
    assert small.quarantine.refused == 0
    assert len(small.run()) == 10


def test_an_index_that_is_built_anew_begins_without_a_quarantine(small: Small) -> None:
    small.spoil(4)
    small.run()
    with small.store.transaction():
        small.quarantine.clear("things")
    assert small.quarantine.refused == 0


def test_the_row_store_is_read_beside_its_worker(small: Small) -> None:
    with RowStoreReader(small.path) as reader:
        assert reader.pending_since(PLAN.documents[0], "4") == 40
        assert reader.build(PLAN.documents[0], "4") == '{"name":"thing 4","code":4}'
        assert reader.build(PLAN.documents[0], "77") is None
        small.run()
        assert reader.pending_since(PLAN.documents[0], "4") is None
        assert reader.position.log.watermark == 50
