"""All SQL of a pipeline's row store: the row tables' from `read_model`, and the pending documents'."""

from dataclasses import dataclass

from read_model.catalog.catalog import TableName
from read_model.plan.model import PipelinePlan
from read_model.sqlite.fan_out import LANES
from read_model.sqlite.statements import TableStatements, create_statements, table_statements
from sync_worker.store.pending_sql import (
    LaneStatements,
    create_pending,
    lane_statements,
    pending_table,
    respell_pending,
)


@dataclass(frozen=True, slots=True)
class Statements:
    """All SQL of a pipeline. `create` makes the tables that are missing; `respell` converts tables of an earlier
    version, each by its name."""

    create: tuple[str, ...]
    respell: dict[str, tuple[str, ...]]
    tables: dict[TableName, TableStatements]
    lanes: tuple[LaneStatements, ...]


def statements(plan: PipelinePlan) -> Statements:
    """All SQL that the worker runs for a plan."""
    lanes = [(document, lane) for document in plan.documents for lane in LANES]
    return Statements(
        create=(*create_statements(plan), *(create_pending(document, lane) for document, lane in lanes)),
        respell={
            pending_table(document, lane): steps
            for document, lane in lanes
            if (steps := respell_pending(document, lane))
        },
        tables={use.table: table_statements(use) for use in plan.tables},
        lanes=tuple(lane_statements(document, lane, plan) for document, lane in lanes),
    )
