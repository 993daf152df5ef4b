"""Documents that are not in the index as they should be, each with its reason and the change that led there (invariant 7).

They wait in the row store. One is tried again when it changes, when its index is built anew, and when somebody asks.
"""

import queue
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from sync_worker.store.bulk import Bulk, BulkOutcome
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows

Kind = Literal["refused", "not built", "left out"]
"""`refused`: Elasticsearch does not take it; it has the state before, or none. `not built`: the rows do not make a document; the same.
`left out`: it is in the index, without the fields that Elasticsearch refused."""

TABLE = """
CREATE TABLE IF NOT EXISTS set_aside(
  document TEXT, id TEXT, keys TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, fields TEXT NOT NULL,
  cause INTEGER NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (document, id)
) STRICT, WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class QuarantinedDocument:
    """One such document. `cause` is the LSN of the oldest change that it was built for, `version` what it would have had;
    `fields` are the paths that were left out; `at_ms` is when, in Unix ms."""

    document: str
    id: str
    kind: Kind
    reason: str
    fields: tuple[str, ...]
    cause: int
    version: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Retry:
    """A wish to try documents again: of one kind or all, one id or all. The answer is how many."""

    document: str | None = None
    id: str | None = None
    answer: "Future[int]" = field(default_factory=Future)


class Quarantine:
    """What is set aside. Its methods belong inside a transaction of the row store, but for `retry`."""

    def __init__(self, store: RowStore) -> None:
        self._store = store
        store.execute(TABLE)
        self.refused = self.left_out = 0
        self._count()

    def _count(self) -> None:
        self.refused = int(self._store.value("SELECT count(*) FROM set_aside WHERE kind <> 'left out'"))
        self.left_out = int(self._store.value("SELECT count(*) FROM set_aside WHERE kind = 'left out'"))

    def note(self, bulk: Bulk, outcome: BulkOutcome) -> None:
        """Set aside what was refused or could not be built; let go what was taken. The bulk must still be pending."""
        rejected = {rejection.place for rejection in outcome.rejected}
        entries: list[tuple[int, Kind, str, tuple[str, ...]]] = []
        entries += [(bulk.writes[place].touch, "refused", reason, ()) for place, reason in outcome.rejected]
        entries += [
            (bulk.writes[place].touch, "left out", dropped.reason, dropped.paths)
            for place, dropped in outcome.dropped_fields.items()
        ]
        entries += [(unbuilt.touch, "not built", unbuilt.reason, ()) for unbuilt in bulk.unbuilt]
        if not entries and not self.refused and not self.left_out:
            return
        taken = [(bulk.document, write.id) for place, write in enumerate(bulk.writes) if place not in rejected]
        self._store.execute_many("DELETE FROM set_aside WHERE document = ? AND id = ?", taken)
        for touch, kind, reason, paths in entries:
            self._add(bulk, touch, kind, reason, paths)
        self._count()

    def _add(self, bulk: Bulk, touch: int, kind: Kind, reason: str, paths: tuple[str, ...]) -> None:
        waiting = self._store.execute(bulk.lane.by_touch, (touch,)).fetchone()
        if waiting is None:  # It was touched again meanwhile, and is tried again anyway.
            return
        id_, keys, cause = waiting
        fields = msgspec.json.encode(paths).decode()
        now = time.time_ns() // 1_000_000
        self._store.execute(
            "INSERT OR REPLACE INTO set_aside VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (bulk.document, id_, keys, kind, reason, fields, cause, bulk.version, now),
        )

    def clear(self, document: str) -> None:
        """Forget those of one kind of document: its index is built anew."""
        self._store.execute("DELETE FROM set_aside WHERE document = ?", (document,))
        self._count()

    def retry(self, asked: "queue.SimpleQueue[Retry]", rows: Rows) -> None:
        """Make pending what somebody asked to have tried again. It stays set aside until it is taken."""
        while not asked.empty():
            wish = asked.get()
            with self._store.transaction():
                lsn = self._store.position.watermark + 1
                count = sum(rows.touch_quarantined(document, wish.id, lsn) for document in self._documents(wish))
            wish.answer.set_result(count)

    def _documents(self, wish: Retry) -> list[str]:
        found = self._store.execute("SELECT DISTINCT document FROM set_aside")
        return [name for (name,) in found if wish.document in (None, name)]
