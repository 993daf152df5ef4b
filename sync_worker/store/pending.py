"""Pending documents: taken from the lanes in turn, built by SQLite, and removed when Elasticsearch acknowledged them.

A lane's cursor is the last `touch` taken. A document that is touched again while its bulk is in flight gets a higher
touch, so that removing the acknowledged range of touches leaves it pending (invariant 2).
"""

import time

import apsw

from sync_worker.store.bulk import Bulk, DocumentWrite, Unbuilt
from sync_worker.store.pending_sql import LaneStatements
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows

FAN_OUT_TURN = 4
"""If both lanes have documents, every fourth bulk is of the lane `fan_out`, so that neither lane starves."""

BUILD_ERRORS = (
    apsw.SQLError,
    apsw.TooBigError,
    apsw.MismatchError,
    ValueError,
    ArithmeticError,
    RecursionError,
)
"""Errors of SQLite, or of the functions registered with it, for values that cannot be put into a document."""


class Pending:
    """The pending tables of all documents."""

    def __init__(
        self, store: RowStore, rows: Rows, lanes: tuple[LaneStatements, ...], bulk_bytes: int, bulk_documents: int
    ) -> None:
        self._store = store
        self._rows = rows
        self._lanes = lanes
        self._bulk_bytes = bulk_bytes
        self._limits = {lane: bulk_documents for lane in lanes}
        self._bulk_documents = bulk_documents
        self._turn = 0

    def take(self, version: int) -> Bulk | None:
        """Build the next documents. None if no document is pending."""
        self._turn += 1
        fan_out_first = self._turn % FAN_OUT_TURN == 0
        start = self._turn % len(self._lanes)
        turns = self._lanes[start:] + self._lanes[:start]
        for lane in sorted(turns, key=lambda lane: lane.fan_out != fan_out_first):
            bulk = self._take(lane, version)
            if bulk is not None:
                return bulk
        return None

    def _take(self, lane: LaneStatements, version: int) -> Bulk | None:
        after = self._rows.cursors[lane]
        first_lsn = self._store.value(lane.next_lsn, (after,))
        if first_lsn is None:
            return None
        writes, error = self._build(lane, after, version)
        self._adapt(lane, len(writes), sum(len(write.body) for write in writes))
        unbuilt: tuple[Unbuilt, ...] = ()
        if writes:
            last = writes[-1].touch
        else:
            # Not even the first document could be built: skip only that one.
            last = self._store.value(lane.next_touch, (after,))
            unbuilt = (Unbuilt(last, error or "There is nothing to build."),)
        self._rows.cursors[lane] = last
        return Bulk(lane, after, last, first_lsn, version, writes, unbuilt, time.time_ns() // 1_000_000)

    def _build(self, lane: LaneStatements, after: int, version: int) -> tuple[list[DocumentWrite], str | None]:
        """The next documents up to the first that cannot be built, and its error.

        SQLite builds one row at a time, in the order of touch."""
        writes: list[DocumentWrite] = []
        size = 0
        try:
            rows = self._store.execute(lane.build, {"after": after, "limit": self._limits[lane], "version": version})
            for touch, body, _ in rows:
                writes.append(DocumentWrite(touch, body))
                size += len(body)
                if size >= self._bulk_bytes:
                    break
        except BUILD_ERRORS as error:
            self._check_statement(lane, version)
            return writes, _reason(error)
        return writes, None

    def _check_statement(self, lane: LaneStatements, version: int) -> None:
        """Raises the statement's own error, if it has one: that is not the document's, and must stop the worker."""
        self._store.execute(lane.build, {"after": 0, "limit": 0, "version": version}).fetchall()

    def _adapt(self, lane: LaneStatements, count: int, size: int) -> None:
        """Set the limit of the lane's next bulk to as many documents of this size as fill it."""
        fitting = max(1, self._bulk_bytes * max(count, 1) // max(size, 1))
        self._limits[lane] = min(self._bulk_documents, fitting)

    def remove(self, bulk: Bulk) -> None:
        """Remove the documents of an acknowledged bulk, except those touched since."""
        self._store.execute(bulk.lane.remove, (bulk.after, bulk.last))

    def oldest(self) -> list[int]:
        """The LSN of the oldest change of each lane whose document has not been taken."""
        lsns = (self._store.value(lane.next_lsn, (self._rows.cursors[lane],)) for lane in self._lanes)
        return [lsn for lsn in lsns if lsn is not None]

    def count(self) -> int:
        """The approximate number of pending documents: the span of touches, which is cheap to read."""
        return sum(self._store.value(lane.span) or 0 for lane in self._lanes)

    def distrust(self, lsn: int) -> None:
        """Lower all first LSNs to `lsn`: after a start it is unknown which pending documents had been indexed."""
        for lane in self._lanes:
            self._store.execute(lane.lower_lsn, (lsn,))


def _reason(error: Exception) -> str:
    """SQLite's message, which contains no row values; for other errors only the class, whose message might."""
    detail = str(error) if isinstance(error, apsw.Error) else type(error).__name__
    return f"The document cannot be built from its rows: {detail}."
