"""Quarantine: documents that are not delivered as built, each with its reason and the change that caused it
(invariant 7).

They wait in the row store. One is tried again when it changes, when its index is rebuilt, and on request.
"""

import queue
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from sync_worker.store.bulk import Bulk, BulkOutcome
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows


class QuarantineKind(StrEnum):
    """Why a document is in quarantine. The value is stored in the row store."""

    REJECTED = "rejected"
    """The sink rejected it, and has the previous state or none."""
    UNBUILDABLE = "unbuildable"
    """SQLite cannot build it from its rows; the sink has the previous state or none."""
    FIELD_DROPPED = "field_dropped"
    """It was delivered without the fields that the sink refused."""


FUTURE_VERSION = (
    "The index holds a version of it above the position of the log, which no worker wrote. Delete the document in"
    " Elasticsearch and retry it after index.gc_deletes."
)
"""The reason of a document that is rejected because of that."""

KIND_TEXT = {
    QuarantineKind.REJECTED: "refused",
    QuarantineKind.UNBUILDABLE: "not built",
    QuarantineKind.FIELD_DROPPED: "left out",
}
"""The kinds as commands print them, also in JSON."""

TABLE = """
CREATE TABLE IF NOT EXISTS quarantine(
  document TEXT, id TEXT, keys TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, fields TEXT NOT NULL,
  cause INTEGER NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (document, id)
) STRICT, WITHOUT ROWID
"""

COUNT = (
    "SELECT count(*) FILTER (WHERE kind <> ?1), count(*) FILTER (WHERE kind = ?1), count(*) FILTER (WHERE reason = ?2)"
    " FROM quarantine"
)


@dataclass(frozen=True, slots=True)
class QuarantinedDocument:
    """A document in quarantine.

    `cause` is the LSN of the oldest change that it was built for, `version` the version that this build had.
    `fields` are the paths of dropped fields; `at_ms` is when it was quarantined, in Unix ms."""

    document: str
    id: str
    kind: QuarantineKind
    reason: str
    fields: tuple[str, ...]
    cause: int
    version: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Retry:
    """A request to try documents again: of one kind or all, one id or all. `count` receives how many they are."""

    document: str | None = None
    id: str | None = None
    count: "Future[int]" = field(default_factory=Future)


class Quarantine:
    """The documents in quarantine. Call its methods inside a transaction of the row store, except `retry`."""

    def __init__(self, store: RowStore) -> None:
        self._store = store
        store.execute(TABLE)
        self.refused = self.left_out = self.future = 0
        self._count()

    def _count(self) -> None:
        counts = self._store.execute(COUNT, (QuarantineKind.FIELD_DROPPED.value, FUTURE_VERSION)).fetchone()
        self.refused, self.left_out, self.future = counts

    def update(self, bulk: Bulk, outcome: BulkOutcome) -> None:
        """Add what was rejected or could not be built, and remove what was taken. The bulk must still be pending."""
        rejected = {rejection.place for rejection in outcome.rejected}
        entries: list[tuple[int, QuarantineKind, str, tuple[str, ...]]] = []
        entries += [
            (bulk.writes[place].touch, QuarantineKind.REJECTED, reason, ()) for place, reason in outcome.rejected
        ]
        entries += [
            (bulk.writes[place].touch, QuarantineKind.FIELD_DROPPED, dropped.reason, dropped.paths)
            for place, dropped in outcome.dropped_fields.items()
        ]
        entries += [(unbuilt.touch, QuarantineKind.UNBUILDABLE, unbuilt.reason, ()) for unbuilt in bulk.unbuilt]
        if not entries and not self.refused and not self.left_out:
            return
        taken = [(bulk.document, write.id) for place, write in enumerate(bulk.writes) if place not in rejected]
        self._store.execute_many("DELETE FROM quarantine WHERE document = ? AND id = ?", taken)
        for touch, kind, reason, paths in entries:
            self._add(bulk, touch, kind, reason, paths)
        self._count()

    def _add(self, bulk: Bulk, touch: int, kind: QuarantineKind, reason: str, paths: tuple[str, ...]) -> None:
        waiting = self._store.execute(bulk.lane.by_touch, (touch,)).fetchone()
        if waiting is None:  # It was touched again in the meantime, so it is built again anyway.
            return
        id_, keys, cause = waiting
        fields = msgspec.json.encode(paths).decode()
        now = time.time_ns() // 1_000_000
        self._store.execute(
            "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (bulk.document, id_, keys, kind.value, reason, fields, cause, bulk.version, now),
        )

    def clear(self, document: str) -> None:
        """Remove the documents of one kind, because its index is rebuilt."""
        self._store.execute("DELETE FROM quarantine WHERE document = ?", (document,))
        self._count()

    def retry(self, requests: "queue.SimpleQueue[Retry]", rows: Rows) -> None:
        """Make the requested documents pending. They stay in quarantine until they are taken."""
        while not requests.empty():
            request = requests.get()
            with self._store.transaction():
                lsn = self._store.position.log.watermark + 1
                count = sum(rows.touch_quarantined(document, request.id, lsn) for document in self._documents(request))
            request.count.set_result(count)

    def _documents(self, request: Retry) -> list[str]:
        documents = self._store.execute("SELECT DISTINCT document FROM quarantine")
        return [name for (name,) in documents if request.document in (None, name)]
