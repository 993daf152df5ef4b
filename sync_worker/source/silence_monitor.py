"""Monitors both ends of the log in a thread: whether the topic is still the one being read, and, while no heartbeat
arrives, whether the source is still the database that was read (invariants 6 and 7).

Heartbeats arrive every second, so silence does not mean an idle database. A restored database may stay silent for
ever: its heartbeats are below the position at which the connector resumes, and PostgreSQL skips them.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sync_worker.errors import WorkerError

CHECK_SOURCE_AFTER = 3.0
"""Seconds without a heartbeat before the source is queried."""

CHECK_SOURCE_EVERY = 2.0
"""Seconds between two queries while the silence lasts."""

DEGRADED_AFTER = 5.0
"""Seconds without a record before freshness reports the silence."""

CHECK_TOPIC_EVERY = 5.0
"""Seconds between two checks of the topic."""

LONGEST_TURN = 0.5
"""Seconds. The loop also does other work, so only this much of the time between two reads of the log counts as
silence."""


class SourceReport(NamedTuple):
    """What the source tells: what may keep the heartbeats away, and what is wrong with capturing its tables; both as
    sentences."""

    cause: str = ""
    faults: str = ""


@dataclass(slots=True)
class SilenceTimer:
    """Counts the seconds during which the loop read nothing from the log: no `record`, and no `heartbeat`."""

    record: float = 0.0
    heartbeat: float = 0.0
    _turned: float = 0.0

    def turn(self, now: float, records: bool, heartbeat: bool) -> None:
        """Record one read of the log at `now` (seconds of a monotonic clock)."""
        passed = min(now - self._turned, LONGEST_TURN) if self._turned else 0.0
        self._turned = now
        self.record = 0.0 if records else self.record + passed
        self.heartbeat = 0.0 if heartbeat else self.heartbeat + passed


class SilenceMonitor:
    """`check_source` reports what may be wrong. It and `check_topic` raise what ends the worker.

    The loop calls `turn` after each read of the log, raises `fault` when it is set, and publishes `reason`."""

    def __init__(
        self,
        check_source: Callable[[], SourceReport],
        check_topic: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._check_source = check_source
        self._check_topic = check_topic
        self._timer = SilenceTimer()
        self._report = SourceReport()
        self._unauthentic = False
        self._silent = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="silence-monitor", daemon=True)
        self.fault: WorkerError | None = None

    @property
    def reason(self) -> str:
        """Why documents may be behind the database; empty while records arrive and nothing is wrong with the tables. A
        snapshot of tables that the connector may not read is begun again and again, and its records arrive."""
        if self._unauthentic and self._timer.heartbeat >= DEGRADED_AFTER:
            return (
                "The heartbeats in the log are not signed with this pipeline's key. Run `rowtide init` and `rowtide"
                " connectors apply`, and restart the worker with the same key."
            )
        report = self._report
        if self._timer.record < DEGRADED_AFTER:
            return report.faults if self._timer.heartbeat >= DEGRADED_AFTER else ""
        silence = "No records arrive in the log, not even heartbeats."
        return " ".join(text for text in (silence, report.cause, report.faults) if text)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._ended.set()
        self._silent.set()
        self._thread.join(5)

    def turn(self, records: bool, heartbeat: bool, unauthentic: bool = False) -> None:
        """Called by the loop after each read of the log. `unauthentic`: a message was not signed by this pipeline."""
        self._timer.turn(self._clock(), records, heartbeat)
        self._unauthentic = not heartbeat and (self._unauthentic or unauthentic)
        if heartbeat:
            self._silent.clear()
        elif self._timer.heartbeat >= CHECK_SOURCE_AFTER:
            self._silent.set()

    def check(self, source: bool, topic: bool) -> None:
        """Check the source, the topic, or both; an error becomes `fault`."""
        try:
            if source:
                self._report = self._check_source()
            if topic:
                self._check_topic()
        except WorkerError as error:
            self.fault = error

    def _run(self) -> None:
        due = time.monotonic() + CHECK_TOPIC_EVERY
        while self.fault is None:
            silent = self._silent.wait(max(0.0, due - time.monotonic()))
            if self._ended.is_set():
                return
            topic = time.monotonic() >= due
            self.check(silent, topic)
            if topic:
                due = time.monotonic() + CHECK_TOPIC_EVERY
            if silent:
                self._ended.wait(CHECK_SOURCE_EVERY)
