"""Watches by the heartbeats whether the source is still the database that the rows came from. Invariant 7 for DDL and failover."""

import msgspec

from cdc import heartbeat
from cdc.envelope import Heartbeat as Message
from cdc.topics import HEARTBEAT_PREFIX
from cdc.transaction import WAY_OUT
from sync_worker.errors import PositionLost
from sync_worker.row_store import RowStore


class SourceWatch:
    """Keeps the identity of the source in the row store. `reason` says why documents may differ from the database."""

    def __init__(self, store: RowStore) -> None:
        self._store = store
        text = store.recall("source")
        self._known = heartbeat.decode(str(text).encode()) if text else None
        self.reason = str(store.recall("degraded") or "")

    def see(self, message: Message) -> None:
        """Look at a heartbeat. PositionLost when it comes from another database or slot: LSNs do not compare then."""
        if message.prefix != HEARTBEAT_PREFIX:
            return
        beat = heartbeat.decode(message.content)
        if self._known is None:
            self._remember(beat)
            return
        self._same_source(self._known, beat)
        changed = sorted(table for table, known in self._known.catalogue.items() if beat.catalogue.get(table) != known)
        reason = f"the definition of {', '.join(changed)} changed; {WAY_OUT}" if changed else ""
        if reason != self.reason:
            self.reason = reason
            with self._store.transaction():
                self._store.remember("degraded", reason)

    def _same_source(self, known: heartbeat.Heartbeat, beat: heartbeat.Heartbeat) -> None:
        for what, was, now in (
            ("database system", known.system, beat.system),
            ("timeline", known.timeline, beat.timeline),
            ("slot", known.slot, beat.slot),
        ):
            if was != now:
                raise PositionLost(
                    f"the source is another one: its {what} was {was} and is {now}, so positions do not compare;"
                    f" {WAY_OUT}"
                )

    def _remember(self, beat: heartbeat.Heartbeat) -> None:
        self._known = beat
        with self._store.transaction():
            self._store.remember("source", msgspec.json.encode(beat).decode())
