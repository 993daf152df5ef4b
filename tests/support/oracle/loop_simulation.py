"""Runs the worker's loop over a simulated log with random batches, lost and late bulks, and crashes; checks the
invariants all the way."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from read_model.freshness import Origin
from sync_worker.loop.assembly import PartTypes, Surroundings, assemble
from sync_worker.loop.document_sink import Target
from sync_worker.loop.plan_bound import Current
from sync_worker.loop.refresh_policy import RefreshPolicy
from sync_worker.source.silence_monitor import SilenceMonitor, SourceReport
from sync_worker.store.bulk import DocumentWrite
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.tombstones import Tombstones
from tests.support.builders.history import Source
from tests.support.builders.worker_parts import OWN_PARTS, SPOOL_AFTER, WorkerParts, bind
from tests.support.fakes.index import IndexDouble
from tests.support.fakes.quiet_surroundings import (
    CleanSnapshot,
    HeldLease,
    NoRepairs,
    SameSource,
    ShownTargets,
    UnchangedTables,
)
from tests.support.fakes.scheduled_surroundings import (
    Crash,
    Delayed,
    FusedStore,
    ScheduledLog,
    ScheduledRefresher,
    ScheduledSenders,
    StagedSink,
)
from tests.support.oracle.invariants import Diverged, Expected, History, Invariants, Truth

MEMORY = Path("/dev/shm")
"""Where files are cheap: hundreds of row stores are made and thrown away."""

Action = Literal["read", "send", "arrive", "acknowledge", "refresh", "crash", "crash in take", "late"]
Turn = tuple[Action, int]


class Trial:
    """One worker over one log, from crash to crash. It runs the worker's own loop, one turn for each action; the
    schedule decides what the log gives, when a bulk is built, when it arrives, and when the loop hears of it."""

    def __init__(
        self, source: History, expected: Truth, path: Path, parts: WorkerParts, spool_after: int = SPOOL_AFTER
    ) -> None:
        self._source = source
        self._invariants = Invariants(source, expected, parts.plan)
        self._path = path
        self._parts = parts
        self._spool_after = spool_after
        self._lost: list[Delayed] = []
        self._seconds = 0.0
        self.index = IndexDouble()
        self._open()

    def _open(self) -> None:
        self.store = FusedStore(self._path)
        offset = self.store.position.log.offset
        if not 0 <= offset <= len(self._source.log):
            raise Diverged(f"position lost: offset {offset} of {len(self._source.log)}")
        self._log = ScheduledLog(self._source.log, offset)
        sink = StagedSink(self.index)
        self._senders, self._refresher = ScheduledSenders(self._check_built), ScheduledRefresher(sink)
        targets = ShownTargets([document.name for document in self._parts.plan.documents])
        plan_bound = bind(self._parts, self.store, lambda _: targets, self._spool_after)
        surroundings = Surroundings(
            store=self.store,
            current=Current(plan_bound),
            source=self._log,
            sink=sink,
            sink_watch=HeldLease(),
            guards=(),
            identity=SameSource(),
            silence=SilenceMonitor(SourceReport, lambda: None),
            resync=UnchangedTables(),
            snapshot_check=CleanSnapshot(),
            repairs=NoRepairs(),
            quarantine=Quarantine(self.store),
            tombstones=Tombstones(self.store),
            tracker=self._parts.tracker(published=self.store.position.published),
            policy=RefreshPolicy(0.0),
            senders=self._senders,
            refresher=self._refresher,
            batch=1_000_000,
            idle_wait=0.0,
            stopping=threading.Event(),
            clock=self._clock,
            origin=Origin(self._parts.plan.pipeline),
        )
        self._worker = assemble(surroundings, PartTypes(delivery=self._parts.delivery))

    def _clock(self) -> float:
        """Seconds, such that whatever waits for some time to pass is due at each look."""
        self._seconds += 10.0
        return self._seconds

    def close(self) -> None:
        """Release the row store."""
        self.store.close()

    def turn(self, action: Action, number: int) -> None:
        """Do one action. The number is how many, or which."""
        in_flight = self._senders.in_flight
        match action:
            case "read":
                self._log.allowed = number
            case "send":
                self._senders.allowed = 1
            case "arrive" | "acknowledge" if in_flight:
                self._senders.arrive(in_flight[number % len(in_flight)], action == "acknowledge")
            case "refresh":
                self._refresh(done=number % 4 != 3)
            case "crash":
                self._crash()
            case "crash in take":
                self._crash_in_take(number)
            case "late" if self._lost:
                bulk = self._lost.pop(number % len(self._lost))
                self.index.bulk(bulk.target.document, [write.body for write in bulk.writes])
        self._turn()

    def _turn(self) -> None:
        self._worker.loop.turn()
        self._senders.allowed = 0
        searchable = self._worker.publisher.feed.now.searchable
        if searchable or self.store.position.snapshot.settled:
            self._invariants.check_published(searchable, self.index.visible)

    def _refresh(self, done: bool) -> None:
        """End the refresh that runs, and let another one begin that covers all that is acknowledged now."""
        self._refresher.finish(done)
        self._turn()  # The loop notes its end,
        self._turn()  # and begins another one.
        self._refresher.finish(done)

    def _crash_in_take(self, number: int) -> None:
        self.store.fuse = number
        self._log.allowed = number + 1
        with suppress(Crash):
            self._turn()
        self._crash()

    def _crash(self) -> None:
        self.store.fuse = None
        self._lost += [bulk for bulk in self._senders.in_flight if not bulk.arrived]
        self.store.close()
        self._open()

    def _check_built(self, target: Target, writes: list[DocumentWrite]) -> None:
        self._invariants.check_built(self.store.position.log.watermark, target, writes)

    def drain(self) -> None:
        """Read, build and acknowledge all that is left; then the index must equal the oracle (invariant 5)."""
        self.turn("read", len(self._source.log))
        self.turn("send", 0)
        while self._senders.in_flight:
            for bulk in list(self._senders.in_flight):
                self._senders.arrive(bulk, acknowledge=True)
            self.turn("send", 0)
        for number in range(len(self._lost)):
            self.turn("late", number)
        self.turn("refresh", 0)
        position = self.store.position
        self._invariants.check_at_rest(self.index.visible, position.published, position.log.watermark)


@contextmanager
def trial(source: History, expected: Truth, parts: WorkerParts) -> Iterator[Trial]:
    """A worker with a row store in its own directory."""
    with TemporaryDirectory(prefix="rowtide-trial-", dir=MEMORY if MEMORY.is_dir() else None) as directory:
        running = Trial(source, expected, Path(directory) / "shop.sqlite", parts)
        try:
            yield running
        finally:
            running.close()


def check(source: Source, turns: Sequence[Turn], parts: WorkerParts = OWN_PARTS) -> None:
    """Take the turns, then drain. Raises Diverged with the invariant that does not hold."""
    with trial(source, Expected(source), parts) as running:
        for action, number in turns:
            running.turn(action, number)
        running.drain()
