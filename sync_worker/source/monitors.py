"""Makes the monitors of the source, of its database and of its topic."""

from functools import partial

from cdc.log.names import changes_topic
from connections.kafka import KafkaAccess, KafkaErrors
from read_model.catalog.catalog import TableName
from read_model.plan.model import PipelinePlan
from sync_worker.log.consumer import admin, topic_id_of
from sync_worker.source import source_status
from sync_worker.source.catalogue import read_catalogue
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.source.silence_monitor import SilenceMonitor, SourceReport
from sync_worker.source.topic_monitor import REQUEST_SECONDS, TopicMonitor
from sync_worker.store.history_check import Identity, check_same_history
from sync_worker.store.row_store import RowStore


def identity_monitor(dsn: str, store: RowStore, plan: PipelinePlan) -> IdentityMonitor:
    """Compares the heartbeats with what the row store knows of the source."""
    tables = [use.table for use in plan.tables]
    read_now = partial(read_catalogue, dsn, plan.pipeline, tables)
    return IdentityMonitor(store, _captured(plan), read_now)


def silence_monitor(
    dsn: str, kafka: KafkaAccess, store: RowStore, plan: PipelinePlan, identity: IdentityMonitor
) -> SilenceMonitor:
    """Raises PositionLost when the source is not the database that the rows came from."""
    monitor = SilenceMonitor(
        partial(_look_at_source, dsn, plan, store, identity), _topic_monitor(kafka, store, plan).check
    )
    monitor.check(source=True, topic=False)
    if monitor.fault is not None:
        raise monitor.fault
    return monitor


def _topic_monitor(kafka: KafkaAccess, store: RowStore, plan: PipelinePlan) -> TopicMonitor:
    topic = changes_topic(plan.pipeline)
    ask = partial(topic_id_of, admin(kafka, KafkaErrors()), topic, REQUEST_SECONDS)
    return TopicMonitor(ask, topic, store.position.log.topic_id)


def _look_at_source(dsn: str, plan: PipelinePlan, store: RowStore, identity: IdentityMonitor) -> SourceReport:
    """Check the source's identity. Raises PositionLost when its history is not the one that was read."""
    # Read both before the query: the loop may continue in the meantime.
    known, watermark = identity.identity, store.position.log.watermark
    now = source_status.read_status(dsn, plan.pipeline)
    if now is not None:
        check_same_history(known, watermark, Identity(now.system, now.timeline), now.wal_end)
    faults = source_status.capture_faults(dsn, plan.pipeline, _captured(plan)) if now else ""
    return SourceReport(source_status.silence_cause(plan.pipeline, now), faults)


def _captured(plan: PipelinePlan) -> dict[TableName, frozenset[str]]:
    """The tables, with the columns that documents use."""
    return {use.table: frozenset(column.name for column in use.columns) for use in plan.tables}
