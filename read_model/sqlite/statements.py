"""The statements of the row tables, put together once for a plan."""

from dataclasses import dataclass
from typing import Any

import msgspec

from read_model.catalog.catalog import TableName
from read_model.plan.model import PipelinePlan, TableUse
from read_model.sqlite import rows


@dataclass(frozen=True, slots=True)
class TableStatements:
    """SQL of one row table. Rows are bound by position in the order of `TableUse.columns`, keys in that of the
    primary key.

    `types` are what msgspec decodes the JSON values as, `conversions` the single ones of
    the columns. `mark…` note changed keys, `mark` only those of rows that differ from the stored ones; their last
    parameter is the LSN."""

    table: TableName
    types: dict[str, Any]
    key: tuple[str, ...]
    conversions: dict[str, str]
    upsert: str
    delete: str
    truncate: str
    select: str
    differs: str
    mark: str
    mark_key: str
    mark_all: str
    mark_differing: tuple[str, ...]
    count_changed: str
    clear_changed: str
    load: str
    begin_snapshot: tuple[str, ...]
    finish_snapshot: tuple[str, ...]


def table_statements(use: TableUse) -> TableStatements:
    """All SQL of a row table."""
    return TableStatements(
        table=use.table,
        types={name: _nullable(type_) for name, type_ in rows.decoded_types(use).items()},
        key=tuple(column.name for column in use.primary_key),
        conversions=rows.conversions(use),
        upsert=rows.upsert(use),
        delete=rows.delete(use),
        truncate=rows.truncate(use),
        select=rows.select_row(use),
        differs=rows.differs(use),
        mark=rows.mark_changed(use),
        mark_key=rows.insert_changed(use),
        mark_all=rows.mark_all(use),
        mark_differing=rows.mark_differing(use),
        count_changed=rows.count_changed(use),
        clear_changed=rows.clear_changed(use),
        load=rows.upsert(use, rows.SNAPSHOT),
        begin_snapshot=tuple(rows.begin_snapshot(use)),
        finish_snapshot=tuple(rows.finish_snapshot(use)),
    )


def create_statements(plan: PipelinePlan) -> list[str]:
    """The statements that create what is missing of the row tables and their temporary tables of changed keys."""
    return [
        sql
        for use in plan.tables
        for sql in (*rows.create_table(use), *rows.create_indexes(use), rows.create_changed(use))
    ]


def _nullable(type_: type) -> object:
    return type_ if type_ is msgspec.Raw else type_ | None
