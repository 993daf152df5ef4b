"""Finds documents in the sink whose version no worker has given out (invariant 4).

A write that meets a higher version is obsolete, because versions rise with the log. A version above the log's position
did not come from there: it was written by hand, or by an attacker, and every later change of that document would be
lost without a sign.
"""

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from sync_worker.store.bulk import BulkOutcome, Conflict, DocumentWrite, Rejection
from sync_worker.store.quarantine import FUTURE_VERSION, Quarantine
from sync_worker.store.row_store import RowStore

ALARM = (
    "Documents in the index have versions above the position of the log, which no worker wrote. Their changes are lost"
    " until these documents are removed. Run `rowtide quarantine list`, and see the worker's log."
)


MAX_UNLISTED = 1000
"""Deletes outside of quarantine that are kept to be tried again; further ones end with those."""


class WriterStatus(Protocol):
    """Whether this worker is the one that writes the documents."""

    @property
    def held(self) -> bool:
        """False while another worker may have taken over; its versions have a higher epoch."""


class FutureVersions:
    """For the loop's thread; `check` and `check_unlisted` also for others."""

    def __init__(self, store: RowStore, quarantine: Quarantine, writer: WriterStatus) -> None:
        self._store = store
        self._quarantine = quarantine
        self._writer = writer
        self._unlisted: dict[tuple[str, str], DocumentWrite] = {}
        self._lock = threading.Lock()
        self.count = 0
        """Writes that met such a version."""

    @property
    def reason(self) -> str:
        """The alarm while such documents are in quarantine, or such a version kept a document from being deleted;
        empty otherwise."""
        return ALARM if self._unlisted or self._quarantine.future else ""

    def check(self, document: str, outcome: BulkOutcome) -> list[Conflict]:
        """The conflicts of an acknowledged bulk with versions above the position; each is counted and logged."""
        if not outcome.conflicts or not self._writer.held:
            return []
        limit = self._store.position.version  # At least the version of every write that has been sent.
        future = [conflict for conflict in outcome.conflicts if conflict.version > limit]
        if future:
            self.count += len(future)
            structlog.get_logger().error(
                "documents have versions above the position of the log",
                document=document,
                documents=len(future),
                highest=max(conflict.version for conflict in future),
                position=limit,
            )
        return future

    def reject(self, document: str, outcome: BulkOutcome) -> BulkOutcome:
        """The outcome with these conflicts as rejections, so that their documents go into quarantine."""
        future = self.check(document, outcome)
        if not future:
            return outcome
        rejected = [Rejection(conflict.place, FUTURE_VERSION) for conflict in future]
        return replace(outcome, rejected=[*outcome.rejected, *rejected])

    def check_unlisted(self, document: str, deletes: Sequence[DocumentWrite], outcome: BulkOutcome) -> bool:
        """For deletes that were never pending, and so have no place in quarantine: whether one met such a version. It
        is kept until it, or another delete of the document, meets none."""
        if not self._writer.held:
            return False
        future = {conflict.place for conflict in self.check(document, outcome)}
        undecided = future | {rejection.place for rejection in outcome.rejected}
        with self._lock:
            for place, delete in enumerate(deletes if future or self._unlisted else ()):
                key = document, delete.id
                if place not in undecided:
                    self._unlisted.pop(key, None)
                elif place in future and len(self._unlisted) < MAX_UNLISTED:
                    self._unlisted[key] = delete
        return bool(future)

    def unlisted(self, documents: Collection[str]) -> tuple[str, list[DocumentWrite]] | None:
        """The kept deletes of one of these kinds of documents, to be tried again; None when there are none. Forgets
        those of others, which the plan no longer has."""
        with self._lock:
            self._unlisted = {key: delete for key, delete in self._unlisted.items() if key[0] in documents}
            for chosen, _ in self._unlisted:
                return chosen, [delete for (document, _), delete in self._unlisted.items() if document == chosen]
        return None
