"""A whole worker over a history in memory: its own loop and parts, with doubles for what is outside of the process."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdc.log.envelope import LogicalMessage
from read_model.plan.model import PipelinePlan, TableUse
from sync_worker.elasticsearch.elasticsearch_sink import BulkOutcome, Index, Item
from sync_worker.elasticsearch.generations import Generations
from sync_worker.elasticsearch.index_guard import IndexGuard
from sync_worker.elasticsearch.sink_health import SinkHealth
from sync_worker.errors import WorkerError
from sync_worker.log.changes import RowShape
from sync_worker.log.consumer import ChangeLog
from sync_worker.log.toast_placeholders import placeholder_values
from sync_worker.loop.loop import Pace, Worker
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.resync.bc_dates import BcDateCheck
from sync_worker.resync.row_repair import RowRepair
from sync_worker.resync.schema_change import SchemaChangeResync
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.source.silence_monitor import SilenceMonitor
from sync_worker.store.applier import Applier
from sync_worker.store.pending import Pending
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.tombstones import Tombstones
from tests.support.builders.history import PLACEHOLDER, Message
from tests.support.fakes.index import IndexDouble
from tests.support.oracle.loop_simulation import PLAN, STATEMENTS, toastable

PACE = Pace(read_messages=8, idle_wait=0.001, senders=2, refresh_after=0.0)
SPOOL_AFTER = 3


class LogDouble(ChangeLog):
    """A log in memory."""

    def __init__(self, messages: Sequence[Message], offset: int) -> None:
        self._messages = messages
        self._next = offset
        self._pause = threading.Event()

    def seek(self, offset: int) -> None:
        self._next = offset

    def read(self, count: int, wait: float) -> list[Any]:
        found = list(self._messages[self._next : self._next + count])
        self._next += len(found)
        if not found:
            self._pause.wait(wait)
        return found


@dataclass
class Cluster:
    """Elasticsearch as it outlives a worker: the documents, and the generations with their aliases."""

    documents: IndexDouble = field(default_factory=IndexDouble)
    aliases: dict[str, str] = field(default_factory=dict)
    metas: dict[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class IndexClient(Index):
    """A worker's client of the cluster. A bulk that is under way when the worker is told to stop is given up, or taken."""

    def __init__(self, cluster: Cluster, stopping: threading.Event, gives_up: bool) -> None:
        self._cluster = cluster
        self._stopping = stopping
        self._gives_up = gives_up
        self.targets = {}
        self.health = SinkHealth()

    def send(self, alias: str, items: list[Item]) -> BulkOutcome | None:
        if self._gives_up and self._stopping.is_set():
            return None
        with self._cluster.lock:
            self._cluster.documents.bulk(alias, [item.body for item in items])
        return BulkOutcome([], 0)

    def refresh(self, aliases: tuple[str, ...]) -> bool:
        with self._cluster.lock:
            self._cluster.documents.refresh()
        return True

    def meta(self, generation: str) -> dict[str, Any] | None:
        meta: dict[str, Any] | None = self._cluster.metas.get(generation)
        return meta

    def create_generation(self, alias: str, body: dict[str, Any]) -> str:
        name = f"{alias}-g000001"
        self._cluster.metas[name] = body["mappings"].get("_meta")
        self._cluster.aliases[f"{name}-write"] = name
        return name

    def identity(self, generation: str) -> str:
        return generation

    def behind(self, alias: str) -> list[str]:
        return [self._cluster.aliases[alias]] if alias in self._cluster.aliases else []

    def point(self, alias: str, generation: str) -> None:
        self._cluster.aliases[alias] = generation

    def show(self, alias: str, generation: str) -> None:
        self.point(alias, generation)


class WatchDouble(IdentityMonitor):
    """A source whose tables never change."""

    def __init__(self) -> None:
        self.changed = frozenset()

    @property
    def reason(self) -> str:
        return ""

    def observe(self, message: LogicalMessage) -> None:
        pass


class HealingDouble(SchemaChangeResync):
    """Nothing to heal."""

    def __init__(self) -> None:
        pass

    @property
    def due(self) -> bool:
        return False


class MisreadDouble(BcDateCheck):
    """No snapshot brings a date before our era."""

    def __init__(self) -> None:
        pass

    @property
    def blocks_builds(self) -> bool:
        return False

    def turn(self, tables: Sequence[TableUse]) -> None:
        pass

    def close(self) -> None:
        pass


class GuardDouble(IndexGuard):
    """The lease is ours."""

    def __init__(self) -> None:
        self.fault: WorkerError | None = None
        self.nodes: frozenset[str] = frozenset({"one"})

    @property
    def held(self) -> bool:
        return True


class StagedWorker(Worker):
    """Tells `between` after each stage of its loop."""

    between: Callable[[], None]

    def _read(self) -> None:
        super()._read()
        self.between()

    def _collect(self) -> None:
        super()._collect()
        self.between()

    def _send(self) -> None:
        super()._send()
        self.between()

    def _refresh_when_due(self) -> None:
        super()._refresh_when_due()
        self.between()

    def _publish(self) -> None:
        super()._publish()
        self.between()


STAGES = 5


def live(
    log: Sequence[Message], cluster: Cluster, path: Path, between: Callable[[StagedWorker], None], gives_up: bool
) -> StagedWorker:
    """One life of a worker, from its start until it stops. `between` is called after every stage."""
    stopping = threading.Event()
    with RowStore(path) as store:
        index = IndexClient(cluster, stopping, gives_up)
        tombstones = Tombstones(store)
        worker = StagedWorker(
            pipeline=PLAN.pipeline,
            store=store,
            log=LogDouble(log, store.position.offset),
            parts=_parts(store, index, PLAN),
            index=index,
            watch=WatchDouble(),
            healing=HealingDouble(),
            misread=MisreadDouble(),
            rereads=RowRepair(store, "", tombstones),
            tombstones=tombstones,
            standing=GuardDouble(),
            outlook=SilenceMonitor(str, lambda: None),
            pace=PACE,
            stopping=stopping,
        )
        worker.between = lambda: between(worker)
        worker.run()
    return worker


def _parts(store: RowStore, index: Index, plan: PipelinePlan) -> PlanBound:
    rows = Rows(store, STATEMENTS)
    rows.create()
    shapes = {
        use.table: RowShape(
            use.table,
            STATEMENTS.tables[use.table].types,
            STATEMENTS.tables[use.table].key,
            placeholder_values(toastable(use.columns), PLACEHOLDER),
        )
        for use in plan.tables
    }
    generations = Generations(store, rows, index, plan)
    generations.prepare()
    pending = Pending(store, rows, STATEMENTS.lanes, 2000, 3)
    applier = Applier(store, rows, shapes, SPOOL_AFTER)
    return PlanBound(plan, STATEMENTS, shapes, rows, applier, pending, generations)
