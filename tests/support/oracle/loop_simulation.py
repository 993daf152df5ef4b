"""Runs the worker's loop over a simulated log with random batches, lost and late bulks, and crashes; checks all the
way.

What is checked: a document is built from the database as of a commit (invariant 3), what is published is searchable
(invariant 6), and at rest the index equals the oracle (invariant 5).
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, ParamSpec, Protocol, TypeVar

import msgspec

from read_model.catalog.catalog import Column
from read_model.elasticsearch.index_body import FLAGS
from read_model.plan.model import PipelinePlan
from read_model.types.canonical_json import canonical
from sync_worker.log.changes import RowShape
from sync_worker.log.toast_placeholders import placeholder_values
from sync_worker.loop.assembly import PartTypes, Surroundings, assemble
from sync_worker.loop.delivery import Delivery
from sync_worker.loop.document_sink import Target, Targets
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.plan_bound import Current, PlanBound
from sync_worker.loop.refresh_policy import RefreshPolicy
from sync_worker.source.silence_monitor import SilenceMonitor
from sync_worker.store.applier import Applier
from sync_worker.store.bulk import BulkOutcome, DocumentWrite
from sync_worker.store.pending import Pending
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import Statements, statements
from sync_worker.store.tombstones import Tombstones
from tests.support.builders import plans
from tests.support.builders.history import PLACEHOLDER, Message, Source
from tests.support.fakes.index import Documents, IndexDouble
from tests.support.fakes.quiet_surroundings import (
    CleanSnapshot,
    HeldLease,
    NoRepairs,
    SameSource,
    ShownTargets,
    UnchangedTables,
)
from tests.support.fakes.trusted_messages import TrustedMessages
from tests.support.oracle import oracle

PLAN = PipelinePlan("shop", plans.DOCUMENTS, "hash", plans.TABLES)
STATEMENTS = statements(PLAN)
SPOOL_AFTER = 3
P = ParamSpec("P")
T = TypeVar("T")
MEMORY = Path("/dev/shm")
"""Where files are cheap: hundreds of row stores are made and thrown away."""

Action = Literal["read", "send", "arrive", "acknowledge", "refresh", "crash", "crash in take", "late"]
Turn = tuple[Action, int]


class Diverged(AssertionError):
    """An invariant does not hold."""


class Crash(Exception):
    """The worker ends here."""


class FusedStore(RowStore):
    """A row store in which the worker dies: at the `fuse`-th write from now on."""

    fuse: int | None = None

    def move(self, **position: Any) -> None:
        self._burn()
        super().move(**position)

    def execute(self, sql: str, bindings: Any = ()) -> Any:
        self._burn()
        return super().execute(sql, bindings)

    def _burn(self) -> None:
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise Crash


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What the simulation runs, and for which documents. A planted fault is another part."""

    applier: type[Applier] = Applier
    rows: type[Rows] = Rows
    pending: type[Pending] = Pending
    tracker: type[FreshnessTracker] = FreshnessTracker
    delivery: type[Delivery] = Delivery
    statements: Statements = STATEMENTS
    plan: PipelinePlan = PLAN
    placeholder: str = PLACEHOLDER


class ScheduledLog:
    """A `ChangeSource` over a history. A read gives `allowed` messages, and none after that."""

    def __init__(self, history: "History", offset: int) -> None:
        self._history = history
        self._next = offset
        self.allowed = 0

    def read(self, count: int, wait: float) -> Sequence[Message]:
        """What the schedule allows."""
        count, self.allowed = min(count, self.allowed), 0
        messages = self._history.log[self._next : self._next + count]
        self._next += len(messages)
        return messages

    def seek(self, offset: int) -> None:
        """Continue at this offset."""
        self._next = offset


class StagedSink:
    """A `DocumentSink` in memory. A refresh shows what the index held when it began, once `finish` reports that it
    succeeded."""

    reason = ""

    def __init__(self, index: IndexDouble) -> None:
        self._index = index
        self._staged = index.visible

    def send(self, target: Target, writes: list[DocumentWrite]) -> BulkOutcome | None:
        """Take the bulk."""
        self._index.bulk(target.document, [write.body for write in writes])
        return BulkOutcome([], 0)

    def refresh(self, targets: Sequence[Target]) -> bool:
        """Begin a refresh."""
        self._staged = self._index.taken()
        return True

    def finish(self, done: bool) -> None:
        """End the refresh that has begun."""
        if done:
            self._index.visible = self._staged


@dataclass(slots=True)
class Delayed:
    """A bulk that is under way. `arrived`: the sink took it, but the worker does not know yet."""

    target: Target
    writes: list[DocumentWrite]
    call: Callable[[], Any]
    future: "Future[Any]" = field(default_factory=Future)
    arrived: bool = False


class ScheduledSenders:
    """`Senders` that leave it to the schedule when bulks are built (`allowed`), arrive, and are acknowledged."""

    def __init__(self, check: Callable[[Target, list[DocumentWrite]], None]) -> None:
        self._check = check
        self.in_flight: list[Delayed] = []
        self.allowed = 0

    @property
    def capacity(self) -> int:
        """As many as are under way, and those that the schedule allows."""
        return len(self.in_flight) + self.allowed

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Keep a bulk that was just built."""
        target, writes = args
        assert isinstance(target, Target)
        assert isinstance(writes, list)
        self._check(target, writes)
        delayed = Delayed(target, writes, partial(call, *args, **kwargs))
        self.in_flight.append(delayed)
        self.allowed -= 1
        return delayed.future

    def arrive(self, delayed: Delayed, acknowledge: bool) -> None:
        """Let the sink take a bulk, unless it has it, and the worker know of it."""
        if not delayed.arrived:
            delayed.call()
            delayed.arrived = True
        if acknowledge:
            self.in_flight.remove(delayed)
            delayed.future.set_result(BulkOutcome([], 0))

    def close(self) -> None:
        """Nothing runs outside the schedule."""


class ScheduledRefresher:
    """`Senders` of refreshes: one begins when the loop wants it, and ends when the schedule ends it."""

    capacity = 1

    def __init__(self, sink: StagedSink) -> None:
        self._sink = sink
        self._running: Future[Any] | None = None

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Begin a refresh."""
        call(*args, **kwargs)
        future: Future[T] = Future()
        self._running = future
        return future

    def finish(self, done: bool) -> None:
        """End the refresh that runs, if one does."""
        if self._running is not None:
            self._sink.finish(done)
            self._running.set_result(done)
            self._running = None

    def close(self) -> None:
        """Nothing runs outside the schedule."""


class History(Protocol):
    """A log, and the states that the source was in: each with the LSN from which on it holds."""

    log: list[Message]

    @property
    def last(self) -> int:
        """The place of the newest state."""

    def state(self, lsn: int) -> int:
        """The place of the state at an LSN."""


class Truth(Protocol):
    """The expected documents."""

    def at(self, place: int) -> Documents | None:
        """The documents of one state; None when they are not known."""


@dataclass(slots=True)
class Expected:
    """The oracle's documents for every state of the source, computed on demand."""

    source: Source
    _known: dict[int, Documents] = field(default_factory=dict)

    def at(self, place: int) -> Documents:
        """Canonical documents by name and id of one state."""
        if place not in self._known:
            database = {table: list(rows.values()) for table, rows in self.source.states[place][1].items()}
            self._known[place] = {
                plan.name: {
                    identity: canonical(oracle.encode(document))
                    for identity, document in oracle.documents(plan, database).items()
                }
                for plan in PLAN.documents
            }
        return self._known[place]


class Trial:
    """One worker over one log, from crash to crash. It runs the worker's own loop, one turn for each action; the
    schedule decides what the log gives, when a bulk is built, when it arrives, and when the loop hears of it."""

    def __init__(
        self, source: History, expected: Truth, path: Path, parts: WorkerParts, spool_after: int = SPOOL_AFTER
    ) -> None:
        self._source = source
        self._expected = expected
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
        self._log = ScheduledLog(self._source, offset)
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
            silence=SilenceMonitor(str, lambda: None),
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
            self._check_published(searchable)

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
        """Invariant 3: every built document is the oracle's as of the position."""
        known = self._expected.at(self._source.state(self.store.position.log.watermark))
        if known is None:
            return
        expected = known[target.document]
        for write in writes:
            action, *lines = write.body.removesuffix(b"\n").split(b"\n")
            ((_, meta),) = msgspec.json.decode(action).items()
            built = content(lines[0]) if lines else None
            if built != expected.get(meta["_id"]):
                raise Diverged(f"built {target.document} {meta['_id']}: {built!r}, not {expected.get(meta['_id'])!r}")

    def _check_published(self, lsn: int) -> None:
        """Invariant 6: what a search sees of each document is its form at `lsn` or a later one."""
        first = self._source.state(lsn)
        known = [self._expected.at(place) for place in range(first, self._source.last + 1)]
        states = [state for state in known if state is not None]
        if len(states) < len(known):
            return
        for plan in self._parts.plan.documents:
            visible = self.index.visible.get(plan.name, {})
            for identity in visible.keys() | states[0][plan.name].keys():
                body = visible.get(identity)
                seen = None if body is None else content(body)
                if all(seen != state[plan.name].get(identity) for state in states):
                    raise Diverged(f"{lsn} is published, but {plan.name} {identity} is still {seen!r}")

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
        expected = self._expected.at(self._source.last)
        assert expected is not None, "the last state is always known"
        for plan in self._parts.plan.documents:
            visible = {key: content(body) for key, body in self.index.visible.get(plan.name, {}).items()}
            if visible != expected[plan.name]:
                raise Diverged(f"at rest {plan.name}: {visible!r}, not {expected[plan.name]!r}")
        if self.store.position.published != self.store.position.log.watermark:
            raise Diverged(
                f"at rest {self.store.position.published} is published of {self.store.position.log.watermark}"
            )


def bind(
    parts: WorkerParts, store: RowStore, targets: Callable[[Rows], Targets], spool_after: int, bulk: int = 5
) -> PlanBound:
    """What works on the plan of the parts, with `bulk` documents in one bulk."""
    sql = parts.statements
    rows = parts.rows(store, sql)
    rows.create()
    shapes = {
        use.table: RowShape(
            use.table,
            sql.tables[use.table].types,
            sql.tables[use.table].key,
            placeholder_values(toastable(use.columns), parts.placeholder),
        )
        for use in parts.plan.tables
    }
    return PlanBound(
        parts.plan,
        sql,
        shapes,
        rows,
        parts.applier(store, rows, shapes, spool_after, TrustedMessages()),
        parts.pending(store, rows, sql.lanes, 2000, bulk),
        targets(rows),
    )


def toastable(columns: Sequence[Column]) -> list[Column]:
    """The columns as a catalogue lists them; their texts may be replaced by placeholders."""
    return [replace(column, toastable=column.toastable or column.type == "text") for column in columns]


@contextmanager
def trial(source: History, expected: Truth, parts: WorkerParts) -> Iterator[Trial]:
    """A worker with a row store in its own directory."""
    with TemporaryDirectory(prefix="rowtide-trial-", dir=MEMORY if MEMORY.is_dir() else None) as directory:
        running = Trial(source, expected, Path(directory) / "shop.sqlite", parts)
        try:
            yield running
        finally:
            running.close()


def check(source: Source, turns: Sequence[Turn], parts: WorkerParts = WorkerParts()) -> None:
    """Take the turns, then drain. Raises Diverged with the invariant that does not hold."""
    with trial(source, Expected(source), parts) as running:
        for action, number in turns:
            running.turn(action, number)
        running.drain()


def content(body: bytes) -> bytes:
    """A canonical document without its flags, which are about the index and not about rows."""
    head, flags, _ = body.partition(f',"{FLAGS}":'.encode())
    return canonical(head + b"}" if flags else body)
