"""The second part of a turn: brings rows up to date that the log does not, by reading them from the source."""

import threading
from collections.abc import Collection, Sequence
from typing import Protocol

from read_model.plan.model import TableUse
from sync_worker.errors import ShapeError
from sync_worker.loop.plan_bound import PlanBound


class TableResync(Protocol):
    """Reads tables again whose definition changed. All methods belong to the loop's thread."""

    @property
    def due(self) -> bool:
        """Whether tables have to be read again."""

    def shape_mismatch(self, error: ShapeError) -> None:
        """A row of the log does not fit its table, and everything before it is applied."""

    def reread(self, tables: Collection[tuple[str, str]]) -> None:
        """Rows of these tables were ignored in a snapshot, because they did not fit."""

    def resync(self, plan_bound: PlanBound) -> PlanBound | None:
        """Read the tables, and return what works on the new plan; None when it has to be tried again."""


class SnapshotCheck(Protocol):
    """Looks for values that a snapshot brought wrong. All members belong to the loop's thread."""

    @property
    def blocks_builds(self) -> bool:
        """Whether rows of the snapshot may still be wrong, so that no document may be built."""

    def turn(self, tables: Sequence[TableUse]) -> None:
        """Take the check one step further."""

    def close(self) -> None:
        """End the check, even in the middle of a query."""


class Repairs(Protocol):
    """Reads single rows again on request. All methods belong to the loop's thread."""

    def turn(self, plan_bound: PlanBound) -> None:
        """Take the repair that is running, or the next one, one step further."""

    def close(self) -> None:
        """Answer everybody who waits."""


class Maintenance:
    """Decides when rows are read from the source, and whether documents may be built of the rows that there are."""

    def __init__(
        self,
        resync: TableResync,
        snapshot_check: SnapshotCheck,
        repairs: Repairs,
        stopping: threading.Event,
        idle_wait: float,
    ) -> None:
        self._resync = resync
        self._snapshot_check = snapshot_check
        self._repairs = repairs
        self._stopping = stopping
        self._idle_wait = idle_wait

    @property
    def log_waits(self) -> bool:
        """Whether tables have to be read again before the log may continue."""
        return self._resync.due

    @property
    def rows_wrong(self) -> bool:
        """Whether rows are known to be wrong, or not yet known to be right: no document may be built of them."""
        return self._resync.due or self._snapshot_check.blocks_builds

    @property
    def checking_snapshot(self) -> bool:
        """Whether the rows of the last snapshot are still being checked."""
        return self._snapshot_check.blocks_builds

    def turn(self, plan_bound: PlanBound) -> None:
        """The log advanced: check what a snapshot brought, and repair rows."""
        self._snapshot_check.turn(plan_bound.plan.tables)
        self._repairs.turn(plan_bound)

    def resync(self, plan_bound: PlanBound, sending: bool) -> PlanBound | None:
        """Read changed tables again while the log waits, and return what works on the new plan; None when it has
        to be tried again. Bulks that are under way come first: their documents are pending in the tables of the
        old plan."""
        if sending:
            self._stopping.wait(self._idle_wait)
            return None
        return self._resync.resync(plan_bound)

    def close(self) -> None:
        """End the threads that run next to the loop."""
        self._repairs.close()
        self._snapshot_check.close()
