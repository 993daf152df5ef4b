"""Documents to be built: taken from the pending tables in turns, built by SQLite, and removed when they are indexed.

A lane's cursor is the last `touch` taken. A document touched again while it is under way gets a new, higher touch,
so that removing the acknowledged range of touches leaves it pending (invariant 2).
"""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import apsw

from read_model.elasticsearch.index_body import IGNORE_ABOVE_FLATTENED
from sync_worker.elasticsearch.elasticsearch_sink import Item
from sync_worker.elasticsearch.oversized_text import flagged_item
from sync_worker.store.pending_sql import LaneStatements
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows

FAN_OUT_TURN = 4
"""Every fourth bulk goes to the fan-out lane when both wait, so that neither starves the other."""

FAULTS_OF_A_DOCUMENT = (
    apsw.SQLError,
    apsw.TooBigError,
    apsw.MismatchError,
    ValueError,
    ArithmeticError,
    RecursionError,
)
"""What SQLite, or a function of ours that it calls, says of values that it cannot put into a document."""


class Unbuilt(NamedTuple):
    """A pending document whose rows do not make a document, and why."""

    touch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bulk:
    """Built documents of one lane: the touches `after < touch <= last`, oldest change `first_lsn`, as of `version`,
    built at `built_ms`."""

    lane: LaneStatements
    after: int
    last: int
    first_lsn: int
    version: int
    items: list[Item] = field(repr=False)
    unbuilt: tuple[Unbuilt, ...] = ()
    built_ms: int = 0

    @property
    def document(self) -> str:
        """The document's name, which is its index alias."""
        return self.lane.document


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
        self._most = bulk_documents
        self._turn = 0

    def take(self, version: int) -> Bulk | None:
        """Build the next documents, or None when nothing waits."""
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
        items, fault = self._build(lane, after, version)
        self._adapt(lane, len(items), sum(len(item.body) for item in items))
        unbuilt: tuple[Unbuilt, ...] = ()
        if items:
            last = items[-1].touch
        else:
            # Nothing was built, so the fault lies in the first that waits: it alone is left behind.
            last = self._store.value(lane.next_touch, (after,))
            unbuilt = (Unbuilt(last, fault or "there is nothing to build"),)
        self._rows.cursors[lane] = last
        return Bulk(lane, after, last, first_lsn, version, items, unbuilt, time.time_ns() // 1_000_000)

    def _build(self, lane: LaneStatements, after: int, version: int) -> tuple[list[Item], str | None]:
        """What comes next, as far as it can be built, and what stopped it.

        SQLite builds in the order of touch, one by one."""
        items: list[Item] = []
        size = 0
        try:
            built = self._store.execute(lane.build, {"after": after, "limit": self._limits[lane], "version": version})
            for touch, body, _ in built:
                long = lane.json_paths and len(body) > IGNORE_ABOVE_FLATTENED
                items.append(Item(touch, flagged_item(body, lane.json_paths) if long else body))
                size += len(body)
                if size >= self._bulk_bytes:
                    break
        except FAULTS_OF_A_DOCUMENT as error:
            self._must_run(lane, version)
            return items, _reason(error)
        return items, None

    def _must_run(self, lane: LaneStatements, version: int) -> None:
        """A fault of the statement itself is none of a document: it ends the worker."""
        self._store.execute(lane.build, {"after": 0, "limit": 0, "version": version}).fetchall()

    def _adapt(self, lane: LaneStatements, count: int, size: int) -> None:
        """Ask for as many documents next time as fill a bulk, going by these."""
        fitting = max(1, self._bulk_bytes * max(count, 1) // max(size, 1))
        self._limits[lane] = min(self._most, fitting)

    def remove(self, bulk: Bulk) -> None:
        """The bulk is acknowledged; its documents leave, but for those touched since."""
        self._store.execute(bulk.lane.remove, (bulk.after, bulk.last))

    def oldest(self) -> list[int]:
        """The oldest change that waits in each lane, not counting what is under way."""
        found = (self._store.value(lane.next_lsn, (self._rows.cursors[lane],)) for lane in self._lanes)
        return [lsn for lsn in found if lsn is not None]

    def count(self) -> int:
        """How many documents are pending, roughly: the span of touches, cheap to know."""
        return sum(self._store.value(lane.span) or 0 for lane in self._lanes)

    def distrust(self, lsn: int) -> None:
        """After a start nobody knows what of the pending was built: all of it may hold changes from `lsn` on."""
        for lane in self._lanes:
            self._store.execute(lane.lower_lsn, (lsn,))


def _reason(error: Exception) -> str:
    """SQLite's words (they hold no values); of our own functions only the kind of error."""
    said = str(error) if isinstance(error, apsw.Error) else type(error).__name__
    return f"the row store's rows do not make a document: {said}"
