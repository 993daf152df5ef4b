"""Re-reads tables whose definition changed: DDL can change rows without an event in the log.

The rows are read from one snapshot, loaded next to the served ones, and replace them in one transaction. The log then
continues where it was: for these tables, transactions that the snapshot contains are skipped and the others are
applied. Documents are built again once the log is past the snapshot (invariant 3).
"""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from cdc.log.recovery import Recovery
from read_model.catalog.catalog import TableName, read_catalog
from read_model.plan.model import PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.errors import SpecError
from read_model.spec.model import Spec
from sync_worker.errors import RECOVERY_TEXT, ServiceMissing, ShapeError, WorkerError
from sync_worker.log.visibility import Visibility
from sync_worker.loop.plan_bound import PlanBound, shapes_of
from sync_worker.resync.rebuild import rebuild_store, storage_layout
from sync_worker.resync.source_snapshot import SourceSnapshot, source_snapshot
from sync_worker.source.catalogue import SourceFacts
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.store.position import ResyncState
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import statements

RETRY_SECONDS = 1.0
"""Wait between attempts while the source does not answer."""

LONGEST_PAUSE = 60.0
"""Seconds between two re-reads of a table whose rows do not fit it although it was just looked up."""

_log = structlog.get_logger()

BindPlan = Callable[[PipelinePlan, str], PlanBound]
"""Creates everything that works on a plan. The text is the database's system identifier."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A snapshot, the plan for the source's current tables, and what remains wrong after this resync
    (`remaining_reason`)."""

    snapshot: SourceSnapshot
    facts: SourceFacts
    plan: PipelinePlan
    remaining_reason: str
    tables: list[TableName]


class SchemaChangeResync:
    """Re-reads the tables that the identity monitor reports as changed.

    For the loop's thread, while no bulk is in flight."""

    def __init__(
        self,
        store: RowStore,
        spec: Spec,
        dsn: str,
        monitor: IdentityMonitor,
        bind_plan: BindPlan,
        stopping: threading.Event,
    ) -> None:
        self._store = store
        self._spec = spec
        self._dsn = dsn
        self._monitor = monitor
        self._bind_plan = bind_plan
        self._stopping = stopping
        self._mismatch: tuple[int, tuple[str, str]] | None = None
        self._pause = 0.0
        self._not_before = 0.0
        self.reread(store.position.snapshot.unfit)

    @property
    def due(self) -> bool:
        """Whether tables need a resync and it can run: not while a snapshot of everything is awaited or being read."""
        return bool(self._monitor.changed) and self._possible

    @property
    def _possible(self) -> bool:
        position = self._store.position
        return bool(position.snapshot.lsn) and not position.snapshot.loading and not position.snapshot.awaiting

    def shape_mismatch(self, error: ShapeError) -> None:
        """Request a resync for a row that does not fit. When the same one did not fit after a resync, the next one
        begins after a pause, which grows."""
        if not self._possible:
            raise error
        here = (self._store.position.log.offset, error.table)
        if self._mismatch == here:
            self._wait_longer()
        else:
            self._mismatch, self._pause = here, 0.0
        _log.warning("a row does not fit its table, which will be re-read", reason=str(error))
        self._monitor.misfit = str(error)
        self._monitor.request_resync([TableName(*error.table)])

    def reread(self, tables: Collection[tuple[str, str]]) -> None:
        """Request a resync of tables whose rows did not fit in a snapshot."""
        self._monitor.request_resync([TableName(*table) for table in tables])

    def _wait_longer(self) -> None:
        self._pause = min(max(RETRY_SECONDS, 2 * self._pause), LONGEST_PAUSE)
        self._not_before = time.monotonic() + self._pause

    def resync(self, plan_bound: PlanBound) -> PlanBound | None:
        """Re-read the changed tables. Returns what works on the new plan, or None to try again.

        Raises WorkerError when the spec no longer matches the source's tables."""
        if time.monotonic() < self._not_before:
            self._stopping.wait(RETRY_SECONDS)
            return None
        try:
            with source_snapshot(self._dsn, [use.table for use in plan_bound.plan.tables]) as snapshot:
                reading = self._reading(plan_bound, snapshot)
                done = reading is not None and self._reread(plan_bound, reading)
        except (ServiceMissing, ShapeError) as error:
            _log.warning("cannot re-read tables yet", reason=str(error))
            self._monitor.hindrance = f"The rows cannot be re-read yet. {error}"
            if isinstance(error, ShapeError):
                self._wait_longer()
            done = False
        if not done or reading is None:
            self._stopping.wait(RETRY_SECONDS)
            return None
        return self._bind_plan(reading.plan, reading.facts.system)

    def _reading(self, plan_bound: PlanBound, snapshot: SourceSnapshot) -> _Reading | None:
        visibility = Visibility.parse(snapshot.visibility)
        if not all(visibility.shows(tx_id) for tx_id in plan_bound.applier.recent):
            return None  # A commit may be in the log a moment before it becomes visible.
        facts, plan, remaining_reason = self._resolve(snapshot.facts())
        before = {use.table: storage_layout(use) for use in plan_bound.plan.tables}
        changed = {
            use.table for use in plan.tables if storage_layout(use) != before.get(use.table)
        } | self._monitor.changed
        return _Reading(
            snapshot, facts, plan, remaining_reason, [use.table for use in plan.tables if use.table in changed]
        )

    def _resolve(self, facts: SourceFacts) -> tuple[SourceFacts, PipelinePlan, str]:
        """The plan for the columns that the connector captures, which are the earlier ones, and what remains wrong
        with it."""
        known = self._store.decode(self._store.source().facts, SourceFacts)
        narrowed = msgspec.structs.replace(known, system=facts.system, tables=_narrowed(facts.tables, known.tables))
        try:
            plan = resolve(self._spec, read_catalog(narrowed.tables))
        except SpecError as error:
            raise WorkerError(
                f"The source's tables changed, and the spec no longer matches them:\n{error}",
                Recovery.CORRECT_SPEC_AND_NEW_STORE,
            ) from error
        return narrowed, plan, self._remaining_reason(facts, plan)

    def _remaining_reason(self, facts: SourceFacts, plan: PipelinePlan) -> str:
        try:
            same = resolve(self._spec, read_catalog(facts.tables)).spec_hash == plan.spec_hash
        except SpecError:
            same = False
        if same:
            return ""
        return (
            "The spec selects all columns of a table that has new ones, which the connector does not capture yet."
            f" {RECOVERY_TEXT[Recovery.APPLY_CONNECTOR_AND_NEW_STORE]}"
        )

    def _reread(self, plan_bound: PlanBound, reading: _Reading) -> bool:
        """Load the rows next to the served ones, then replace these; False when the worker is stopping."""
        rows = Rows(self._store, statements(reading.plan))
        if not self._load(rows, reading):
            return False
        catalogue = reading.snapshot.catalogue(reading.plan.pipeline, reading.tables)
        with self._store.transaction():
            position, differing = self._store.position, None
            if _same(reading.plan, plan_bound.plan):
                differing = rows.replace(reading.tables, position.log.watermark + 1)
            else:
                rebuild_store(self._store, plan_bound, rows, reading.plan, reading.tables)
            facts = msgspec.json.encode(reading.facts).decode()
            self._store.update_source(facts=facts, spec_hash=reading.plan.spec_hash)
            shown = dict.fromkeys(map(str, reading.tables), reading.snapshot.visibility)
            lsn = max(position.resync.lsn, reading.snapshot.lsn)
            self._store.move_snapshot(settled=False, unfit=())
            self._store.move(resync=ResyncState({**position.resync.tables, **shown}, lsn))
            self._monitor.record_resync(catalogue, reading.remaining_reason)
        names = ", ".join(map(str, reading.tables))
        _log.info("tables re-read", tables=names, differing=differing, new_documents=differing is None)
        return True

    def _load(self, rows: Rows, reading: _Reading) -> bool:
        shapes = shapes_of(reading.plan, rows.sql, reading.facts.system)
        with self._store.transaction():
            rows.begin_snapshot(reading.tables)
        for use in reading.plan.tables:
            for images in reading.snapshot.rows(use) if use.table in reading.tables else ():
                with self._store.transaction():
                    rows.load(use.table, [shapes[use.table].row(image) for image in images])
                if self._stopping.is_set():
                    return False
        return True


def _same(plan: PipelinePlan, before: PipelinePlan) -> bool:
    """Whether documents and row tables are unaffected."""
    return plan.spec_hash == before.spec_hash and list(map(storage_layout, plan.tables)) == list(
        map(storage_layout, before.tables)
    )


def _narrowed(tables: list[dict[str, Any]], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tables with only those columns that were known before: the connector captures no others."""
    names = {(table["schema"], table["name"]): _column_names(table) for table in known}
    return [
        table | {"columns": [column for column in table["columns"] or [] if column["name"] in column_names]}
        for table in tables
        if (column_names := names.get((table["schema"], table["name"]))) is not None
    ]


def _column_names(table: dict[str, Any]) -> set[str]:
    return {column["name"] for column in table["columns"] or []}
