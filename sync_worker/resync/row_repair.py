"""Re-reads the rows of named documents from the source on request, for `rowtide repair`.

The rows are read from one snapshot (see `source_snapshot`) in a separate thread while the log continues. They are
written to the row store once the log has everything that the snapshot contains, except rows that the log changed in
the meantime: for these the log may be newer than the snapshot, and the whole request is read again.
"""

import queue
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from read_model.catalog.catalog import TableName
from read_model.lineage import row_lineage
from read_model.plan.model import DocumentPlan, PipelinePlan, TableUse
from read_model.sqlite.documents import existing_ids
from read_model.types.value_forms import form
from sync_worker.errors import ShapeError, WorkerError
from sync_worker.log.change_tracker import ChangeTracker
from sync_worker.log.row_shape import Key, Row
from sync_worker.log.table_changes import TableChanges
from sync_worker.log.visibility import Visibility
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.resync.source_snapshot import KeyedQuery, query_for_keys, source_snapshot
from sync_worker.store.row_store import RowStore
from sync_worker.store.tombstones import Tombstones

MAX_ROUNDS = 6
"""Reads of one request; after the last one, the log's state of a row counts."""

MAX_DOCUMENTS = 10_000
"""Documents per request."""

_EXACT = {"int", "bool", "text", "scaled"}
"""Kinds of key values that the log and a SELECT spell alike."""


@dataclass(frozen=True, slots=True)
class RepairOutcome:
    """The result: `rows` were read, `changed` of them differed from the row store, and the log changed `unsettled`
    of them during every read. The repair is searchable once `lsn` is."""

    lsn: int
    rows: int
    changed: int
    unsettled: int


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """A request to re-read the rows of documents (ids by document name) and to rebuild these documents."""

    documents: dict[str, list[str]]
    outcome: "Future[RepairOutcome]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _SourceRows:
    """Rows from one snapshot: the requested keys of each table, and those rows that exist."""

    visibility: Visibility
    lsn: int
    keys: dict[TableName, list[msgspec.Raw]]
    rows: dict[TableName, list[msgspec.Raw]]


@dataclass(slots=True)
class _Round:
    request: RepairRequest
    number: int
    plan: PipelinePlan
    reading: "Future[_SourceRows]"
    changed: int = 0


class RowRepair:
    """Handles one request at a time. `submit` is thread-safe; everything else belongs to the loop's thread."""

    def __init__(self, store: RowStore, dsn: str, tombstones: Tombstones, tracker: ChangeTracker) -> None:
        self._store = store
        self._tombstones = tombstones
        self._tracker = tracker
        self._dsn = dsn
        self._queue: queue.SimpleQueue[RepairRequest] = queue.SimpleQueue()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reread")
        self._round: _Round | None = None
        self._watermark = 0

    def submit(self, request: RepairRequest) -> "Future[RepairOutcome]":
        """Queue a request. The future completes when the row store has the rows; it may raise WorkerError."""
        if sum(map(len, request.documents.values())) > MAX_DOCUMENTS:
            request.outcome.set_exception(WorkerError(f"A request can contain at most {MAX_DOCUMENTS} documents."))
        else:
            self._queue.put(request)
        return request.outcome

    def turn(self, plan_bound: PlanBound) -> None:
        """Once per turn of the loop, after its records are applied."""
        position = self._store.position
        advanced, self._watermark = position.log.watermark > self._watermark, position.log.watermark
        running = self._round
        if running is None:
            if position.snapshot.settled and not self._queue.empty():
                self._start(self._queue.get(), plan_bound)
        elif running.plan is not plan_bound.plan:
            self._begin(running.request, plan_bound, running.number, running.changed)
        elif running.reading.done():
            self._finish_read(running, plan_bound, advanced)

    def close(self) -> None:
        """Stop, and fail the requests that wait."""
        self._reader.shutdown(wait=True, cancel_futures=True)
        waiting = [self._round.request] if self._round else []
        while not self._queue.empty():
            waiting.append(self._queue.get())
        for request in waiting:
            request.outcome.set_exception(WorkerError("The worker stopped before the rows were read. Try again."))

    def _start(self, request: RepairRequest, plan_bound: PlanBound) -> None:
        unknown = request.documents.keys() - {document.name for document in plan_bound.plan.documents}
        if unknown:
            request.outcome.set_exception(WorkerError(f"The pipeline has no document {', '.join(sorted(unknown))}."))
        else:
            self._begin(request, plan_bound, 1, 0)

    def _begin(self, request: RepairRequest, plan_bound: PlanBound, number: int, changed: int) -> None:
        keys = self._stored_keys(request, plan_bound.plan)
        uses = [use for use in plan_bound.plan.tables if use.table in keys]
        inexact = [
            use.table
            for use in uses
            if any(form(column).kind not in _EXACT or column.type == "citext" for column in use.primary_key)
        ]
        self._tracker.start(list(keys), inexact)
        reading = self._reader.submit(_read, self._dsn, plan_bound.plan, uses, request, keys)
        self._round = _Round(request, number, plan_bound.plan, reading, changed)

    def _stored_keys(self, request: RepairRequest, plan: PipelinePlan) -> dict[TableName, list[str]]:
        """The keys of the documents' rows in the row store, as JSON objects; every table has an entry."""
        stored_keys: dict[TableName, list[str]] = {}
        for document in plan.documents:
            ids = request.documents.get(document.name)
            for lineage in row_lineage(document) if ids else ():
                keys = self._store.execute(lineage.row_store, {"ids": msgspec.json.encode(ids).decode()})
                stored_keys.setdefault(lineage.table, []).extend(key for (key,) in keys)
        return stored_keys

    def _finish_read(self, running: _Round, plan_bound: PlanBound, advanced: bool) -> None:
        error = running.reading.exception()
        if error is not None:
            self._end()
            running.request.outcome.set_exception(error)
            return
        reading, position = running.reading.result(), self._store.position
        if not all(reading.visibility.shows(tx_id) for tx_id in plan_bound.applier.recent):
            self._begin(running.request, plan_bound, running.number, running.changed)
        # Only right after the watermark moved do all builds in progress have an older version.
        elif advanced and position.snapshot.settled and position.log.watermark >= reading.lsn:
            try:
                self._apply(running, plan_bound, reading)
            except ShapeError as misfit:
                self._end()
                running.request.outcome.set_exception(
                    WorkerError(f"{misfit} The worker will re-read the table when it learns of the change. Try again.")
                )

    def _apply(self, running: _Round, plan_bound: PlanBound, reading: _SourceRows) -> None:
        last = running.number == MAX_ROUNDS
        with self._store.transaction():
            changes, unsettled = self._differing(plan_bound, reading)
            if changes:
                plan_bound.rows.apply(changes)
            if not unsettled or last:
                for document in plan_bound.plan.documents:
                    self._rebuild(plan_bound, document, running.request.documents.get(document.name, []))
        running.changed += sum(len(each.rows) for each in changes.values())
        if unsettled and not last:
            self._begin(running.request, plan_bound, running.number + 1, running.changed)
            return
        self._end()
        rows = sum(map(len, reading.rows.values()))
        lsn = self._store.position.log.watermark
        running.request.outcome.set_result(RepairOutcome(lsn, rows, running.changed, unsettled))

    def _rebuild(self, plan_bound: PlanBound, document: DocumentPlan, ids: list[str]) -> None:
        """Rebuild documents; delete those without a root row, even when something else created them."""
        encoded = msgspec.json.encode(ids)
        plan_bound.rows.touch_ids(document.name, encoded, self._store.position.log.watermark)
        existing = {id_ for (id_,) in self._store.execute(existing_ids(document), {"ids": encoded.decode()})}
        self._tombstones.add(document.name, [id_ for id_ in ids if id_ not in existing])

    def _differing(self, plan_bound: PlanBound, reading: _SourceRows) -> tuple[dict[TableName, TableChanges], int]:
        """The rows that differ from the row store, and how many rows the log changed in the meantime."""
        lsn, unsettled = self._store.position.log.watermark, 0
        differing: dict[TableName, TableChanges] = {}
        for table, images in reading.keys.items():
            shape = plan_bound.shapes[table]
            rows: dict[Key, Row] = {shape.key(row): row for row in map(shape.row, reading.rows[table])}
            # A row may have come under another spelling of its key than the query for keys.
            for key in dict.fromkeys([*map(shape.key_before, images), *rows]):
                if self._tracker.changed(table, key):
                    unsettled += 1
                    continue
                row = rows.get(key)
                if plan_bound.rows.differs(table, row) if row else plan_bound.rows.stored(table, key) is not None:
                    changes = differing.setdefault(table, TableChanges())
                    changes.rows[key], changes.touched[key] = row, lsn
        return differing, unsettled

    def _end(self) -> None:
        self._tracker.stop()
        self._round = None


def _read(
    dsn: str, plan: PipelinePlan, uses: list[TableUse], request: RepairRequest, stored_keys: dict[TableName, list[str]]
) -> _SourceRows:
    """Read the documents' rows: those that the source now relates to them, and those that the row store does."""
    queries = {use.table: [query_for_keys(use, stored_keys[use.table])] for use in uses}
    for document in plan.documents:
        ids = request.documents.get(document.name)
        for lineage in row_lineage(document) if ids else ():
            queries[lineage.table].append(KeyedQuery(lineage.source, (ids,) * lineage.parameters))
    keys, rows = {}, {}
    with source_snapshot(dsn, [use.table for use in uses]) as snapshot:
        for use in uses:
            keys[use.table], rows[use.table] = snapshot.keyed(use, queries[use.table])
        return _SourceRows(Visibility.parse(snapshot.visibility), snapshot.lsn, keys, rows)
