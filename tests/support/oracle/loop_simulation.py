"""Runs the worker's parts over a simulated log with random batches, lost and late bulks, and crashes; checks all the way.

What is checked: a document is built from the database as of a commit (invariant 3), what is published is searchable
(invariant 6), and at rest the index equals the oracle (invariant 5).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol

import msgspec

from read_model.catalog.catalog import Column
from read_model.elasticsearch.index_body import FLAGS
from read_model.plan.model import PipelinePlan
from read_model.types.canonical_json import canonical
from sync_worker.log.changes import RowShape
from sync_worker.log.toast_placeholders import placeholder_values
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.store.applier import Applier
from sync_worker.store.pending import Bulk, Pending
from sync_worker.store.row_store import Position, RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import Statements, statements
from tests.support.builders import plans
from tests.support.builders.history import PLACEHOLDER, Message, Source
from tests.support.fakes.index import IndexDouble
from tests.support.oracle import oracle

PLAN = PipelinePlan("shop", plans.DOCUMENTS, "hash", plans.TABLES)
STATEMENTS = statements(PLAN)
MARK = 1 << 48
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


def version_of(position: Position) -> int:
    """The version that the worker gives to documents."""
    return position.epoch * MARK | position.watermark


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What the trial runs, and for which documents. A planted fault is another part."""

    applier: type[Applier] = Applier
    rows: type[Rows] = Rows
    pending: type[Pending] = Pending
    tracker: type[FreshnessTracker] = FreshnessTracker
    statements: Statements = STATEMENTS
    version: Callable[[Position], int] = version_of
    plan: PipelinePlan = PLAN
    placeholder: str = PLACEHOLDER


@dataclass(slots=True)
class Flying:
    """A bulk on its way; `arrived` when the index took it, but the worker does not know yet."""

    bulk: Bulk
    arrived: bool = False


class History(Protocol):
    """A log, and the states that the source was in: each with the LSN from which on it holds."""

    log: list[Message]

    @property
    def last(self) -> int:
        """The place of the newest state."""

    def state(self, lsn: int) -> int:
        """The place of the state at an LSN."""


Documents = dict[str, dict[str, bytes]]
"""Canonical documents by name and id."""


class Truth(Protocol):
    """What is right."""

    def at(self, place: int) -> Documents | None:
        """The documents of one state; None when they are not known."""


@dataclass(slots=True)
class Expected:
    """What the oracle says, for every state of the source; worked out when asked."""

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
    """One worker's lives over one log."""

    def __init__(self, source: History, wanted: Truth, path: Path, parts: WorkerParts, spool_after: int = 3) -> None:
        self._source = source
        self._wanted = wanted
        self._path = path
        self._parts = parts
        self._plan = parts.plan
        self._spool_after = spool_after
        self._lost: list[Bulk] = []
        self.index = IndexDouble()
        self._open()

    def _open(self) -> None:
        sql = self._parts.statements
        self.store = FusedStore(self._path)
        rows = self._parts.rows(self.store, sql)
        rows.create()
        shapes = {
            use.table: RowShape(
                use.table,
                sql.tables[use.table].types,
                sql.tables[use.table].key,
                placeholder_values(toastable(use.columns), self._parts.placeholder),
            )
            for use in self._plan.tables
        }
        self._applier = self._parts.applier(self.store, rows, shapes, self._spool_after)
        self._pending = self._parts.pending(self.store, rows, sql.lanes, 2000, 5)
        self._tracker = self._parts.tracker(published=self.store.position.published)
        with self.store.transaction():
            self._pending.distrust(self.store.position.published + 1)
        self._tracker.acknowledge(self.store.position.published + 1)
        self._next = self.store.position.offset
        if not 0 <= self._next <= len(self._source.log):
            raise Diverged(f"position lost: offset {self._next} of {len(self._source.log)}")
        self._flying: list[Flying] = []

    def close(self) -> None:
        """Release the row store."""
        self.store.close()

    def turn(self, action: Action, number: int) -> None:
        """Do one thing. The number says how many, or which."""
        match action:
            case "read":
                self._read(number)
            case "send":
                self._send()
            case "arrive" | "acknowledge" if self._flying:
                self._arrive(self._flying[number % len(self._flying)], action == "acknowledge")
            case "refresh":
                self._refresh(number)
            case "crash":
                self._crash()
            case "crash in take":
                self._crash_in_take(number)
            case "late" if self._lost:
                bulk = self._lost.pop(number % len(self._lost))
                self.index.bulk(bulk.document, [item.body for item in bulk.items])
        self._publish()

    def _read(self, count: int) -> None:
        messages = self._source.log[self._next : self._next + count]
        if messages:
            self._next += len(messages)
            self._applier.take(messages)

    def _send(self) -> bool:
        if not self.store.position.settled:
            return False
        bulk = self._pending.take(self._parts.version(self.store.position))
        if bulk is not None:
            self._check_built(bulk)
            self._flying.append(Flying(bulk))
        return bulk is not None

    def _arrive(self, flying: Flying, acknowledge: bool) -> None:
        if not flying.arrived:
            self.index.bulk(flying.bulk.document, [item.body for item in flying.bulk.items])
            flying.arrived = True
        if acknowledge:
            self._flying.remove(flying)
            with self.store.transaction():
                self._pending.remove(flying.bulk)
                self._tracker.acknowledge(flying.bulk.first_lsn)

    def _refresh(self, number: int) -> None:
        """Every fourth refresh fails."""
        self._tracker.begin_refresh()
        done = number % 4 != 3
        if done:
            self.index.refresh()
        self._tracker.end_refresh(done)

    def _crash_in_take(self, number: int) -> None:
        self.store.fuse = number
        with suppress(Crash):
            self._read(number + 1)
        self._crash()

    def _crash(self) -> None:
        self.store.fuse = None
        self._lost += [flying.bulk for flying in self._flying if not flying.arrived]
        self.store.close()
        self._open()

    def _publish(self) -> None:
        position = self.store.position
        if not position.settled:
            return
        unsent = [*self._pending.oldest(), *(flying.bulk.first_lsn for flying in self._flying)]
        lsn = self._tracker.searchable(position.watermark, unsent)
        self._check_published(lsn)
        if lsn > position.published:
            with self.store.transaction():
                self.store.move(published=lsn)

    def _check_built(self, bulk: Bulk) -> None:
        """Invariant 3: every built document is the oracle's as of the position."""
        known = self._wanted.at(self._source.state(self.store.position.watermark))
        if known is None:
            return
        wanted = known[bulk.document]
        for item in bulk.items:
            action, *lines = item.body.removesuffix(b"\n").split(b"\n")
            ((_, meta),) = msgspec.json.decode(action).items()
            found = said(lines[0]) if lines else None
            if found != wanted.get(meta["_id"]):
                raise Diverged(f"built {bulk.document} {meta['_id']}: {found!r}, not {wanted.get(meta['_id'])!r}")

    def _check_published(self, lsn: int) -> None:
        """Invariant 6: what a search sees of each document is its form at `lsn` or a later one."""
        first = self._source.state(lsn)
        known = [self._wanted.at(place) for place in range(first, self._source.last + 1)]
        states = [state for state in known if state is not None]
        if len(states) < len(known):
            return
        for plan in self._plan.documents:
            visible = self.index.visible.get(plan.name, {})
            for identity in visible.keys() | states[0][plan.name].keys():
                body = visible.get(identity)
                seen = None if body is None else said(body)
                if all(seen != state[plan.name].get(identity) for state in states):
                    raise Diverged(f"{lsn} is published, but {plan.name} {identity} is still {seen!r}")

    def drain(self) -> None:
        """Read, build and acknowledge all that is left; then the index must equal the oracle (invariant 5)."""
        self._read(len(self._source.log))
        while self._send() or self._flying:
            for flying in list(self._flying):
                self._arrive(flying, acknowledge=True)
        for number in range(len(self._lost)):
            self.turn("late", number)
        self._refresh(0)
        self._publish()
        wanted = self._wanted.at(self._source.last)
        assert wanted is not None, "the last state is always known"
        for plan in self._plan.documents:
            found = {key: said(body) for key, body in self.index.visible.get(plan.name, {}).items()}
            if found != wanted[plan.name]:
                raise Diverged(f"at rest {plan.name}: {found!r}, not {wanted[plan.name]!r}")
        if self.store.position.published != self.store.position.watermark:
            raise Diverged(f"at rest {self.store.position.published} is published of {self.store.position.watermark}")


def toastable(columns: Sequence[Column]) -> list[Column]:
    """The columns as a catalogue tells them, whose texts may be left out when they did not change."""
    return [replace(column, toastable=column.toastable or column.type == "text") for column in columns]


@contextmanager
def trial(source: History, wanted: Truth, parts: WorkerParts) -> Iterator[Trial]:
    """A worker with a row store in a directory of its own."""
    with TemporaryDirectory(prefix="rowtide-trial-", dir=MEMORY if MEMORY.is_dir() else None) as directory:
        running = Trial(source, wanted, Path(directory) / "shop.sqlite", parts)
        try:
            yield running
        finally:
            running.close()


def check(source: Source, turns: Sequence[Turn], parts: WorkerParts = WorkerParts()) -> None:
    """Take the turns, then drain. Diverged tells what does not hold."""
    with trial(source, Expected(source), parts) as running:
        for action, number in turns:
            running.turn(action, number)
        running.drain()


def said(body: bytes) -> bytes:
    """What a document says of its rows; what it says of itself is left out."""
    head, flags, _ = body.partition(f',"{FLAGS}":'.encode())
    return canonical(head + b"}" if flags else body)
