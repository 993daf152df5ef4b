"""When documents were built and acknowledged: a row a second for each kind of document, not one a document.

A document's version says at which position it was built; the bulks of that version are found here, with their times. Bulks that are
built within a second share a row, so that the way of a change costs one small write a bulk, and a day one row a second at most.
"""

from typing import Any, NamedTuple

from sync_worker.store.bulk import Bulk
from sync_worker.store.row_store import RowStore

SLICE_MS = 1000
"""Bulks whose building began within so long share a row."""

KEPT = 200_000
"""Rows: two days of changes without a pause, and as many more as there were seconds without one. Some 10 MB."""

TABLE = """
CREATE TABLE IF NOT EXISTS builds(
  slice INTEGER PRIMARY KEY, document TEXT NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, first_lsn INTEGER NOT NULL,
  log_offset INTEGER NOT NULL, built_ms INTEGER NOT NULL, acknowledged_ms INTEGER NOT NULL
) STRICT
"""
_BEGIN = (
    "INSERT INTO builds(document, low, high, first_lsn, log_offset, built_ms, acknowledged_ms)"
    " VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6) RETURNING slice"
)
_ADD = (
    "UPDATE builds SET low = min(low, ?2), high = max(high, ?2), first_lsn = min(first_lsn, ?3),"
    " log_offset = max(log_offset, ?4), built_ms = min(built_ms, ?5), acknowledged_ms = max(acknowledged_ms, ?6)"
    " WHERE slice = ?1"
)
OF_VERSION = (
    "SELECT min(first_lsn), max(log_offset), min(built_ms), max(acknowledged_ms) FROM builds"
    " WHERE document = ? AND ? BETWEEN low AND high"
)
"""What is known of the bulks of a version."""


class Build(NamedTuple):
    """The bulks that a document of one version was in. `first_lsn`: the oldest change that they were built for; `log_offset`: the changes lie
    before it in the log; `built_ms`: the first of them was built; `acknowledged_ms`: Elasticsearch had taken the last. Unix ms."""

    first_lsn: int
    log_offset: int
    built_ms: int
    acknowledged_ms: int


def build_of(row: tuple[Any, ...] | None) -> Build | None:
    """What `OF_VERSION` answers; None when that version was built before anything that is kept."""
    return None if row is None or row[0] is None else Build(*row)


class BuildTimes:
    """Keeps them. For the loop's thread."""

    def __init__(self, store: RowStore) -> None:
        self._store = store
        self._slices: dict[str, tuple[int, int]] = {}
        """Of each kind of document the row that bulks are added to, and when its first one was built."""
        store.execute(TABLE)

    def note(self, bulk: Bulk, now_ms: int) -> None:
        """A bulk was taken; inside a transaction."""
        slice_, began_ms = self._slices.get(bulk.document, (0, 0))
        facts = (bulk.version, bulk.first_lsn, self._store.position.offset, bulk.built_ms, now_ms)
        if slice_ and began_ms <= bulk.built_ms < began_ms + SLICE_MS:
            self._store.execute(_ADD, (slice_, *facts))
            return
        slice_ = int(self._store.value(_BEGIN, (bulk.document, *facts)))
        self._slices[bulk.document] = (slice_, bulk.built_ms)
        self._store.execute("DELETE FROM builds WHERE slice <= ?", (slice_ - KEPT,))
