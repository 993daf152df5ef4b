"""Watches by the heartbeats whether the source is still the database that the rows came from. Invariant 7 for DDL and failover."""

from collections.abc import Callable, Collection

import msgspec

from cdc.log import heartbeat
from cdc.log.envelope import Heartbeat as Message
from cdc.log.names import HEARTBEAT_PREFIX
from read_model.catalog.catalog import TableName
from sync_worker.errors import ServiceMissing
from sync_worker.source.history_check import Identity, check_same_source
from sync_worker.store.row_store import RowStore

Catalogue = dict[str, str]
"""Hashes of the tables' definitions by `schema.table`. Two database sessions may print a definition differently: hashes of
the connector's session and of the worker's own are never compared with each other."""


class IdentityMonitor:
    """Keeps the identity of the source in the row store.

    `changed` are the tables whose definition changed and whose rows are to be read anew; `reason` says why documents may
    differ from the database. `ask` reads the catalogue of now in a session of the worker."""

    def __init__(self, store: RowStore, tables: Collection[TableName], ask: Callable[[], Catalogue]) -> None:
        self._store = store
        self._ask = ask
        self._tables = {str(table): table for table in tables}
        text = store.recall("source")
        self._known = heartbeat.decode(str(text).encode()) if text else None
        self._reread = _catalogue(store.recall("reread catalogue"))
        self._lasting = str(store.recall("degraded") or "")
        self.changed: frozenset[TableName] = frozenset()

    @property
    def reason(self) -> str:
        """Empty while nothing is known to be amiss."""
        if self.changed:
            return f"the definition of {', '.join(sorted(map(str, self.changed)))} changed; the rows are read anew"
        return self._lasting

    @property
    def identity(self) -> Identity | None:
        """Which history the heartbeats are of; None before the first one. From any thread."""
        return Identity(self._known.system, self._known.timeline) if self._known else None

    def see(self, message: Message) -> None:
        """Look at a heartbeat. PositionLost when it comes from another database or slot: LSNs do not compare then."""
        if message.prefix != HEARTBEAT_PREFIX:
            return
        beat = heartbeat.decode(message.content)
        if self._known is None:
            self._remember(beat)
            return
        known = self._known
        check_same_source(
            ("database system", known.system, beat.system),
            ("timeline", known.timeline, beat.timeline),
            ("slot", known.slot, beat.slot),
        )
        if message.lsn < self._store.position.reread_lsn:
            return
        reread = self._reread or {}
        # Another table can have changed at the same time, and was not read anew: its measure is still the one before.
        others = {name: hash_ for name, hash_ in self._known.catalogue.items() if name not in reread}
        if changed := self._differing(others, beat.catalogue):
            self.want(changed)
        elif self._reread is not None:
            self._confirm(beat, self._reread)

    def want(self, tables: Collection[TableName]) -> None:
        """These tables are to be read anew."""
        self.changed |= frozenset(tables)

    def healed(self, catalogue: Catalogue, lasting: str) -> None:
        """All changed tables were read anew; `catalogue` is of these alone. Inside the transaction that replaces the rows.

        `lasting` says what is still amiss."""
        self.changed = frozenset()
        self._reread, self._lasting = {**(self._reread or {}), **catalogue}, lasting
        self._store.remember("reread catalogue", msgspec.json.encode(self._reread).decode())
        self._store.remember("degraded", lasting)

    def _confirm(self, beat: heartbeat.Heartbeat, reread: Catalogue) -> None:
        """The first heartbeat after a re-read is the new measure, unless the tables changed once more since."""
        try:
            now = self._ask()
        except ServiceMissing:
            return  # The next heartbeat asks again.
        again = self._differing(reread, now)
        if again:
            self.want(again)
            return
        self._reread = None
        self._remember(beat)

    def _differing(self, known: Catalogue, now: Catalogue) -> set[TableName]:
        return {table for name, table in self._tables.items() if name in known and known[name] != now.get(name)}

    def _remember(self, beat: heartbeat.Heartbeat) -> None:
        self._known = beat
        with self._store.transaction():
            self._store.remember("source", msgspec.json.encode(beat).decode())
            self._store.execute("DELETE FROM meta WHERE name = 'reread catalogue'")


def _catalogue(text: object) -> Catalogue | None:
    return None if text is None else msgspec.json.decode(str(text), type=Catalogue)
