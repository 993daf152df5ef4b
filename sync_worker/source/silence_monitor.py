"""A thread that looks after both ends of the log, beside the loop: is the topic still the one that is read, and, while no
heartbeat comes, is the source still the database that was read? Invariants 6 and 7.

Heartbeats come each second, so silence is no idle database. One that was put back may be silent for ever: its heartbeats stand
below the place where the connector goes on, and PostgreSQL passes over them.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sync_worker.errors import WorkerError

ASK_AFTER = 3.0
"""Seconds without a heartbeat before the source is asked."""

ASK_EVERY = 2.0
"""Seconds between two questions while that lasts."""

DEGRADED_AFTER = 5.0
"""Seconds without a record of the log before freshness says so."""

TOPIC_EVERY = 5.0
"""Seconds between two looks at the topic."""

LONGEST_TURN = 0.5
"""Seconds. The loop does other things, too: a longer time between two looks at the log is no silence of the log."""


@dataclass(slots=True)
class SilenceTimer:
    """For how many seconds the loop has listened to the log in vain: for any record, and for a heartbeat."""

    record: float = 0.0
    beat: float = 0.0
    _turned: float = 0.0

    def turn(self, now: float, records: bool, beat: bool) -> None:
        """Note one look at the log."""
        passed = min(now - self._turned, LONGEST_TURN) if self._turned else 0.0
        self._turned = now
        self.record = 0.0 if records else self.record + passed
        self.beat = 0.0 if beat else self.beat + passed


class SilenceMonitor:
    """`look_at_source` says in words what may keep the heartbeats away; `look_at_topic` looks. Either raises what ends the worker.

    The loop calls `turn`, and asks for `fault` and `reason`."""

    def __init__(
        self,
        look_at_source: Callable[[], str],
        look_at_topic: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._look_at_source = look_at_source
        self._look_at_topic = look_at_topic
        self._quiet = SilenceTimer()
        self._cause = ""
        self._silent = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="outlook", daemon=True)
        self.fault: WorkerError | None = None

    @property
    def reason(self) -> str:
        """Why documents may be behind the database; empty while the log goes on."""
        if self._quiet.record < DEGRADED_AFTER:
            return ""
        return f"nothing comes through the log, not even heartbeats{self._cause}"

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._silent.set()
        self._thread.join(5)

    def turn(self, records: bool, beat: bool) -> None:
        """The loop looked at the log."""
        self._quiet.turn(self._clock(), records, beat)
        if beat:
            self._silent.clear()
        elif self._quiet.beat >= ASK_AFTER:
            self._silent.set()

    def look(self, silent: bool, topic: bool) -> None:
        """Look at what is asked for."""
        try:
            if silent:
                self._cause = f"; {self._look_at_source()}"
            if topic:
                self._look_at_topic()
        except WorkerError as error:
            self.fault = error

    def _keep(self) -> None:
        due = time.monotonic() + TOPIC_EVERY
        while self.fault is None:
            silent = self._silent.wait(max(0.0, due - time.monotonic()))
            if self._ended.is_set():
                return
            topic = time.monotonic() >= due
            self.look(silent, topic)
            if topic:
                due = time.monotonic() + TOPIC_EVERY
            if silent:
                self._ended.wait(ASK_EVERY)
