"""A silent log is distinguished from a busy loop; the source is queried only while no heartbeat arrives."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cdc.log.heartbeat import SourceStatus
from sync_worker.errors import PositionLost
from sync_worker.source.silence_monitor import SilenceMonitor, SourceReport
from sync_worker.source.source_status import silence_cause


class Looks:
    """A monitor with a clock and answers that the test controls."""

    def __init__(self) -> None:
        self.now = 100.0
        self.report = SourceReport("The slot is gone.")
        self.requested = threading.Event()
        self.lost = False
        self.outlook = SilenceMonitor(self._source, lambda: None, lambda: self.now)

    def _source(self) -> SourceReport:
        self.requested.set()
        if self.lost:
            raise PositionLost("put back")
        return self.report

    def listen(self, seconds: float, each: float = 0.25) -> None:
        """The loop reads nothing from the log."""
        for _ in range(round(seconds / each)):
            self.now += each
            self.outlook.turn(records=False, heartbeat=False)


@contextmanager
def running() -> Iterator[Looks]:
    looks = Looks()
    looks.outlook.turn(records=True, heartbeat=True)
    looks.outlook.start()
    try:
        yield looks
    finally:
        looks.outlook.stop()


def test_three_missed_heartbeats_query_the_source() -> None:
    with running() as looks:
        looks.listen(2.75)
        assert not looks.requested.wait(0.1)
        looks.lost = True
        looks.listen(0.5)
        assert looks.requested.wait(10)
    assert isinstance(looks.outlook.fault, PositionLost)


def test_heartbeats_keep_it_from_asking_and_other_records_do_not() -> None:
    with running() as looks:
        for _ in range(20):
            looks.listen(1)
            looks.outlook.turn(records=True, heartbeat=True)
        assert not looks.requested.wait(0.1)
        for _ in range(4):
            looks.listen(1)
            looks.outlook.turn(records=True, heartbeat=False)
        assert looks.requested.wait(10)
        assert looks.outlook.reason == "", "records come, so the documents go on"


def test_freshness_says_so_until_the_log_goes_on() -> None:
    looks = Looks()
    looks.listen(4.75)
    looks.outlook.check(source=True, topic=False)
    assert looks.outlook.reason == ""
    looks.listen(1)
    assert looks.outlook.reason == "No records arrive in the log, not even heartbeats. The slot is gone."
    looks.outlook.turn(records=True, heartbeat=True)
    assert looks.outlook.reason == ""


def test_a_snapshot_that_the_connector_may_not_take_is_reported_although_its_records_come_again() -> None:
    looks = Looks()
    looks.report = SourceReport("The slot is active.", "public.lines: role rowtide_shop may not read it.")
    looks.outlook.check(source=True, topic=False)
    assert looks.outlook.reason == ""
    for _ in range(6):
        looks.listen(1)
        looks.outlook.turn(records=True, heartbeat=False)
    assert looks.outlook.reason == looks.report.faults
    looks.listen(6)
    assert looks.outlook.reason.endswith(f"heartbeats. The slot is active. {looks.report.faults}")
    looks.outlook.turn(records=True, heartbeat=True)
    assert looks.outlook.reason == ""


def test_a_loop_that_did_something_else_heard_no_silence() -> None:
    looks = Looks()
    looks.listen(600, each=60)
    assert looks.outlook.reason == "", "ten looks at the log, a minute apart"


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (None, "PostgreSQL does not answer"),
        (SourceStatus("1", 1, 1, None), "slot rowtide_shop is gone. .*rowtide resnapshot"),
        (SourceStatus("1", 1, 1, "lost"), "invalidated replication slot rowtide_shop .*. .*rowtide resnapshot"),
        (SourceStatus("1", 1, 1, "unread"), "slot rowtide_shop is not active. .*rowtide connectors status"),
        (SourceStatus("1", 1, 1, "read"), "slot rowtide_shop is active. .*rowtide connectors status"),
    ],
)
def test_what_the_slot_tells(now: SourceStatus | None, message: str) -> None:
    assert re.search(message, silence_cause("shop", now))


def test_heartbeats_that_another_signed_count_as_none_and_are_reported() -> None:
    looks = Looks()
    looks.outlook.turn(records=True, heartbeat=True)
    for _ in range(100):
        looks.now += 0.25
        looks.outlook.turn(records=True, heartbeat=False, unauthentic=True)
    assert "not signed" in looks.outlook.reason
    looks.outlook.turn(records=True, heartbeat=True, unauthentic=True)
    assert looks.outlook.reason == "", "a forged one does not matter while the pipeline's own arrive"
