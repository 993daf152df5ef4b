"""Tables whose definition changed are read anew: PostgreSQL changes rows then without a word in the log.

The rows are read as of one snapshot, loaded beside the served ones, and replace them in one transaction. From then on the log
goes on where it stood: its transactions that the snapshot shows already are passed over for these tables, the others are
applied; documents are built again when the log has come past the snapshot (invariant 3).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from cdc.log.transaction import WAY_OUT
from read_model.catalog.catalog import TableName, read_catalog
from read_model.plan.model import PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.errors import SpecError
from read_model.spec.model import Spec
from sync_worker.errors import ServiceMissing, ShapeError, WorkerError
from sync_worker.log.visibility import Visibility
from sync_worker.loop.plan_bound import PlanBound, shapes_of
from sync_worker.resync.rebuild import rebuild_store, storage_layout
from sync_worker.resync.source_snapshot import SourceSnapshot, source_snapshot
from sync_worker.source.catalogue import SourceFacts
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import statements

RETRY_SECONDS = 1.0
"""How long to wait when the source does not answer."""

_log = structlog.get_logger()

BindPlan = Callable[[PipelinePlan, str, int], PlanBound]
"""Puts the worker's parts together for a plan, a database's system identifier, and the number of events so far."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A snapshot, and what the source's tables make of the spec now."""

    snapshot: SourceSnapshot
    facts: SourceFacts
    plan: PipelinePlan
    lasting: str
    tables: list[TableName]


class SchemaChangeResync:
    """Reads the tables anew that the watch says changed. For the thread of the loop, while no bulk is under way."""

    def __init__(
        self, store: RowStore, spec: Spec, dsn: str, watch: IdentityMonitor, made: BindPlan, stopping: threading.Event
    ) -> None:
        self._store = store
        self._spec = spec
        self._dsn = dsn
        self._watch = watch
        self._made = made
        self._stopping = stopping
        self._misfit: tuple[int, tuple[str, str]] | None = None

    @property
    def due(self) -> bool:
        """Whether tables are to be read anew; never while a snapshot of everything is awaited or read."""
        return bool(self._watch.changed) and self._possible

    @property
    def _possible(self) -> bool:
        position = self._store.position
        return bool(position.snapshot) and not position.loading and not position.awaiting

    def misfit(self, error: ShapeError) -> None:
        """A row of the log does not fit its table's shape: the table changed. Raises the error when that was tried already."""
        here = (self._store.position.offset, error.table)
        if not self._possible or self._misfit == here:
            raise error
        self._misfit = here
        self._watch.want([TableName(*error.table)])

    def heal(self, parts: PlanBound) -> PlanBound | None:
        """Read the changed tables anew, and answer the parts to go on with; None when it has to be tried again.

        WorkerError when the spec does not fit the source's tables any more."""
        try:
            with source_snapshot(self._dsn, [use.table for use in parts.plan.tables]) as snapshot:
                reading = self._reading(parts, snapshot)
                done = reading is not None and self._reread(parts, reading)
        except ServiceMissing as error:
            _log.warning("cannot read tables anew yet", reason=str(error))
            done = False
        if not done or reading is None:
            self._stopping.wait(RETRY_SECONDS)
            return None
        return self._made(reading.plan, reading.facts.system, parts.applier.events)

    def _reading(self, parts: PlanBound, snapshot: SourceSnapshot) -> _Reading | None:
        visibility = Visibility.parse(snapshot.visibility)
        if not all(visibility.shows(tx_id) for tx_id in parts.applier.recent):
            return None  # A commit can be in the log for a moment before it is visible.
        facts, plan, lasting = self._resolve(snapshot.facts())
        before = {use.table: storage_layout(use) for use in parts.plan.tables}
        wanted = {
            use.table for use in plan.tables if storage_layout(use) != before.get(use.table)
        } | self._watch.changed
        return _Reading(snapshot, facts, plan, lasting, [use.table for use in plan.tables if use.table in wanted])

    def _resolve(self, facts: SourceFacts) -> tuple[SourceFacts, PipelinePlan, str]:
        """The plan for the columns that the log brings, which are those of before; and what that leaves amiss."""
        known = msgspec.json.decode(str(self._store.recall("facts")), type=SourceFacts)
        narrowed = SourceFacts(facts.system, _narrowed(facts.tables, known.tables))
        try:
            plan = resolve(self._spec, read_catalog(narrowed.tables))
        except SpecError as error:
            raise WorkerError(
                f"the source's tables changed, and the spec does not fit them any more. Correct the spec, bring the"
                f" connector up to date (rowtide connectors apply), and {WAY_OUT}.\n{error}"
            ) from error
        return narrowed, plan, self._lasting(facts, plan)

    def _lasting(self, facts: SourceFacts, plan: PipelinePlan) -> str:
        try:
            same = resolve(self._spec, read_catalog(facts.tables)).spec_hash == plan.spec_hash
        except SpecError:
            same = False
        if same:
            return ""
        return (
            "the spec takes all columns of a table that has new ones, which the connector does not capture yet: rowtide"
            f" connectors apply, then {WAY_OUT}"
        )

    def _reread(self, parts: PlanBound, reading: _Reading) -> bool:
        """Load the rows beside the served ones, then let them replace those; False when the worker stops before."""
        rows = Rows(self._store, statements(reading.plan))
        if not self._load(rows, reading):
            return False
        catalogue = reading.snapshot.catalogue(reading.plan.pipeline, reading.tables)
        with self._store.transaction():
            position, differing = self._store.position, None
            if _same(reading.plan, parts.plan):
                differing = rows.replace(reading.tables, position.watermark + 1)
            else:
                rebuild_store(self._store, parts, rows, reading.plan, reading.tables)
            self._store.remember("facts", msgspec.json.encode(reading.facts).decode())
            self._store.remember("spec_hash", reading.plan.spec_hash)
            shown = dict.fromkeys(map(str, reading.tables), reading.snapshot.visibility)
            lsn = max(position.reread_lsn, reading.snapshot.lsn)
            self._store.move(settled=False, reread={**position.reread, **shown}, reread_lsn=lsn)
            self._watch.healed(catalogue, reading.lasting)
        names = ", ".join(map(str, reading.tables))
        _log.info("tables read anew", tables=names, differing=differing, new_documents=differing is None)
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
    """Whether documents and row tables stay as they are."""
    return plan.spec_hash == before.spec_hash and list(map(storage_layout, plan.tables)) == list(
        map(storage_layout, before.tables)
    )


def _narrowed(tables: list[dict[str, Any]], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tables with those columns alone that were known before: the connector captures no others."""
    names = {(table["schema"], table["name"]): _names(table) for table in known}
    return [
        table | {"columns": [column for column in table["columns"] or [] if column["name"] in kept]}
        for table in tables
        if (kept := names.get((table["schema"], table["name"]))) is not None
    ]


def _names(table: dict[str, Any]) -> set[str]:
    return {column["name"] for column in table["columns"] or []}
