"""Reads rows behind documents anew, from the source, when somebody asks: `rowtide repair`, for instance.

The rows are read as of one snapshot (see `reread`) in a thread of their own, while the log goes on. They are put into the row
store when the log has come to all that they show, and only those which the log did not change meanwhile: for such a row the
log's state may be newer than the snapshot's, and the whole is read once more.
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
from sync_worker.errors import WorkerError
from sync_worker.log.change_tracker import ChangeTracker
from sync_worker.log.changes import Key, Row, TableChanges
from sync_worker.log.visibility import Visibility
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.resync.source_snapshot import KeyedQuery, query_for_keys, source_snapshot
from sync_worker.store.row_store import RowStore
from sync_worker.store.tombstones import Tombstones

ROUNDS = 6
"""Readings at most; after that what the log says of a row counts."""

MOST = 10_000
"""Documents of one request."""

_EXACT = {"int", "bool", "text", "scaled"}
"""Kinds of key values that the log and a SELECT write alike."""


@dataclass(frozen=True, slots=True)
class RepairOutcome:
    """What came of it. `lsn`: once this is searchable, so is the repair. `rows` were read, `changed` of them differed, and
    `unsettled` were changed by the log during every reading."""

    lsn: int
    rows: int
    changed: int
    unsettled: int


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """Read the rows behind these documents (id texts by document name), and build the documents anew."""

    documents: dict[str, list[str]]
    answer: "Future[RepairOutcome]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Rows as of one snapshot: for each table the keys asked for, and the rows that exist."""

    visibility: Visibility
    lsn: int
    keys: dict[TableName, list[msgspec.Raw]]
    rows: dict[TableName, list[msgspec.Raw]]


@dataclass(slots=True)
class _Round:
    request: RepairRequest
    number: int
    parts: PlanBound
    follow: ChangeTracker
    reading: "Future[_Reading]"
    changed: int = 0


class RowRepair:
    """One request at a time. `ask` from any thread; the rest belongs to the loop's."""

    def __init__(self, store: RowStore, dsn: str, tombstones: Tombstones) -> None:
        self._store = store
        self._tombstones = tombstones
        self._dsn = dsn
        self._asked: queue.SimpleQueue[RepairRequest] = queue.SimpleQueue()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reread")
        self._round: _Round | None = None
        self._watermark = 0

    def ask(self, request: RepairRequest) -> "Future[RepairOutcome]":
        """Have rows read anew. The answer comes when the row store has them; it may be a WorkerError."""
        if sum(map(len, request.documents.values())) > MOST:
            request.answer.set_exception(WorkerError(f"at most {MOST} documents can be read anew at a time"))
        else:
            self._asked.put(request)
        return request.answer

    def turn(self, parts: PlanBound) -> None:
        """Once a turn of the loop, after what it read is folded in."""
        position = self._store.position
        advanced, self._watermark = position.watermark > self._watermark, position.watermark
        running = self._round
        if running is None:
            if position.settled and not self._asked.empty():
                self._take(self._asked.get(), parts)
        elif running.parts is not parts:
            self._begin(running.request, parts, running.number, running.changed)
        elif running.reading.done():
            self._read(running, advanced)

    def close(self) -> None:
        """Answer those who wait."""
        self._reader.shutdown(wait=True, cancel_futures=True)
        waiting = [self._round.request] if self._round else []
        while not self._asked.empty():
            waiting.append(self._asked.get())
        for request in waiting:
            request.answer.set_exception(WorkerError("the worker stopped before the rows were read; ask again"))

    def _take(self, request: RepairRequest, parts: PlanBound) -> None:
        unknown = request.documents.keys() - {document.name for document in parts.plan.documents}
        if unknown:
            request.answer.set_exception(
                WorkerError(f"the pipeline has no documents named {', '.join(sorted(unknown))}")
            )
        else:
            self._begin(request, parts, 1, 0)

    def _begin(self, request: RepairRequest, parts: PlanBound, number: int, changed: int) -> None:
        kept = self._kept(request, parts.plan)
        uses = [use for use in parts.plan.tables if use.table in kept]
        inexact = [
            use.table
            for use in uses
            if any(form(column).kind not in _EXACT or column.type == "citext" for column in use.primary_key)
        ]
        parts.applier.follow = follow = ChangeTracker(list(kept), inexact)
        reading = self._reader.submit(_read, self._dsn, parts.plan, uses, request, kept)
        self._round = _Round(request, number, parts, follow, reading, changed)

    def _kept(self, request: RepairRequest, plan: PipelinePlan) -> dict[TableName, list[str]]:
        """The keys behind the documents by what the row store holds, as JSON objects; every table has an entry."""
        found: dict[TableName, list[str]] = {}
        for document in plan.documents:
            ids = request.documents.get(document.name)
            for lineage in row_lineage(document) if ids else ():
                keys = self._store.execute(lineage.row_store, {"ids": msgspec.json.encode(ids).decode()})
                found.setdefault(lineage.table, []).extend(key for (key,) in keys)
        return found

    def _read(self, running: _Round, advanced: bool) -> None:
        error = running.reading.exception()
        if error is not None:
            self._end(running)
            running.request.answer.set_exception(error)
            return
        reading, position = running.reading.result(), self._store.position
        if not all(reading.visibility.shows(tx_id) for tx_id in running.parts.applier.recent):
            self._begin(running.request, running.parts, running.number, running.changed)
        # Builds under way are of an older version only right after the watermark moved.
        elif advanced and position.settled and position.watermark >= reading.lsn:
            self._apply(running, reading)

    def _apply(self, running: _Round, reading: _Reading) -> None:
        last = running.number == ROUNDS
        with self._store.transaction():
            changes, unsettled = self._differing(running, reading)
            if changes:
                running.parts.rows.apply(changes)
            if not unsettled or last:
                for document in running.parts.plan.documents:
                    self._again(running.parts, document, running.request.documents.get(document.name, []))
        running.changed += sum(len(each.rows) for each in changes.values())
        if unsettled and not last:
            self._begin(running.request, running.parts, running.number + 1, running.changed)
            return
        self._end(running)
        rows = sum(map(len, reading.rows.values()))
        lsn = self._store.position.watermark
        running.request.answer.set_result(RepairOutcome(lsn, rows, running.changed, unsettled))

    def _again(self, parts: PlanBound, document: DocumentPlan, ids: list[str]) -> None:
        """Have documents built again; those without a root row in the source are deleted, whoever made them."""
        encoded = msgspec.json.encode(ids)
        parts.rows.touch_ids(document.name, encoded, self._store.position.watermark)
        found = {id_ for (id_,) in self._store.execute(existing_ids(document), {"ids": encoded.decode()})}
        self._tombstones.bury(document.name, [id_ for id_ in ids if id_ not in found])

    def _differing(self, running: _Round, reading: _Reading) -> tuple[dict[TableName, TableChanges], int]:
        """What the row store has otherwise, and how many rows the log changed meanwhile."""
        parts, lsn, unsettled = running.parts, self._store.position.watermark, 0
        found: dict[TableName, TableChanges] = {}
        for table, images in reading.keys.items():
            shape = parts.shapes[table]
            rows: dict[Key, Row] = {shape.key(row): row for row in map(shape.row, reading.rows[table])}
            for key in map(shape.key_before, images):
                if running.follow.changed(table, key):
                    unsettled += 1
                    continue
                row = rows.get(key)
                if parts.rows.differs(table, row) if row else parts.rows.stored(table, key) is not None:
                    changes = found.setdefault(table, TableChanges())
                    changes.rows[key], changes.touched[key] = row, lsn
        return found, unsettled

    def _end(self, running: _Round) -> None:
        running.parts.applier.follow = None
        self._round = None


def _read(
    dsn: str, plan: PipelinePlan, uses: list[TableUse], request: RepairRequest, kept: dict[TableName, list[str]]
) -> _Reading:
    """Read the rows behind the documents: those that the source shows there, and those that the row store has there."""
    queries: dict[TableName, list[KeyedQuery]] = {use.table: [query_for_keys(use, kept[use.table])] for use in uses}
    for document in plan.documents:
        ids = request.documents.get(document.name)
        for lineage in row_lineage(document) if ids else ():
            queries[lineage.table].append(KeyedQuery(lineage.source, (ids,) * lineage.parameters))
    keys, rows = {}, {}
    with source_snapshot(dsn, [use.table for use in uses]) as snapshot:
        for use in uses:
            keys[use.table], rows[use.table] = snapshot.keyed(use, queries[use.table])
        return _Reading(Visibility.parse(snapshot.visibility), snapshot.lsn, keys, rows)
