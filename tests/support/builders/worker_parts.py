"""The parts of a worker that works on the shop's plan, each of which a test may replace."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from read_model.catalog.catalog import Column
from read_model.plan.model import PipelinePlan
from sync_worker.log.row_shape import RowShape
from sync_worker.log.toast_placeholders import placeholder_values
from sync_worker.loop.delivery import Delivery
from sync_worker.loop.document_sink import Targets
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.store.applier import Applier
from sync_worker.store.pending import Pending
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import Statements, statements
from tests.support.builders import plans
from tests.support.builders.debezium_records import PLACEHOLDER
from tests.support.fakes.trusted_messages import TrustedMessages

PLAN = PipelinePlan("shop", plans.DOCUMENTS, "hash", plans.TABLES)
STATEMENTS = statements(PLAN)
SPOOL_AFTER = 3


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


OWN_PARTS = WorkerParts()
"""The worker's own, over the shop's plan."""


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
            use.deferrable,
        )
        for use in parts.plan.tables
    }
    return PlanBound(
        parts.plan,
        shapes,
        rows,
        parts.applier(store, rows, shapes, spool_after, TrustedMessages()),
        parts.pending(store, rows, sql.lanes, 2000, bulk),
        targets(rows),
    )


def toastable(columns: Sequence[Column]) -> list[Column]:
    """The columns as a catalogue lists them; their texts may be replaced by placeholders."""
    return [replace(column, toastable=column.toastable or column.type == "text") for column in columns]
