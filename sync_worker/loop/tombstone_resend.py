"""Sends deletes again that the sink may have forgotten, one bulk at a time."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from sync_worker.loop.document_sink import DocumentSink, Targets
from sync_worker.loop.future_versions import FutureVersions
from sync_worker.loop.senders import Senders
from sync_worker.store.bulk import BulkOutcome, DocumentWrite
from sync_worker.store.row_store import RowStore
from sync_worker.store.tombstones import Tombstones

RECHECK_SECONDS = 30.0
"""How often deletes are tried again that met a version from the future: the alarm ends with it."""


class SinkWatch(Protocol):
    """What is known of the sink without asking it."""

    @property
    def held(self) -> bool:
        """Whether this worker may write documents now."""

    @property
    def nodes(self) -> frozenset[str]:
        """The sink's running processes; a new one may have forgotten deletes. Empty while they are not known."""

    @property
    def unindexed(self) -> dict[str, int]:
        """How many documents have a value that their field's chosen type does not take, by document and field."""


@dataclass(frozen=True, slots=True)
class _Resend:
    document: str
    deletes: list[DocumentWrite]
    sending: Future[BulkOutcome | None]


class TombstoneResend:
    """Part of delivery, for the loop's thread. Keeps deleted documents deleted (invariant 4)."""

    def __init__(
        self,
        store: RowStore,
        tombstones: Tombstones,
        watch: SinkWatch,
        sink: DocumentSink,
        senders: Senders,
        future_versions: FutureVersions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._future_versions = future_versions
        self._tombstones = tombstones
        self._watch = watch
        self._sink = sink
        self._senders = senders
        self._running: _Resend | None = None
        self._clock = clock
        self._recheck_at = 0.0

    def turn(self, targets: Targets) -> bool:
        """Send the next deletes that are due, or record the outcome of the last ones; True when some were taken that a refresh
        has to show."""
        self._tombstones.observe_nodes(self._watch.nodes)
        running = self._running
        if running is None:
            self._begin(targets)
            return False
        outcome = running.sending.result() if running.sending.done() else None
        if outcome is None:
            return False
        self._future_versions.check_unlisted(running.document, running.deletes, outcome)
        with self._store.transaction():
            self._tombstones.mark_sent(running.document, running.deletes)
        self._running = None
        return True

    def _begin(self, targets: Targets) -> None:
        due = (self._tombstones.next_due() or self._to_recheck(targets)) if self._watch.held else None
        if due is not None:
            document, deletes = due
            sending = self._senders.submit(self._sink.send, targets.of(document), deletes)
            self._running = _Resend(document, deletes, sending)

    def _to_recheck(self, targets: Targets) -> tuple[str, list[DocumentWrite]] | None:
        now = self._clock()
        if now < self._recheck_at or not self._future_versions.reason:
            return None
        self._recheck_at = now + RECHECK_SECONDS
        return self._future_versions.unlisted({target.document for target in targets.all})
