"""Re-reads tables whose definition changed: DDL can change rows without an event in the log.

The rows are read from one snapshot, loaded next to the served ones, and replace them in one transaction. The log then
continues where it was: for these tables, transactions that the snapshot contains are skipped and the others are
applied. Documents are built again once the log is past the snapshot (invariant 3).

While the publication leaves out columns that documents use, each row in the log would lead to another re-read: the
table is read once, and its changes are ignored until it is read again, because the publication has them all.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from cdc.log.capture_faults import Faults, hides_columns
from read_model.catalog.catalog import TableName
from read_model.plan.model import PipelinePlan
from read_model.spec.model import Spec
from sync_worker.errors import ServiceMissing, ShapeError, SourceUnreadable
from sync_worker.log.visibility import Visibility
from sync_worker.loop.plan_bound import PlanBound, shapes_of
from sync_worker.resync.rebuild import rebuild_store, storage_layout
from sync_worker.resync.resolved_source import Resolved, resolved_source
from sync_worker.resync.source_snapshot import SourceSnapshot, source_snapshot
from sync_worker.source.catalogue import SourceFacts, decode_facts, read_source
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


class ReplacedTables(Protocol):
    """Captures tables that took the place of others. For the loop's thread."""

    def follow(self, plan: PipelinePlan, tables: Mapping[TableName, str]) -> list[TableName]:
        """Capture those of the tables that it may; returns them. Each comes with its fingerprint.

        Raises ServiceMissing to be called again."""

    def awaited_writers(self, tables: Collection[TableName]) -> int:
        """How many transactions still run that may have written to these tables before they were captured."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A snapshot, what the source's current tables mean, the tables to re-read, and what is wrong with capturing
    them."""

    snapshot: SourceSnapshot
    resolved: Resolved
    tables: list[TableName]
    faults: Faults[TableName]


class SchemaChangeResync:
    """Re-reads the tables that the identity monitor reports as changed, and has replaced ones captured before.

    For the loop's thread, while no bulk is in flight."""

    def __init__(
        self,
        store: RowStore,
        spec: Spec,
        dsn: str,
        monitor: IdentityMonitor,
        bind_plan: BindPlan,
        replaced: ReplacedTables,
        stopping: threading.Event,
    ) -> None:
        self._store = store
        self._spec = spec
        self._dsn = dsn
        self._monitor = monitor
        self._bind_plan = bind_plan
        self._replaced = replaced
        self._stopping = stopping
        self._mismatch: tuple[int, tuple[str, str]] | None = None
        self._pause = 0.0
        self._not_before = 0.0
        self.reread(store.position.snapshot.unfit)

    @property
    def due(self) -> bool:
        """Whether the source's tables need a look and it is possible: not while a snapshot of everything is awaited or
        being read."""
        monitor = self._monitor
        return bool(monitor.changed or monitor.replaced or monitor.keys_changed) and self._possible

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
            plan = self._look(plan_bound)
        except (ServiceMissing, SourceUnreadable, ShapeError) as error:
            _log.warning("cannot re-read tables yet", reason=str(error))
            self._monitor.hindrance = f"The rows cannot be re-read yet. {error}"
            if isinstance(error, ShapeError):
                self._wait_longer()
            plan = None
        if plan is None and self.due:
            self._stopping.wait(RETRY_SECONDS)
        return plan

    def _look(self, plan_bound: PlanBound) -> PlanBound | None:
        monitor = self._monitor
        if monitor.replaced:
            monitor.request_following(self._replaced.follow(plan_bound.plan, monitor.replaced))
            monitor.replaced = {}  # The next heartbeat names those again that may not be followed.
        if not monitor.changed:
            self._review(plan_bound)
            return None
        if monitor.republished and (count := self._replaced.awaited_writers(monitor.republished)):
            monitor.hindrance = f"Waiting for {count} transactions that began before it."
            return None
        with source_snapshot(self._dsn, [use.table for use in plan_bound.plan.tables]) as snapshot:
            reading = self._reading(plan_bound, snapshot)
            if reading is None or not self._reread(plan_bound, reading):
                return None
        return self._bind_plan(reading.resolved.plan, reading.resolved.facts.system)

    def _review(self, plan_bound: PlanBound) -> None:
        """Check the plan with the current foreign keys, without reading rows. One that means other documents now is
        followed by a resync."""
        if not self._monitor.keys_changed:
            return
        resolved = resolved_source(self._spec, read_source(self._dsn), self._known_facts())
        if resolved.plan.spec_hash != plan_bound.plan.spec_hash:
            self._monitor.request_resync([use.table for use in resolved.plan.tables])
        self._note(resolved)

    def _note(self, resolved: Resolved) -> None:
        if resolved.notice and resolved.notice != self._monitor.notice:
            _log.warning("the spec relies on a key that is gone", reason=resolved.notice)
        self._monitor.record_review(resolved.notice)

    def _known_facts(self) -> SourceFacts:
        return self._store.decode(self._store.source().facts, decode_facts)

    def _reading(self, plan_bound: PlanBound, snapshot: SourceSnapshot) -> _Reading | None:
        visibility = Visibility.parse(snapshot.visibility)
        if not all(visibility.shows(tx_id) for tx_id in plan_bound.applier.recent):
            return None  # A commit may be in the log a moment before it becomes visible.
        live = snapshot.facts()
        resolved = resolved_source(self._spec, live, self._known_facts())
        before = {use.table: storage_layout(use) for use in plan_bound.plan.tables}
        existing = {TableName(table["schema"], table["name"]) for table in live.tables}
        tables = [
            use.table
            for use in resolved.plan.tables
            if use.table in existing
            and (storage_layout(use) != before.get(use.table) or use.table in self._monitor.changed)
        ]
        faults = snapshot.faults(resolved.plan.pipeline, [use for use in resolved.plan.tables if use.table in tables])
        return _Reading(snapshot, resolved, tables, faults)

    def _reread(self, plan_bound: PlanBound, reading: _Reading) -> bool:
        """Load the rows next to the served ones, then replace these; False when the worker is stopping."""
        plan = reading.resolved.plan
        rows = Rows(self._store, statements(plan))
        if not self._load(rows, reading):
            return False
        catalogue = reading.snapshot.catalogue(plan.pipeline, reading.tables)
        with self._store.transaction():
            position, differing = self._store.position, None
            if _same(plan, plan_bound.plan):
                differing = rows.replace(reading.tables, position.log.watermark + 1)
            else:
                rebuild_store(self._store, plan_bound, rows, plan, reading.tables)
            facts = msgspec.json.encode(reading.resolved.facts).decode()
            self._store.update_source(facts=facts, spec_hash=plan.spec_hash)
            shown = dict.fromkeys(map(str, reading.tables), reading.snapshot.visibility)
            lsn = max(position.resync.lsn, reading.snapshot.lsn)
            self._store.move_snapshot(settled=False, unfit=())
            hidden = {table for table, codes in reading.faults.items() if hides_columns(codes)}
            ignored = {table for table in position.ignored if table not in reading.tables} | hidden
            self._store.move(
                resync=ResyncState({**position.resync.tables, **shown}, lsn), ignored=tuple(sorted(ignored))
            )
            self._monitor.record_resync(catalogue, reading.resolved.remaining_reason, reading.faults)
        self._note(reading.resolved)
        names = ", ".join(map(str, reading.tables))
        _log.info("tables re-read", tables=names, differing=differing, new_documents=differing is None)
        return True

    def _load(self, rows: Rows, reading: _Reading) -> bool:
        plan = reading.resolved.plan
        shapes = shapes_of(plan, rows.sql, reading.resolved.facts.system)
        with self._store.transaction():
            rows.begin_snapshot(reading.tables)
        for use in plan.tables:
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
