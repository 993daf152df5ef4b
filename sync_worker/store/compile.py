"""Collects the SQL of a pipeline from `read_model`'s compilers."""

import msgspec

from read_model.elasticsearch.index_body import flattened_paths
from read_model.plan.model import DocumentPlan, PipelinePlan, TableUse
from read_model.sqlite import documents
from read_model.sqlite import rows as sqlite_rows
from read_model.sqlite.fan_out import LANES, Lane
from read_model.sqlite.identifiers import column_name
from sync_worker.store.statements import LaneStatements, Statements, TableStatements


def statements(plan: PipelinePlan) -> Statements:
    """All SQL that the worker runs for this plan."""
    tables = {use.table: _table(use) for use in plan.tables}
    lanes = tuple(_lane(document, lane, plan) for document in plan.documents for lane in LANES)
    create = [sql for use in plan.tables for sql in _create(use)]
    create += [documents.create_pending(document, lane) for document in plan.documents for lane in LANES]
    return Statements(tuple(create), tables, lanes)


def _create(use: TableUse) -> list[str]:
    return [*sqlite_rows.create_table(use), *sqlite_rows.create_indexes(use), sqlite_rows.create_changed(use)]


def _table(use: TableUse) -> TableStatements:
    rows = sqlite_rows.table_name(use.table)
    loaded = sqlite_rows.table_name(use.table, sqlite_rows.SNAPSHOT)
    changed = sqlite_rows.table_name(use.table, sqlite_rows.CHANGED)
    key = ", ".join(column_name(column.name) for column in use.primary_key)
    return TableStatements(
        table=use.table,
        types={name: _nullable(type_) for name, type_ in sqlite_rows.decoded_types(use).items()},
        key=tuple(column.name for column in use.primary_key),
        upsert=sqlite_rows.upsert(use),
        delete=sqlite_rows.delete(use),
        truncate=f"DELETE FROM {rows}",
        stored=sqlite_rows.select_row(use),
        mark=sqlite_rows.insert_changed(use),
        mark_all=f"INSERT OR IGNORE INTO temp.{changed} SELECT {key}, ? FROM {rows}",
        clear_changed=sqlite_rows.clear_changed(use),
        load=sqlite_rows.upsert(use, sqlite_rows.SNAPSHOT),
        begin_snapshot=(f"DROP TABLE IF EXISTS {loaded}", *sqlite_rows.create_table(use, sqlite_rows.SNAPSHOT)),
        finish_snapshot=(
            f"DROP TABLE {rows}",
            f"ALTER TABLE {loaded} RENAME TO {rows}",
            *sqlite_rows.create_indexes(use),
        ),
        differs=sqlite_rows.differs(use),
        changed=f"SELECT count(*) FROM temp.{changed}",
        mark_differing=sqlite_rows.mark_differing(use),
    )


def _nullable(type_: type) -> object:
    return type_ if type_ is msgspec.Raw else type_ | None


def _lane(document: DocumentPlan, lane: Lane, plan: PipelinePlan) -> LaneStatements:
    touch = {}
    for use in plan.tables:
        found = tuple(sql for of, sql in documents.touch_changed(document, use.table) if of == lane)
        if found:
            touch[use.table] = found
    name = documents.pending_name(document, lane)
    return LaneStatements(
        document=document.name,
        fan_out=lane == "fan_out",
        touch=touch,
        touch_all=documents.touch_all(document, lane) if lane == "fresh" else None,
        touch_set_aside=documents.touch_set_aside(document, lane) if lane == "fresh" else None,
        waiting=documents.waiting(document, lane),
        touch_ids=documents.touch_ids(document, lane) if lane == "fresh" else None,
        build=documents.build(document, lane),
        next_lsn=f"SELECT first_lsn FROM {name} WHERE touch > ? ORDER BY touch LIMIT 1",
        next_touch=f"SELECT min(touch) FROM {name} WHERE touch > ?",
        remove=f"DELETE FROM {name} WHERE touch > ? AND touch <= ?",
        span=f"SELECT max(touch) - min(touch) + 1 FROM {name}",
        distrust=f"UPDATE {name} SET first_lsn = min(first_lsn, ?)",
        json_paths=flattened_paths(document),
    )
