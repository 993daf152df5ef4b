"""What of the worker follows from the plan: put together at a start, and again when the source's tables changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdc.log.heartbeat import placeholder
from read_model.catalog.catalog import TableName
from read_model.plan.model import PipelinePlan
from sync_worker.elasticsearch.elasticsearch_sink import Index
from sync_worker.elasticsearch.generations import Generations
from sync_worker.log.changes import RowShape
from sync_worker.log.toast_placeholders import placeholder_values
from sync_worker.settings import WorkerSettings
from sync_worker.store.applier import Applier
from sync_worker.store.pending import Pending
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import Statements, statements


@dataclass(frozen=True, slots=True)
class PlanBound:
    """All of it, for one plan."""

    plan: PipelinePlan
    sql: Statements
    shapes: Mapping[TableName, RowShape]
    rows: Rows
    applier: Applier
    pending: Pending
    generations: Generations


def make_plan_bound(
    settings: WorkerSettings, store: RowStore, index: Index, plan: PipelinePlan, system: str, events: int = 0
) -> PlanBound:
    """Make the tables and the indexes' generations that are not there, and what works on them."""
    sql = statements(plan)
    rows = Rows(store, sql)
    rows.create()
    shapes = shapes_of(plan, sql, system)
    pending = Pending(store, rows, sql.lanes, settings.worker_bulk_bytes, settings.worker_bulk_documents)
    generations = Generations(store, rows, index, plan)
    generations.prepare()
    applier = Applier(store, rows, shapes, settings.worker_spool_after)
    applier.events = events
    return PlanBound(plan, sql, shapes, rows, applier, pending, generations)


def shapes_of(plan: PipelinePlan, sql: Statements, system: str) -> dict[TableName, RowShape]:
    """How the rows of each table are decoded. `system` is the database's identifier."""
    text = placeholder(plan.pipeline, system)
    return {
        use.table: RowShape(
            use.table, sql.tables[use.table].types, sql.tables[use.table].key, placeholder_values(use.columns, text)
        )
        for use in plan.tables
    }
