"""Versions from the future: none is written, and one that somebody else wrote is an alarm."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar, cast

import pytest
import structlog
from structlog.testing import capture_logs

from connections.elasticsearch import ElasticsearchAccess
from sync_worker.elasticsearch.elasticsearch_sink import ElasticsearchSink, connect
from sync_worker.errors import InvalidRequest, WorkerError
from sync_worker.loop.document_sink import Target
from sync_worker.loop.extra_documents import ExtraDocuments
from sync_worker.loop.future_versions import ALARM, FutureVersions
from sync_worker.loop.tombstone_resend import RECHECK_SECONDS, TombstoneResend
from sync_worker.store.bulk import BulkOutcome, Conflict, DocumentWrite, Rejection, deletion
from sync_worker.store.position import EPOCH_BITS
from sync_worker.store.quarantine import FUTURE_VERSION, Quarantine
from sync_worker.store.row_store import RowStore
from sync_worker.store.tombstones import Tombstones
from tests.support.fakes.elasticsearch import choosing
from tests.support.fakes.quiet_surroundings import HeldLease, ShownTargets

P = ParamSpec("P")
T = TypeVar("T")
EPOCH, WATERMARK = 2, 70
NOW = EPOCH << EPOCH_BITS | WATERMARK
THINGS = Target("things", "things-g000001")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RowStore]:
    with RowStore(tmp_path / "store.sqlite") as store:
        with store.transaction():
            store.move_log(watermark=WATERMARK)
            store.move(epoch=EPOCH)
        yield store


@pytest.fixture
def future_versions(store: RowStore) -> FutureVersions:
    return FutureVersions(store, Quarantine(store), HeldLease())


class RecordingSink:
    """A sink that notes what it is sent, and answers with an outcome."""

    reason = ""

    def __init__(self, outcome: BulkOutcome) -> None:
        self.sent: list[DocumentWrite] = []
        self._outcome = outcome

    def send(self, target: Target, writes: list[DocumentWrite]) -> BulkOutcome | None:
        self.sent += writes
        return self._outcome

    def refresh(self, targets: object) -> bool:
        return True


class SinkWithOutcomes:
    """A sink that answers each bulk with the next outcome."""

    reason = ""

    def __init__(self, *outcomes: BulkOutcome) -> None:
        self.sent: list[list[DocumentWrite]] = []
        self._outcomes = list(outcomes)

    def send(self, target: Target, writes: list[DocumentWrite]) -> BulkOutcome | None:
        self.sent.append(writes)
        return self._outcomes.pop(0)

    def refresh(self, targets: object) -> bool:
        return True


class ImmediateSenders:
    """Calls the sink at once."""

    capacity = 1

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        future: Future[T] = Future()
        future.set_result(call(*args, **kwargs))
        return future

    def close(self) -> None:
        """Nothing is under way."""


def extra_documents(store: RowStore, sink: RecordingSink, future_versions: FutureVersions) -> ExtraDocuments:
    current: Any = SimpleNamespace(value=SimpleNamespace(targets=SimpleNamespace(all=(THINGS,))))
    return ExtraDocuments(store, cast(Any, sink), current, future_versions)


@pytest.mark.parametrize("lsn", [WATERMARK + 1, 99_999_999_999, 1 << 62, 1 << 80, -1])
def test_nothing_is_removed_at_an_lsn_that_the_log_has_not_reached(
    store: RowStore, future_versions: FutureVersions, lsn: int
) -> None:
    sink = RecordingSink(BulkOutcome([], 0))
    with pytest.raises(InvalidRequest, match=r"not between 0 and the watermark, 70 \(0/46\)"):
        extra_documents(store, sink, future_versions).remove("things", ["1"], lsn)
    assert sink.sent == []


def test_a_removal_up_to_the_watermark_is_sent(store: RowStore, future_versions: FutureVersions) -> None:
    sink = RecordingSink(BulkOutcome([], 0, conflicts=[Conflict(0, NOW)]))
    extra_documents(store, sink, future_versions).remove("things", ["1"], WATERMARK)
    assert sink.sent == [deletion("1", NOW)]
    assert (future_versions.count, future_versions.reason) == (0, "")


def test_a_removal_that_meets_a_version_from_the_future_fails(store: RowStore, future_versions: FutureVersions) -> None:
    sink = RecordingSink(BulkOutcome([], 0, conflicts=[Conflict(0, NOW + 1)]))
    with capture_logs(), pytest.raises(WorkerError, match="above the position of the log"):
        extra_documents(store, sink, future_versions).remove("things", ["1"], WATERMARK)
    assert (future_versions.count, future_versions.reason) == (1, ALARM)


def test_a_conflict_with_a_version_of_ours_is_a_success(future_versions: FutureVersions) -> None:
    outcome = BulkOutcome([], 0, conflicts=[Conflict(0, NOW - 1), Conflict(1, NOW)])
    assert future_versions.reject("things", outcome) is outcome
    assert (future_versions.count, future_versions.reason) == (0, "")


def test_a_conflict_with_a_version_from_the_future_is_rejected_counted_and_logged(
    future_versions: FutureVersions,
) -> None:
    outcome = BulkOutcome([Rejection(5, "odd")], 0, conflicts=[Conflict(0, NOW), Conflict(3, 1 << 62)])
    structlog.reset_defaults()
    with capture_logs() as logged:
        judged = future_versions.reject("things", outcome)
    assert judged.rejected == [Rejection(5, "odd"), Rejection(3, FUTURE_VERSION)]
    assert future_versions.count == 1
    assert logged == [
        {
            "event": "documents have versions above the position of the log",
            "log_level": "error",
            "document": "things",
            "documents": 1,
            "highest": 1 << 62,
            "position": NOW,
        }
    ]


def test_the_alarm_of_a_delete_ends_when_it_is_accepted(store: RowStore, future_versions: FutureVersions) -> None:
    deletes = [deletion("1", NOW), deletion("2", NOW)]
    sink = SinkWithOutcomes(
        BulkOutcome([], 0, conflicts=[Conflict(0, NOW + 1)]), BulkOutcome([], 0, conflicts=[Conflict(0, NOW)])
    )
    with capture_logs():
        future_versions.check_unlisted("things", deletes, BulkOutcome([], 0, conflicts=[Conflict(1, NOW + 1)]))
    assert future_versions.reason == ALARM
    times = [0.0]
    resend = TombstoneResend(
        store, Tombstones(store), HeldLease(), sink, ImmediateSenders(), future_versions, clock=lambda: times[-1]
    )
    for now, sent, reason in ((0.0, 1, ALARM), (RECHECK_SECONDS - 1, 1, ALARM), (RECHECK_SECONDS, 2, "")):
        times.append(now)
        with capture_logs():
            for _ in ("send", "record"):
                resend.turn(ShownTargets(["things"]))
        assert (len(sink.sent), future_versions.reason) == (sent, reason)
    assert sink.sent == [[deletes[1]], [deletes[1]]]


def test_the_deletes_of_documents_that_the_plan_no_longer_has_are_forgotten(future_versions: FutureVersions) -> None:
    outcome = BulkOutcome([], 0, conflicts=[Conflict(0, NOW + 1)])
    with capture_logs():
        future_versions.check_unlisted("things", [deletion("1", NOW)], outcome)
    assert future_versions.unlisted(["others"]) is None
    assert future_versions.reason == ""


class LostLease:
    """Another worker writes."""

    held = False


def test_the_versions_of_a_worker_that_took_over_are_no_alarm(store: RowStore) -> None:
    future_versions = FutureVersions(store, Quarantine(store), LostLease())
    outcome = BulkOutcome([], 0, conflicts=[Conflict(0, (EPOCH + 1) << EPOCH_BITS)])
    assert future_versions.reject("things", outcome) is outcome
    assert (future_versions.count, future_versions.reason) == (0, "")


def test_the_alarm_lasts_as_long_as_the_document_is_in_quarantine(store: RowStore) -> None:
    entry = ("things", "1", "[]", "rejected", FUTURE_VERSION, "[]", 1, 1, 1)
    Quarantine(store)
    with store.transaction():
        store.execute("INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)
    quarantine = Quarantine(store)
    future_versions = FutureVersions(store, quarantine, HeldLease())
    assert future_versions.reason == ALARM
    with store.transaction():
        quarantine.clear("things")
    assert future_versions.reason == ""


def test_the_sink_reports_the_version_that_a_write_met() -> None:
    reason = f"[1]: version conflict, current version [{1 << 62}] is higher than the one provided [{NOW}]"
    conflict = {"status": 409, "_id": "1", "error": {"type": "version_conflict_engine_exception", "reason": reason}}
    answer = {"errors": True, "items": [{"delete": {"status": 200, "_id": "2"}}, {"delete": conflict}]}
    with choosing(lambda _: (200, answer)) as url, closing(connect(ElasticsearchAccess(url))) as client:
        sink = ElasticsearchSink(client, HeldLease(), threading.Event())
        outcome = sink.send(THINGS, [deletion("2", NOW), deletion("1", NOW)])
    assert outcome == BulkOutcome([], 0, conflicts=[Conflict(1, 1 << 62)])
