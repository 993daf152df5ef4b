"""Deletes that Elasticsearch may forget: their versions, kept for as long as an older write may be under way.

Elasticsearch remembers a deleted document's version for `index.gc_deletes`, and not across a restart of the node. A late write of
an older version would bring the document back (invariant 4). So deletes are sent again when Elasticsearch was restarted, or
when another worker wrote in between; a document that was inserted again since has a higher version and stays.
"""

import time
from collections.abc import Iterable

from sync_worker.store.bulk import DELETES, Bulk, DocumentWrite, deletion
from sync_worker.store.row_store import RowStore

KEEP_SECONDS = 4200
"""An hour, which is `gc_deletes`, and some minutes: no request lives as long."""

MOST = 1000
"""Deletes of one bulk."""

TABLE = """
CREATE TABLE IF NOT EXISTS tombstones(
  document TEXT, id TEXT, version INTEGER NOT NULL, at INTEGER NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (document, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "tombstones due" ON tombstones(due) WHERE due > 0;
"""


class Tombstones:
    """The deletes kept. `due`: 0 when it was sent, else the LSN at which it became due. Methods belong to the loop's thread."""

    def __init__(self, store: RowStore) -> None:
        self._store = store
        with store.transaction():
            store.execute(TABLE)

    def note(self, bulk: Bulk, rejected: Iterable[int]) -> None:
        """Keep the deletes of a bulk that was taken; inside a transaction."""
        refused = set(rejected)
        gone = [
            (bulk.document, write.id, bulk.version, int(time.time()))
            for place, write in enumerate(bulk.writes)
            if place not in refused and write.body.startswith(DELETES)
        ]
        self._store.execute_many("INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, 0)", gone)

    def bury(self, document: str, ids: Iterable[str]) -> None:
        """Have documents deleted that no row knows; inside a transaction."""
        position, now = self._store.position, int(time.time())
        rows = [(document, id_, position.version, now, position.watermark) for id_ in ids]
        self._store.execute_many("INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?)", rows)

    def doubt(self) -> None:
        """Elasticsearch may have forgotten all of them: they are due. Old ones are dropped."""
        with self._store.transaction():
            self._store.execute("DELETE FROM tombstones WHERE at < ? AND due = 0", (int(time.time()) - KEEP_SECONDS,))
            self._store.execute("UPDATE tombstones SET due = max(1, ?)", (self._store.position.watermark,))

    def seen(self, nodes: frozenset[str]) -> None:
        """The processes of Elasticsearch as they are now: a new one has forgotten what it deleted."""
        text = ",".join(sorted(nodes))
        known = self._store.recall("elasticsearch nodes")
        if text == known or not nodes:
            return
        if known is not None and not nodes <= set(str(known).split(",")):
            self.doubt()
        with self._store.transaction():
            self._store.remember("elasticsearch nodes", text)

    def take(self) -> tuple[str, list[DocumentWrite]] | None:
        """Deletes of one document kind that are due, oldest first."""
        document = self._store.value("SELECT document FROM tombstones WHERE due > 0 LIMIT 1")
        if document is None:
            return None
        found = self._store.execute(
            "SELECT id, version FROM tombstones WHERE due > 0 AND document = ? LIMIT ?", (document, MOST)
        )
        return document, [deletion(id_, version) for id_, version in found]

    def sent(self, document: str, deletes: list[DocumentWrite]) -> None:
        """These were taken; inside a transaction."""
        self._store.execute_many(
            "UPDATE tombstones SET due = 0 WHERE document = ? AND id = ?", [(document, write.id) for write in deletes]
        )

    def oldest(self) -> list[int]:
        """The LSN from which on deletes are due, if any are."""
        least = self._store.value("SELECT min(due) FROM tombstones WHERE due > 0")
        return [] if least is None else [int(least)]
