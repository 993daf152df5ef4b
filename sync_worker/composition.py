"""The worker's composition root: opens everything, checks everything, and puts the parts together."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial

import msgspec
import structlog
from elasticsearch import Elasticsearch

from cdc.log.control import ControlReader
from cdc.log.names import changes_topic, control_key_file
from cdc.log.signature import ControlKey
from connections.private_files import stored_control_key
from read_model.freshness import Origin
from read_model.plan.model import PipelinePlan
from read_model.spec.file import load_spec
from read_model.spec.model import Spec
from sync_worker.elasticsearch.elasticsearch_sink import ElasticsearchSink, connect
from sync_worker.elasticsearch.generations import Generations
from sync_worker.elasticsearch.index_admin import IndexAdmin
from sync_worker.elasticsearch.index_guard import IndexGuard
from sync_worker.elasticsearch.lease import Lease, read_owners
from sync_worker.elasticsearch.ownership import require_ownership
from sync_worker.errors import SettingsError
from sync_worker.log.change_tracker import ChangeTracker
from sync_worker.log.consumer import ChangeLog
from sync_worker.loop.assembly import AssembledLoop, Surroundings, assemble
from sync_worker.loop.extra_documents import ExtraDocuments
from sync_worker.loop.freshness_log import FreshnessLog
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.plan_bound import Current, PlanBound, shapes_of
from sync_worker.loop.publisher import FreshnessFeed
from sync_worker.loop.refresh_policy import RefreshPolicy
from sync_worker.loop.senders import SenderThreads
from sync_worker.resync.misread_dates import MisreadDateCheck, PostgresProbe
from sync_worker.resync.replaced_tables import ReplacedTables
from sync_worker.resync.row_repair import RowRepair
from sync_worker.resync.schema_change import SchemaChangeResync
from sync_worker.settings import WorkerSettings
from sync_worker.source import source_status
from sync_worker.source.catalogue import SourceFacts, read_source
from sync_worker.source.monitors import identity_monitor, silence_monitor
from sync_worker.source.stored_catalogue import check_database, plan_of, source_facts
from sync_worker.store.applier import Applier, RowObserver
from sync_worker.store.pending import Pending
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import RowStore, SourceRecord
from sync_worker.store.row_tables import Rows
from sync_worker.store.startup_checks import claim, seek
from sync_worker.store.statements import statements
from sync_worker.store.tombstones import Tombstones

_log = structlog.get_logger()

IDLE_WAIT = 0.02
"""Seconds that the loop waits for the log when nothing else is going on."""
NOTHING_KNOWN = SourceRecord("", "", "", "", "", 0)
"""What a new row store knows about the source."""


@dataclass(frozen=True, slots=True)
class ComposedWorker:
    """A worker that is ready to run. `remove` deletes documents that the source does not have."""

    assembled: AssembledLoop
    plan: PipelinePlan
    repairs: RowRepair
    remove: Callable[[str, list[str], int], None]

    @property
    def feed(self) -> FreshnessFeed:
        """The freshness that the worker publishes."""
        return self.assembled.publisher.feed


@dataclass(frozen=True, slots=True)
class ResolvedSpec:
    """The spec, what it becomes with the source's tables, and whose documents these are."""

    spec: Spec
    facts: SourceFacts
    plan: PipelinePlan
    origin: Origin


@dataclass(frozen=True, slots=True)
class Services:
    """What the worker has opened."""

    store: RowStore
    log: ChangeLog
    client: Elasticsearch
    lease: Lease


@contextmanager
def compose(
    settings: WorkerSettings, stopping: threading.Event, new_store: bool = False, take_over: bool = False
) -> Iterator[ComposedWorker]:
    """Open everything, check everything, and yield a worker; close everything afterwards.

    With `new_store` the row store is emptied first, and the worker waits for the next snapshot in the log. With
    `take_over` it replaces documents of another pipeline or database."""
    spec = load_spec(settings.spec)
    path = settings.worker_store / f"{spec.pipeline}.sqlite"
    with ExitStack() as stack:
        store = stack.enter_context(RowStore(path))
        stack.enter_context(store.translate_errors())
        client = stack.enter_context(closing(connect(settings.elasticsearch_access())))
        if not new_store:
            claim(store, path, spec.pipeline)
        index_admin = IndexAdmin(client, settings.elasticsearch_url)
        index_admin.check()
        resolved = _resolved(settings, spec, NOTHING_KNOWN if new_store else store.source())
        aliases = sorted(document.name for document in resolved.plan.documents)
        require_ownership(index_admin, read_owners(client, aliases), aliases, resolved.origin, take_over)
        if new_store:
            store.empty()
            claim(store, path, spec.pipeline)
        with store.transaction():
            facts = msgspec.json.encode(resolved.facts).decode()
            store.update_source(facts=facts, spec_hash=resolved.plan.spec_hash)
        log = stack.enter_context(
            closing(ChangeLog(settings.kafka, changes_topic(spec.pipeline), f"rowtide-{spec.pipeline}"))
        )
        seek(store, log, new_store)
        _log.info("log opened", offset=store.position.log.offset, epoch=store.position.epoch, row_store=str(path))
        lease = _lease(settings, store, client, resolved, stopping)
        stack.callback(_release, lease)
        services = Services(store, log, client, lease)
        yield stack.enter_context(_worker(settings, services, index_admin, resolved, stopping))


def _resolved(settings: WorkerSettings, spec: Spec, stored: SourceRecord) -> ResolvedSpec:
    """The plan, and whose documents they will be. `stored` is what the row store knows about the source."""
    dsn = settings.postgres_dsn.get_secret_value()
    read = partial(read_source, dsn)
    facts = source_facts(stored, read)
    plan = plan_of(spec, stored, facts, read)
    facts = check_database(facts, source_status.read_status(dsn, spec.pipeline), spec.pipeline)
    return ResolvedSpec(spec, facts, plan, Origin(spec.pipeline, facts.system, facts.database))


def _lease(
    settings: WorkerSettings, store: RowStore, client: Elasticsearch, resolved: ResolvedSpec, stopping: threading.Event
) -> Lease:
    """Become the only worker that writes these documents. The holder's name stays with the row store."""
    holder = store.owner().holder or uuid.uuid4().hex
    aliases = tuple(sorted(document.name for document in resolved.plan.documents))
    lease = Lease(client, resolved.origin, aliases, holder, settings.worker_lease_seconds, store.position.epoch)
    another = lease.take(stopping, _log.warning)
    _log.info("lease taken", epoch=lease.epoch, from_another=another, documents=", ".join(aliases))
    with store.transaction():
        store.update_owner(holder=holder)
        store.move(epoch=lease.epoch)
    if another:
        Tombstones(store).mark_all_due()
    return lease


def _release(lease: Lease) -> None:
    lease.release()
    _log.info("lease released")


@contextmanager
def _worker(
    settings: WorkerSettings,
    services: Services,
    index_admin: IndexAdmin,
    resolved: ResolvedSpec,
    stopping: threading.Event,
) -> Iterator[ComposedWorker]:
    store, plan = services.store, resolved.plan
    quarantine, change_tracker = Quarantine(store), ChangeTracker()
    control = ControlReader(plan.pipeline, _control_key(settings, plan.pipeline))
    bind = PlanBinding(settings, store, quarantine, index_admin, control, resolved.origin, (change_tracker,))
    current = Current(bind(plan, resolved.facts.system))
    dsn = settings.postgres_dsn.get_secret_value()
    identity = identity_monitor(dsn, store, plan)
    silence = silence_monitor(dsn, settings.kafka, store, plan, identity)
    replaced = ReplacedTables(dsn, settings.worker_follow_replaced_tables)
    guard = IndexGuard(services.lease, index_admin, current)
    tombstones = Tombstones(store)
    repairs = RowRepair(store, dsn, tombstones, change_tracker)
    sink = ElasticsearchSink(services.client, services.lease, stopping, settings.worker_rejected_fields == "leave_out")
    assembled = assemble(
        Surroundings(
            store=store,
            current=current,
            source=services.log,
            sink=sink,
            sink_watch=guard,
            guards=(guard, silence),
            identity=identity,
            silence=silence,
            resync=SchemaChangeResync(store, resolved.spec, dsn, identity, bind, replaced, stopping),
            snapshot_check=MisreadDateCheck(store, PostgresProbe(dsn), identity, stopping),
            repairs=repairs,
            quarantine=quarantine,
            tombstones=tombstones,
            tracker=FreshnessTracker(published=store.position.published),
            policy=RefreshPolicy(settings.worker_refresh_ms / 1000),
            senders=SenderThreads(settings.worker_senders, "sender"),
            refresher=SenderThreads(1, "refresher"),
            batch=settings.worker_read_messages,
            idle_wait=IDLE_WAIT,
            stopping=stopping,
            origin=resolved.origin,
            observe=FreshnessLog(lambda: assembled.ingest.events).observe,
        )
    )
    remove = ExtraDocuments(store, sink, current, assembled.delivery.future_versions).remove
    guard.start()
    silence.start()
    try:
        yield ComposedWorker(assembled, plan, repairs, remove)
    finally:
        silence.stop()
        guard.stop()


@dataclass(frozen=True, slots=True)
class PlanBinding:
    """Makes what works on a plan, and the tables and index generations that do not exist yet."""

    settings: WorkerSettings
    store: RowStore
    quarantine: Quarantine
    index_admin: IndexAdmin
    control: ControlReader
    origin: Origin
    observers: tuple[RowObserver, ...]

    def __call__(self, plan: PipelinePlan, system: str) -> PlanBound:
        """`system` is the database's system identifier."""
        store, settings, sql = self.store, self.settings, statements(plan)
        rows = Rows(store, sql)
        rows.create()
        shapes = shapes_of(plan, sql, system)
        pending = Pending(store, rows, sql.lanes, settings.worker_bulk_bytes, settings.worker_bulk_documents)
        generations = Generations(store, rows, self.quarantine, self.index_admin, plan, self.origin)
        applier = Applier(store, rows, shapes, settings.worker_spool_after, self.control, self.observers)
        return PlanBound(plan, shapes, rows, applier, pending, generations)


def _control_key(settings: WorkerSettings, pipeline: str) -> ControlKey | None:
    """The key that control messages are signed with. Raises SettingsError when it cannot be read."""
    try:
        text = stored_control_key(settings.control_key, settings.secrets_dir / control_key_file(pipeline))
        key = None if text is None else ControlKey(text)
    except ValueError as error:
        raise SettingsError(f"The control key is not usable: {error}") from None
    if key is None:
        _log.warning(
            "no control key: heartbeats are not verified, so any login of the database can forge them",
            remedy="run `rowtide init` and `rowtide connectors apply`, then restart the worker with the same"
            " ROWTIDE_SECRETS_DIR, or with ROWTIDE_CONTROL_KEY",
        )
    return key
