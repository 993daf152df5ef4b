"""The first part of a turn: reads the change log and applies it to the row store."""

from collections.abc import Collection, Sequence
from typing import Protocol

from cdc.log.control import HeartbeatMessage, Refusal
from sync_worker.errors import ShapeError
from sync_worker.log.kafka_record import LogMessage
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.loop.refused_messages import RefusedMessages
from sync_worker.source.silence_monitor import SilenceMonitor
from sync_worker.store.applier import Applied
from sync_worker.store.row_store import RowStore

BUSY_WAIT = 0.002
"""Seconds to wait for the first message while bulks or a refresh are under way: their end has to be noticed soon."""

NOTHING_APPLIED = Applied(0, None)


class ChangeSource(Protocol):
    """The one ordered log of a pipeline. Its consumer is `Ingest`.

    **When it is called.** Only by the loop's thread, once in each turn in which the log may advance. While changed
    tables are read from the source, it is not read at all.

    **In which order.** Messages come in the order of the log, without gaps, from the offset of the last `seek` on. A
    read may return fewer messages than asked for, or none, but never skips one. Duplicates in the log are
    returned as they are; recognizing them is the consumer's task.

    **What "acknowledged" permits.** Nothing is acknowledged to the source. The offset is stored in the same
    transaction of the row store as what was read (invariant 1), and `seek` goes back to it after a restart, and after
    a batch that could not be applied. The source must keep every message until its retention ends, and must raise
    PositionLost when the next offset no longer exists; continuing after a gap would be a silent loss (invariant
    7).
    """

    def read(self, count: int, wait: float) -> Sequence[LogMessage]:
        """Up to `count` messages. Waits up to `wait` seconds for the first, and does not wait for the others."""

    def seek(self, offset: int) -> None:
        """Continue at this offset."""


class ShapeObserver(Protocol):
    """Who reads a table again whose rows have another shape than the plan's."""

    def shape_mismatch(self, error: ShapeError) -> None:
        """A row of the log does not fit, and everything before it is applied."""

    def reread(self, tables: Collection[tuple[str, str]]) -> None:
        """Rows of these tables were ignored in a snapshot, because they did not fit."""


class SourceIdentity(Protocol):
    """Whether the source is still the database that the rows came from."""

    @property
    def reason(self) -> str:
        """Why documents may differ from the database; empty while nothing is known."""

    @property
    def notice(self) -> str:
        """What an operator should do although documents are right; empty when there is nothing."""

    def observe(self, heartbeat: HeartbeatMessage) -> None:
        """Check a heartbeat. PositionLost when it comes from another database."""


class Ingest:
    """Reads up to `batch` messages a turn, and waits up to `idle_wait` seconds for them when nothing else is going
    on."""

    def __init__(
        self,
        *,
        store: RowStore,
        source: ChangeSource,
        shapes: ShapeObserver,
        identity: SourceIdentity,
        silence: SilenceMonitor,
        tracker: FreshnessTracker,
        batch: int,
        idle_wait: float,
    ) -> None:
        self._store = store
        self._source = source
        self._shapes = shapes
        self._identity = identity
        self._silence = silence
        self._tracker = tracker
        self.refused = RefusedMessages()
        """Control messages that were not obeyed."""
        self._batch = batch
        self._idle_wait = idle_wait
        self._misfit: int | None = None
        self.events = 0
        """Change events read from the log."""

    def turn(self, plan_bound: PlanBound, busy: bool) -> bool:
        """Read and apply once; True when there were messages. `busy`: bulks or a refresh are under way."""
        messages = self._before_misfit(self._source.read(self._batch, BUSY_WAIT if busy else self._idle_wait))
        applied = self._apply(plan_bound, messages) if messages else NOTHING_APPLIED
        self._silence.turn(
            records=bool(messages),
            heartbeat=applied.heartbeat is not None,
            unauthentic=Refusal.UNAUTHENTIC in applied.refusals,
        )
        return bool(messages)

    def seek(self) -> None:
        """Continue where the row store is."""
        self._source.seek(self._store.position.log.offset)

    def _before_misfit(self, messages: Sequence[LogMessage]) -> Sequence[LogMessage]:
        """The messages before the one that does not fit: what comes before it is applied first."""
        at = self._misfit
        if at is None or not messages or (messages[0].offset() or 0) >= at:
            return messages
        before = [message for message in messages if (message.offset() or 0) < at]
        if len(before) < len(messages):
            self._source.seek(at)
        return before

    def _narrow(self, error: ShapeError, first: int | None) -> None:
        """A batch that begins at the offset `first` does not fit: find the message, then report it."""
        self._misfit = error.offset
        if error.offset is not None and error.offset == first:
            self._misfit = None
            self._shapes.shape_mismatch(error)
        self.seek()

    def _apply(self, plan_bound: PlanBound, messages: Sequence[LogMessage]) -> Applied:
        """What was applied: nothing, when a row does not fit its table."""
        try:
            applied = plan_bound.applier.apply(messages)
        except ShapeError as error:
            self._narrow(error, messages[0].offset())
            return NOTHING_APPLIED
        if unfit := self._store.position.snapshot.unfit:
            self._shapes.reread(unfit)
        self.events += applied.events
        if applied.refusals:
            self.refused.record(applied.refusals)
        if applied.heartbeat is not None:
            self._identity.observe(applied.heartbeat)
        position = self._store.position
        self._tracker.tick(position.log.watermark, position.log.watermark_ms)
        return applied
