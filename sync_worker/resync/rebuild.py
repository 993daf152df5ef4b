"""Rebuilds the row store for a new plan of the same spec, inside the transaction that loads the new rows."""

from collections.abc import Collection
from typing import Any

from read_model.catalog.catalog import TableName
from read_model.plan.fingerprint import spec_hash
from read_model.plan.model import DocumentPlan, PipelinePlan, TableUse
from read_model.sqlite.rows import create_table, decoded_types, drop_changed, drop_table, upsert
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.store.pending_sql import drop_pending
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows


def rebuild_store(
    store: RowStore, plan_bound: PlanBound, rows: Rows, plan: PipelinePlan, tables: Collection[TableName]
) -> None:
    """Replace the rows of `tables` with those loaded. Documents whose plan changed get a new generation, the others are
    rebuilt; `plan_bound` is that of the old plan, `rows` are those of the new one."""
    lsn = store.position.log.watermark + 1
    plan_bound.rows.touch_all(lsn)
    old_hashes = {document.name: spec_hash("", (document,)) for document in plan_bound.plan.documents}
    for document in plan.documents:
        if spec_hash("", (document,)) != old_hashes.get(document.name):
            _forget(store, document)
    used = {use.table for use in plan.tables}
    for use in plan_bound.plan.tables:
        store.execute(drop_changed(use))
        if use.table not in used:
            store.execute(drop_table(use))
    rows.create()
    for table in tables:
        rows.swap(table)
    rows.touch_all(lsn)


def _forget(store: RowStore, document: DocumentPlan) -> None:
    """Drop what is pending of the document's old form, and its generation."""
    for sql in drop_pending(document):
        store.execute(sql)
    store.set_generation(document.name, None)


def storage_layout(use: TableUse) -> tuple[Any, ...]:
    """What determines how rows of the table are decoded and stored.

    Nullability and enum labels, for instance, do not."""
    toast = [(column.name, column.toastable, column.element) for column in use.columns]
    return use.table, create_table(use), upsert(use), list(decoded_types(use).items()), toast, use.lookups
