"""What surrounds the worker's loop while nothing happens to the source, the tables and the cluster."""

from collections.abc import Collection, Sequence

from cdc.log.control import HeartbeatMessage
from read_model.plan.model import TableUse
from sync_worker.errors import ShapeError
from sync_worker.loop.document_sink import Target
from sync_worker.loop.plan_bound import PlanBound


class SameSource:
    """A source that stays the database it was."""

    reason = ""
    notice = ""

    def observe(self, heartbeat: HeartbeatMessage) -> None:
        """Every heartbeat is as expected."""


class UnchangedTables:
    """No table is ever read again."""

    due = False

    def shape_mismatch(self, error: ShapeError) -> None:
        """A row that does not fit is an error of the test."""
        raise error

    def reread(self, tables: Collection[tuple[str, str]]) -> None:
        """A row of a snapshot that does not fit is one as well."""
        raise AssertionError(f"rows of {tables} do not fit")

    def resync(self, plan_bound: PlanBound) -> PlanBound | None:
        """There is nothing to read."""
        raise AssertionError("no table is due")


class CleanSnapshot:
    """No snapshot brings wrong values."""

    blocks_builds = False

    def turn(self, tables: Sequence[TableUse]) -> None:
        """There is nothing to check."""

    def close(self) -> None:
        """There is nothing to end."""


class NoRepairs:
    """No repair is ever requested."""

    def turn(self, plan_bound: PlanBound) -> None:
        """There is nothing to repair."""

    def close(self) -> None:
        """Nobody waits."""


class HeldLease:
    """The lease is ours, and the cluster stays the same."""

    held = True
    nodes = frozenset({"one"})

    @property
    def unindexed(self) -> dict[str, int]:
        """Every value fits."""
        return {}


class ShownTargets:
    """Targets that readers see from the start, each named like its kind of document."""

    loading: Collection[str] = ()

    def __init__(self, documents: Sequence[str]) -> None:
        self.all = tuple(Target(document, document) for document in documents)
        self._by_document = {target.document: target for target in self.all}

    def of(self, document: str) -> Target:
        """The target of a kind of document."""
        return self._by_document[document]

    def show_loaded(self) -> None:
        """All are shown."""

    def drift(self) -> str:
        """Nobody else touches them."""
        return ""
