"""Puts the worker together from its settings: the composition root's work, shared by the program and the tests."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import structlog

from cdc.log.names import changes_topic
from cdc.log.recovery import Recovery
from read_model.catalog.catalog import read_catalog
from read_model.plan.model import PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.file import load_spec
from read_model.spec.model import Spec
from sync_worker.elasticsearch.elasticsearch_sink import Index
from sync_worker.elasticsearch.index_guard import IndexGuard
from sync_worker.elasticsearch.lease import Lease
from sync_worker.errors import PositionLost, StoreError
from sync_worker.log.consumer import ChangeLog, Refusals, admin, topic_id_of
from sync_worker.loop.loop import Pace, Worker
from sync_worker.loop.plan_bound import make_plan_bound
from sync_worker.resync.bc_dates import BcDateCheck, PostgresProbe
from sync_worker.resync.row_repair import RowRepair
from sync_worker.resync.schema_change import SchemaChangeResync
from sync_worker.settings import WorkerSettings
from sync_worker.source import source_status
from sync_worker.source.catalogue import SourceFacts, read_catalogue, read_source
from sync_worker.source.history_check import Identity, check_same_history
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.source.silence_monitor import SilenceMonitor
from sync_worker.source.topic_monitor import REQUEST_SECONDS, TopicMonitor
from sync_worker.store.row_store import NOTHING_READ, RowStore
from sync_worker.store.tombstones import Tombstones


@dataclass(frozen=True, slots=True)
class ComposedWorker:
    """A worker that is ready to run."""

    worker: Worker
    plan: PipelinePlan


@dataclass(frozen=True, slots=True)
class ResolvedSpec:
    """What is to be done, for which source, and how."""

    spec: Spec
    facts: SourceFacts
    plan: PipelinePlan


@contextmanager
def assemble(settings: WorkerSettings, stopping: threading.Event, new_store: bool = False) -> Iterator[ComposedWorker]:
    """Open everything, check everything, and hand over a worker; close everything afterwards.

    With `new_store` the row store is emptied first, and the worker waits for the next snapshot in the log."""
    spec = load_spec(settings.spec)
    index = Index(settings.elasticsearch_access(), stopping, settings.worker_rejected_fields == "leave_out")
    path = settings.worker_store / f"{spec.pipeline}.sqlite"
    with RowStore(path) as store, store.translate_errors():
        try:
            if new_store:
                store.empty()
            _own(store, path, spec.pipeline)
            index.check()
            facts = _source_facts(store, settings)
            known = ResolvedSpec(spec, facts, resolve(spec, read_catalog(facts.tables)))
            log = ChangeLog(settings.kafka, changes_topic(spec.pipeline), f"rowtide-{spec.pipeline}")
            try:
                _seek(store, log, new_store)
                lease = _lease(settings, store, index, known.plan, stopping)
                try:
                    with _worker(settings, store, index, log, known, lease, stopping) as made:
                        yield made
                finally:
                    lease.release()
            finally:
                log.close()
        finally:
            index.close()


def _own(store: RowStore, path: Path, pipeline: str) -> None:
    """StoreError when the file is another pipeline's, whatever its name."""
    kept = store.recall("pipeline")
    if kept is None:
        with store.transaction():
            store.remember("pipeline", pipeline)
    elif kept != pipeline:
        raise StoreError(
            f"row store {path} belongs to pipeline {kept}, not to {pipeline}; move it away, or set ROWTIDE_WORKER_STORE to"
            " another folder",
            Recovery.NEW_STORE,
        )


def _source_facts(store: RowStore, settings: WorkerSettings) -> SourceFacts:
    """The catalogue that the row store was made with; of a new one, the source's of now."""
    kept = store.recall("facts")
    if kept is not None:
        return msgspec.json.decode(str(kept), type=SourceFacts)
    facts = read_source(settings.postgres_dsn.get_secret_value())
    with store.transaction():
        store.remember("facts", msgspec.json.encode(facts).decode())
    return facts


def _lease(
    settings: WorkerSettings, store: RowStore, index: Index, plan: PipelinePlan, stopping: threading.Event
) -> Lease:
    """Be the only one who writes these documents. The holder's name stays with the row store."""
    holder = store.recall("holder") or uuid.uuid4().hex
    aliases = tuple(sorted(document.name for document in plan.documents))
    lease = Lease(
        index.client, plan.pipeline, aliases, str(holder), settings.worker_lease_seconds, store.position.epoch
    )
    another = lease.take(stopping, structlog.get_logger().warning)
    with store.transaction():
        store.remember("holder", str(holder))
        store.move(epoch=lease.epoch)
    index.may_write = lambda: lease.held
    if another:
        Tombstones(store).doubt()
    return lease


@contextmanager
def _worker(
    settings: WorkerSettings,
    store: RowStore,
    index: Index,
    log: ChangeLog,
    known: ResolvedSpec,
    lease: Lease,
    stopping: threading.Event,
) -> Iterator[ComposedWorker]:
    plan = known.plan
    _same_plan(store, plan)
    parts = make_plan_bound(settings, store, index, plan, known.facts.system)
    tables = [use.table for use in plan.tables]
    dsn = settings.postgres_dsn.get_secret_value()
    watch = IdentityMonitor(store, tables, partial(read_catalogue, dsn, plan.pipeline, tables))
    healing = SchemaChangeResync(
        store, known.spec, dsn, watch, partial(make_plan_bound, settings, store, index), stopping
    )
    tombstones = Tombstones(store)
    standing = IndexGuard(lease, index, lambda: worker.wrong)
    outlook = SilenceMonitor(
        partial(_look_at_source, dsn, plan.pipeline, store, watch), _topic_watch(settings, store, plan).check
    )
    outlook.check(source=True, topic=False)
    if outlook.fault is not None:
        raise outlook.fault
    pace = Pace(
        read_messages=settings.worker_read_messages,
        senders=settings.worker_senders,
        refresh_after=settings.worker_refresh_ms / 1000,
    )
    worker = Worker(
        pipeline=plan.pipeline,
        store=store,
        log=log,
        parts=parts,
        index=index,
        watch=watch,
        healing=healing,
        misread=BcDateCheck(store, PostgresProbe(dsn), watch, stopping),
        rereads=RowRepair(store, dsn, tombstones),
        tombstones=tombstones,
        standing=standing,
        outlook=outlook,
        pace=pace,
        stopping=stopping,
    )
    standing.start()
    outlook.start()
    try:
        yield ComposedWorker(worker, plan)
    finally:
        outlook.stop()
        standing.stop()


def _topic_watch(settings: WorkerSettings, store: RowStore, plan: PipelinePlan) -> TopicMonitor:
    topic = changes_topic(plan.pipeline)
    ask = partial(topic_id_of, admin(settings.kafka, Refusals()), topic, REQUEST_SECONDS)
    return TopicMonitor(ask, topic, store.position.topic_id)


def _look_at_source(dsn: str, pipeline: str, store: RowStore, watch: IdentityMonitor) -> str:
    """Ask the source; PositionLost when its history is not the one that was read."""
    known, watermark = watch.identity, store.position.watermark  # Before the question: the loop may go on meanwhile.
    now = source_status.read_status(dsn, pipeline)
    if now is not None:
        check_same_history(known, watermark, Identity(now.system, now.timeline), now.wal_end)
    return source_status.silence_cause(pipeline, now)


def _same_plan(store: RowStore, plan: PipelinePlan) -> None:
    """A row store holds the columns of one spec."""
    kept = store.recall("spec_hash")
    if kept is None:
        with store.transaction():
            store.remember("spec_hash", plan.spec_hash)
    elif kept != plan.spec_hash:
        raise StoreError(
            f"the row store of pipeline {plan.pipeline} was created for another version of the spec", Recovery.NEW_STORE
        )


def _seek(store: RowStore, log: ChangeLog, new_store: bool) -> None:
    """Go on where the row store stands; PositionLost when the log does not go on from there."""
    span, position = log.span(), store.position
    if position.topic_id and position.topic_id != span.topic_id:
        raise PositionLost("the topic was deleted and recreated since the row store was written")
    if not position.topic_id:
        with store.transaction():
            # A log without its beginning, or one that another spec wrote, is of no use before the next snapshot.
            # One record more is read, to tell the first row of a snapshot from one in its middle.
            start = max(span.low, span.high - 1) if new_store else span.low
            awaiting = start > 0 or (new_store and span.high > 0)
            passed = 0 if start in (0, span.high) else NOTHING_READ
            store.move(topic_id=span.topic_id, offset=start, awaiting=awaiting, passed=passed)
    elif not span.low <= position.offset <= span.high:
        raise PositionLost(
            f"the row store is at offset {position.offset}, but Kafka contains only offsets {span.low} to {span.high}"
        )
    log.seek(store.position.offset)
