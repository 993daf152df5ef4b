"""A whole worker over a history in memory: its own loop and threads, with doubles for what is outside of the
process."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from read_model.freshness import Freshness, Origin
from sync_worker.elasticsearch.generations import Generations
from sync_worker.loop.assembly import AssembledLoop, PartTypes, Surroundings, assemble
from sync_worker.loop.delivery import Delivery
from sync_worker.loop.document_sink import Target, Targets
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.ingest import Ingest
from sync_worker.loop.plan_bound import Current, PlanBound
from sync_worker.loop.publisher import Publisher
from sync_worker.loop.refresh_policy import RefreshPolicy
from sync_worker.loop.senders import SenderThreads
from sync_worker.source.silence_monitor import SilenceMonitor, SourceReport
from sync_worker.store.bulk import BulkOutcome, DocumentWrite
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.tombstones import Tombstones
from tests.support.builders.debezium_records import Message
from tests.support.builders.worker_parts import SPOOL_AFTER, WorkerParts, bind
from tests.support.fakes.index import IndexDouble
from tests.support.fakes.quiet_surroundings import CleanSnapshot, HeldLease, NoRepairs, SameSource, UnchangedTables

IDLE_WAIT = 0.001
"""Seconds."""
ORIGIN = Origin("shop", "7711", "shop")


class LogDouble:
    """A `ChangeSource` in memory."""

    def __init__(self, messages: Sequence[Message], offset: int) -> None:
        self._messages = messages
        self._next = offset
        self._pause = threading.Event()

    def seek(self, offset: int) -> None:
        """Continue at this offset."""
        self._next = offset

    def read(self, count: int, wait: float) -> Sequence[Message]:
        """The next messages; at the end of the log, none after `wait` seconds."""
        messages = self._messages[self._next : self._next + count]
        self._next += len(messages)
        if not messages:
            self._pause.wait(wait)
        return messages


@dataclass
class Cluster:
    """Elasticsearch as it outlives a worker: the documents, and the generations with their aliases."""

    documents: IndexDouble = field(default_factory=IndexDouble)
    pointers: dict[str, str] = field(default_factory=dict)
    metas: dict[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def meta(self, generation: str) -> dict[str, Any] | None:
        """The `_meta` of a generation."""
        meta: dict[str, Any] | None = self.metas.get(generation)
        return meta

    def set_meta(self, generation: str, meta: dict[str, Any]) -> None:
        """Replace the `_meta` of a generation."""
        self.metas[generation] = meta

    def create_generation(self, alias: str, body: dict[str, Any]) -> str:
        """The first generation of an alias."""
        name = f"{alias}-g000001"
        self.metas[name] = body["mappings"].get("_meta")
        self.pointers[f"{name}-write"] = name
        return name

    def uuid(self, generation: str) -> str:
        """There is never another index of the same name."""
        return generation

    def indexes_of(self, alias: str) -> list[str]:
        """The index that an alias points to."""
        return [self.pointers[alias]] if alias in self.pointers else []

    def aliases(self) -> dict[str, list[str]]:
        """Every alias with its index."""
        return {alias: [index] for alias, index in self.pointers.items()}

    def point(self, alias: str, generation: str) -> None:
        """Let an alias point to a generation."""
        self.pointers[alias] = generation

    def show(self, alias: str, generation: str) -> None:
        """Let readers see a generation."""
        self.point(alias, generation)


class ClusterSink:
    """A `DocumentSink` that writes to a cluster. A bulk under way when the worker is stopped is given up, or taken."""

    reason = ""

    def __init__(self, cluster: Cluster, stopping: threading.Event, gives_up: bool) -> None:
        self._cluster = cluster
        self._stopping = stopping
        self._gives_up = gives_up

    def send(self, target: Target, writes: list[DocumentWrite]) -> BulkOutcome | None:
        """Take the bulk, unless the worker stops and this sink gives up."""
        if self._gives_up and self._stopping.is_set():
            return None
        with self._cluster.lock:
            self._cluster.documents.bulk(target.document, [write.body for write in writes])
        return BulkOutcome([], 0)

    def refresh(self, targets: Sequence[Target]) -> bool:
        """Let searches see what was taken."""
        with self._cluster.lock:
            self._cluster.documents.refresh()
        return True


@dataclass(slots=True)
class FakeWorker:
    """A worker in its loop, or after it."""

    assembled: AssembledLoop
    stopping: threading.Event

    @property
    def freshness(self) -> Freshness:
        """What it published last."""
        return self.assembled.publisher.feed.now


STAGES = 5


def staged(between: Callable[[], None]) -> PartTypes:
    """The parts of the loop; `between` is called after each stage of a turn."""

    class StagedIngest(Ingest):
        def turn(self, plan_bound: PlanBound, busy: bool) -> bool:
            changed = super().turn(plan_bound, busy)
            between()
            return changed

    class StagedDelivery(Delivery):
        def _collect(self, plan_bound: PlanBound) -> bool:
            delivered = super()._collect(plan_bound)
            between()
            return delivered

        def _send(self, plan_bound: PlanBound) -> None:
            super()._send(plan_bound)
            between()

        def _refresh_when_due(self, plan_bound: PlanBound, backlog: int) -> bool:
            ended = super()._refresh_when_due(plan_bound, backlog)
            between()
            return ended

    class StagedPublisher(Publisher):
        def turn(self, plan_bound: PlanBound, changed: bool) -> None:
            super().turn(plan_bound, changed)
            between()

    return PartTypes(StagedIngest, StagedDelivery, StagedPublisher)


def live(
    log: Sequence[Message], cluster: Cluster, path: Path, between: Callable[[FakeWorker], None], gives_up: bool
) -> FakeWorker:
    """One run of a worker, from its start until it stops. `between` is called after every stage."""
    stopping = threading.Event()
    with RowStore(path) as store:
        quarantine, parts = Quarantine(store), WorkerParts()

        def generations(rows: Rows) -> Targets:
            return Generations(store, rows, quarantine, cluster, parts.plan, ORIGIN)

        surroundings = Surroundings(
            store=store,
            current=Current(bind(parts, store, generations, SPOOL_AFTER, bulk=3)),
            source=LogDouble(log, store.position.log.offset),
            sink=ClusterSink(cluster, stopping, gives_up),
            sink_watch=HeldLease(),
            guards=(),
            identity=SameSource(),
            silence=SilenceMonitor(SourceReport, lambda: None),
            resync=UnchangedTables(),
            snapshot_check=CleanSnapshot(),
            repairs=NoRepairs(),
            quarantine=quarantine,
            tombstones=Tombstones(store),
            tracker=FreshnessTracker(published=store.position.published),
            policy=RefreshPolicy(0.0),
            senders=SenderThreads(2, "sender"),
            refresher=SenderThreads(1, "refresher"),
            batch=8,
            idle_wait=IDLE_WAIT,
            stopping=stopping,
            origin=ORIGIN,
        )
        workers: list[FakeWorker] = []

        def after_stage() -> None:
            between(workers[0])

        assembled = assemble(surroundings, staged(after_stage))
        workers.append(FakeWorker(assembled, stopping))
        assembled.loop.run()
    return workers[0]
