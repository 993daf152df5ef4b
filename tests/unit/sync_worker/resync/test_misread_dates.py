"""Tables are queried once for each snapshot for dates that it misreads; documents wait for the result."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import TableUse
from sync_worker.errors import ServiceMissing, WorkerError
from sync_worker.resync.misread_dates import MisreadDateCheck, misread_conditions, misread_query
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.store.row_store import RowStore
from tests.support.builders import plans


def use(*columns: Column) -> TableUse:
    """A table with its key and these columns."""
    return TableUse(TableName("public", "t"), (plans.ID, *columns), (plans.ID,))


def test_a_table_without_dates_is_not_asked() -> None:
    assert (
        misread_conditions(use(plans.text("name"), Column("at", "time"), Column("many", "_date", element="date"))) == []
    )


def test_the_bc_query_covers_every_finite_date_column() -> None:
    sql = misread_query(use(Column("d", "date"), plans.text("name"), Column('z"', "timestamptz")))
    assert sql == (
        """SELECT EXISTS (SELECT FROM "public"."t" WHERE ("d" < '0001-01-01' AND "d" > '-infinity'"""
        """ OR "d" >= '1582-10-05' AND "d" < '1582-10-15')"""
        """ OR ("z\""" < '0001-01-01 00:00Z' AND "z\""" > '-infinity'"""
        """ OR "z\""" >= '1582-10-04 00:00Z' AND "z\""" < '1582-10-16 00:00Z'))"""
    )


DATED = use(Column("d", "date"))
TABLES = (DATED, TableUse(TableName("public", "plain"), (plans.ID,), (plans.ID,)))


class Asked:
    """Returns the given answers, one for each query, and records the queries."""

    def __init__(self, *answers: list[TableName] | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[list[TableName]] = []

    def tables_with_misread_dates(self, uses: Sequence[TableUse]) -> list[TableName]:
        self.requests.append([use.table for use in uses])
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cancel(self) -> None:
        return


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RowStore]:
    with RowStore(tmp_path / "small.sqlite") as store:
        yield store


def snapshot(store: RowStore, lsn: int) -> None:
    """The position after a snapshot that was read to its end."""
    with store.transaction():
        store.move_snapshot(lsn=lsn)


def documents_wait(misread: MisreadDateCheck) -> bool:
    return misread.blocks_builds


def turn_until(misread: MisreadDateCheck, done: bool, watch: IdentityMonitor) -> None:
    """Take turns until documents may be built, or until tables must be re-read."""
    pause = threading.Event()
    for _ in range(500):
        misread.turn(TABLES)
        if not misread.blocks_builds if done else bool(watch.changed):
            return
        pause.wait(0.01)
    raise AssertionError("it does not come to that")


def test_documents_wait_for_the_resync_of_a_bc_table(store: RowStore) -> None:
    stopping, asker = threading.Event(), Asked([DATED.table], [])
    stopping.set()
    watch = IdentityMonitor(store, {use.table: () for use in TABLES}, dict)
    with closing(MisreadDateCheck(store, asker, watch, stopping)) as misread:
        assert not documents_wait(misread)
        snapshot(store, 100)
        turn_until(misread, False, watch)
        misread.turn(TABLES)
        assert documents_wait(misread)
        with store.transaction():
            watch.record_resync({}, "")
        turn_until(misread, True, watch)
    # A worker that starts again does not ask again, before there is another snapshot.
    with closing(MisreadDateCheck(store, asker, watch, stopping)) as misread:
        assert not documents_wait(misread)
        snapshot(store, 200)
        assert documents_wait(misread)
        turn_until(misread, True, watch)
    assert asker.requests == [[DATED.table]] * 2


def test_an_unreachable_source_is_retried_and_a_refusal_is_skipped(store: RowStore) -> None:
    stopping, asker = threading.Event(), Asked(ServiceMissing("away"), WorkerError("permission denied"))
    stopping.set()
    watch = IdentityMonitor(store, {use.table: () for use in TABLES}, dict)
    snapshot(store, 100)
    with closing(MisreadDateCheck(store, asker, watch, stopping)) as misread:
        turn_until(misread, True, watch)
    assert (len(asker.requests), watch.changed) == (2, frozenset())
