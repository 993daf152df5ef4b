"""What of the worker follows from the plan. It is made at a start, and again when the source's tables changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from cdc.log.heartbeat import placeholder
from read_model.catalog.catalog import TableName
from read_model.plan.model import PipelinePlan
from sync_worker.log.row_shape import RowShape
from sync_worker.log.toast_placeholders import placeholder_values
from sync_worker.loop.document_sink import Targets
from sync_worker.store.applier import Applier
from sync_worker.store.pending import Pending
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import Statements

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PlanBound:
    """Everything that works on one plan. It is handed to each turn; no part of the loop keeps it from one turn to
    the next."""

    plan: PipelinePlan
    shapes: Mapping[TableName, RowShape]
    rows: Rows
    applier: Applier
    pending: Pending
    targets: Targets


class Current(Generic[T]):
    """Holds the value of now for those who cannot be handed it. Only the loop's thread replaces it; any thread
    reads it."""

    def __init__(self, value: T) -> None:
        self.value = value


def shapes_of(plan: PipelinePlan, sql: Statements, system: str) -> dict[TableName, RowShape]:
    """How the rows of each table are decoded. `system` is the database's identifier, part of the TOAST placeholder."""
    text = placeholder(plan.pipeline, system)
    return {
        use.table: RowShape(
            use.table,
            sql.tables[use.table].types,
            sql.tables[use.table].key,
            placeholder_values(use.columns, text),
            use.deferrable,
        )
        for use in plan.tables
    }
