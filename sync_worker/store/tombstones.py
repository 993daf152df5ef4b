"""Keeps the versions of deletes, which the sink may forget, for as long as an older write may be in flight.

Elasticsearch remembers a deleted document's version for `index.gc_deletes`, and not across a restart of the node. A
late write of an older version would then recreate the document (invariant 4). So deletes are sent again after
Elasticsearch restarted, or when another worker wrote in between. A document that was inserted again has a higher
version and remains.
"""

import time
from collections.abc import Iterable

from sync_worker.store.bulk import DELETES, Bulk, DocumentWrite, deletion
from sync_worker.store.row_store import RowStore

KEEP_SECONDS = 4200
"""`gc_deletes`, which is an hour, and some minutes: no request takes that long."""

MAX_DELETES = 1000
"""Deletes per bulk."""

TABLE = """
CREATE TABLE IF NOT EXISTS tombstones(
  document TEXT, id TEXT, version INTEGER NOT NULL, at INTEGER NOT NULL, due INTEGER NOT NULL,
  PRIMARY KEY (document, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "tombstones due" ON tombstones(due) WHERE due > 0;
"""


class Tombstones:
    """The tombstones.

    `due` is 0 once the delete was sent, otherwise the LSN at which it became due. For the loop's thread."""

    def __init__(self, store: RowStore) -> None:
        self._store = store
        with store.transaction():
            store.execute(TABLE)

    def record(self, bulk: Bulk, rejected: Iterable[int]) -> None:
        """Store the deletes of an acknowledged bulk; inside a transaction."""
        refused = set(rejected)
        gone = [
            (bulk.document, write.id, bulk.version, int(time.time()))
            for place, write in enumerate(bulk.writes)
            if place not in refused and write.body.startswith(DELETES)
        ]
        self._store.execute_many("INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, 0)", gone)

    def add(self, document: str, ids: Iterable[str]) -> None:
        """Delete documents that have no root row; inside a transaction."""
        position, now = self._store.position, int(time.time())
        rows = [(document, id_, position.version, now, position.log.watermark) for id_ in ids]
        self._store.execute_many("INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?)", rows)

    def mark_all_due(self) -> None:
        """Send all deletes again, because Elasticsearch may have forgotten them. Expired ones are dropped."""
        with self._store.transaction():
            self._store.execute("DELETE FROM tombstones WHERE at < ? AND due = 0", (int(time.time()) - KEEP_SECONDS,))
            self._store.execute("UPDATE tombstones SET due = max(1, ?)", (self._store.position.log.watermark,))

    def observe_nodes(self, nodes: frozenset[str]) -> None:
        """Compare the running processes of Elasticsearch with the known ones: a new one has forgotten its deletes."""
        known = self._store.sink_nodes()
        if nodes == known or not nodes:
            return
        if known and not nodes <= known:
            self.mark_all_due()
        with self._store.transaction():
            self._store.set_sink_nodes(nodes)

    def next_due(self) -> tuple[str, list[DocumentWrite]] | None:
        """Up to MAX_DELETES due deletes of one kind of document; None when nothing is due."""
        document = self._store.value("SELECT document FROM tombstones WHERE due > 0 LIMIT 1")
        if document is None:
            return None
        rows = self._store.execute(
            "SELECT id, version FROM tombstones WHERE due > 0 AND document = ? LIMIT ?", (document, MAX_DELETES)
        )
        return document, [deletion(id_, version) for id_, version in rows]

    def mark_sent(self, document: str, deletes: list[DocumentWrite]) -> None:
        """Record that these deletes were acknowledged; inside a transaction."""
        self._store.execute_many(
            "UPDATE tombstones SET due = 0 WHERE document = ? AND id = ?", [(document, write.id) for write in deletes]
        )

    def oldest(self) -> list[int]:
        """The lowest LSN at which a delete became due; empty when none is."""
        least = self._store.value("SELECT min(due) FROM tombstones WHERE due > 0")
        return [] if least is None else [int(least)]
