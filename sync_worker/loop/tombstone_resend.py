"""Sends deletes again that Elasticsearch may have forgotten, one bulk at a time."""

from collections.abc import Callable
from concurrent.futures import Future

from sync_worker.elasticsearch.elasticsearch_sink import BulkOutcome, Item
from sync_worker.elasticsearch.index_guard import IndexGuard
from sync_worker.store.row_store import RowStore
from sync_worker.store.tombstones import Tombstones

Send = Callable[[str, list[Item]], "Future[BulkOutcome | None]"]
"""Begins to send items to the index of a document."""


class TombstoneResend:
    """For the loop's thread."""

    def __init__(self, store: RowStore, tombstones: Tombstones, standing: IndexGuard) -> None:
        self._store = store
        self._tombstones = tombstones
        self._standing = standing
        self._going: tuple[str, list[Item], Future[BulkOutcome | None]] | None = None

    def turn(self, send: Send) -> bool:
        """Once a turn of the loop; True when deletes were taken that a refresh has to show."""
        self._tombstones.seen(self._standing.nodes)
        if self._going is None:
            due = self._tombstones.take() if self._standing.held else None
            if due is not None:
                self._going = (*due, send(*due))
            return False
        document, items, sending = self._going
        if not sending.done() or sending.result() is None:
            return False
        with self._store.transaction():
            self._tombstones.sent(document, items)
        self._going = None
        return True
