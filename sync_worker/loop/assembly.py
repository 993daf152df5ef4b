"""Puts the parts of the loop together from what they work with: for the program and for the simulation alike."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from read_model.freshness import Freshness, Origin
from sync_worker.loop.delivery import Delivery
from sync_worker.loop.document_sink import DocumentSink
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.future_versions import FutureVersions
from sync_worker.loop.ingest import ChangeSource, Ingest, SourceIdentity
from sync_worker.loop.loop import Guard, Loop
from sync_worker.loop.maintenance import Maintenance, Repairs, SnapshotCheck, TableResync
from sync_worker.loop.plan_bound import Current, PlanBound
from sync_worker.loop.publisher import Publisher
from sync_worker.loop.refresh_policy import RefreshPolicy
from sync_worker.loop.senders import Senders
from sync_worker.loop.state import PipelineState
from sync_worker.loop.tombstone_resend import SinkWatch, TombstoneResend
from sync_worker.source.silence_monitor import SilenceMonitor
from sync_worker.store.build_times import BuildTimes
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import RowStore
from sync_worker.store.tombstones import Tombstones


def _unobserved(_fresh: Freshness) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything that the loop works with. `batch` is in messages, `idle_wait` in seconds; `clock` gives seconds.
    `observe` is told each freshness that is published."""

    store: RowStore
    current: Current[PlanBound]
    source: ChangeSource
    sink: DocumentSink
    sink_watch: SinkWatch
    guards: tuple[Guard, ...]
    identity: SourceIdentity
    silence: SilenceMonitor
    resync: TableResync
    snapshot_check: SnapshotCheck
    repairs: Repairs
    quarantine: Quarantine
    tombstones: Tombstones
    tracker: FreshnessTracker
    policy: RefreshPolicy
    senders: Senders
    refresher: Senders
    batch: int
    idle_wait: float
    stopping: threading.Event
    origin: Origin
    observe: Callable[[Freshness], None] = _unobserved
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class AssembledLoop:
    """A loop, and those of its parts that others talk to."""

    loop: Loop
    ingest: Ingest
    delivery: Delivery
    publisher: Publisher


@dataclass(frozen=True, slots=True)
class PartTypes:
    """The classes of the parts; a test may add to one of them."""

    ingest: type[Ingest] = Ingest
    delivery: type[Delivery] = Delivery
    publisher: type[Publisher] = Publisher


def assemble(around: Surroundings, types: PartTypes = PartTypes()) -> AssembledLoop:
    """A loop that is ready to run. Everything that was pending or unpublished counts as not yet searchable."""
    maintenance = Maintenance(around.resync, around.snapshot_check, around.repairs, around.stopping, around.idle_wait)
    ingest = types.ingest(
        store=around.store,
        source=around.source,
        shapes=around.resync,
        identity=around.identity,
        silence=around.silence,
        tracker=around.tracker,
        batch=around.batch,
        idle_wait=around.idle_wait,
    )
    future_versions = FutureVersions(around.store, around.quarantine, around.sink_watch)
    delivery = types.delivery(
        store=around.store,
        sink=around.sink,
        maintenance=maintenance,
        quarantine=around.quarantine,
        build_times=BuildTimes(around.store),
        tombstones=around.tombstones,
        resend=TombstoneResend(
            around.store,
            around.tombstones,
            around.sink_watch,
            around.sink,
            around.refresher,
            future_versions,
            around.clock,
        ),
        future_versions=future_versions,
        tracker=around.tracker,
        policy=around.policy,
        senders=around.senders,
        refresher=around.refresher,
        clock=around.clock,
    )
    # Before anything is published: what the process before acknowledged may be unrefreshed (invariant 6).
    delivery.begin(around.current.value)
    publisher = _publisher(around, types.publisher, maintenance, delivery)
    loop = Loop(
        current=around.current,
        guards=around.guards,
        ingest=ingest,
        maintenance=maintenance,
        delivery=delivery,
        publisher=publisher,
        stopping=around.stopping,
    )
    return AssembledLoop(loop, ingest, delivery, publisher)


def _publisher(
    around: Surroundings, publisher: type[Publisher], maintenance: Maintenance, delivery: Delivery
) -> Publisher:
    state = PipelineState(
        origin=around.origin,
        store=around.store,
        identity=around.identity,
        maintenance=maintenance,
        silence=around.silence,
        quarantine=around.quarantine,
        future_versions=delivery.future_versions,
        sink=around.sink,
    )
    return publisher(
        store=around.store,
        state=state,
        maintenance=maintenance,
        delivery=delivery,
        quarantine=around.quarantine,
        tracker=around.tracker,
        watch=around.sink_watch,
        first=around.current.value,
        observe=around.observe,
        clock=around.clock,
    )
