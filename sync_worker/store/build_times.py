"""When documents were built and acknowledged: one row per second and kind of document, not one per document.

A document's version contains the position of its build; the bulks of that version are found here, with their times.
Bulks built within the same second share a row. So a change costs one small write per bulk, and a day at most one row
per second.
"""

from typing import Any, NamedTuple

from sync_worker.store.bulk import Bulk
from sync_worker.store.row_store import RowStore

SLICE_MS = 1000
"""Bulks whose build began within this time share a row."""

MAX_ROWS = 200_000
"""Older rows are deleted. Enough for two days of uninterrupted changes, about 10 MB."""

TABLE = """
CREATE TABLE IF NOT EXISTS builds(
  slice INTEGER PRIMARY KEY, document TEXT NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
  first_lsn INTEGER NOT NULL, log_offset INTEGER NOT NULL, built_ms INTEGER NOT NULL, acknowledged_ms INTEGER NOT NULL
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
"""Selects the fields of a `Build` for the bulks of a version."""


class Build(NamedTuple):
    """The bulks that contained documents of one version.

    `first_lsn` is the oldest change that they were built for; the changes are before `log_offset` in the log. The
    first bulk was built at `built_ms`, and the last one acknowledged at `acknowledged_ms`, in Unix ms."""

    first_lsn: int
    log_offset: int
    built_ms: int
    acknowledged_ms: int


def build_of(row: tuple[Any, ...] | None) -> Build | None:
    """The result of `OF_VERSION`; None when the build is older than the stored rows."""
    return None if row is None or row[0] is None else Build(*row)


class BuildTimes:
    """Stores the times. For the loop's thread."""

    def __init__(self, store: RowStore) -> None:
        self._store = store
        self._slices: dict[str, tuple[int, int]] = {}
        """The current row of each kind of document, and when its first bulk was built."""
        store.execute(TABLE)

    def record(self, bulk: Bulk, now_ms: int) -> None:
        """Record an acknowledged bulk; inside a transaction."""
        slice_, began_ms = self._slices.get(bulk.document, (0, 0))
        facts = (bulk.version, bulk.first_lsn, self._store.position.log.offset, bulk.built_ms, now_ms)
        if slice_ and began_ms <= bulk.built_ms < began_ms + SLICE_MS:
            self._store.execute(_ADD, (slice_, *facts))
            return
        slice_ = int(self._store.value(_BEGIN, (bulk.document, *facts)))
        self._slices[bulk.document] = (slice_, bulk.built_ms)
        self._store.execute("DELETE FROM builds WHERE slice <= ?", (slice_ - MAX_ROWS,))
