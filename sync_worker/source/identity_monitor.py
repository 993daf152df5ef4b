"""Monitors with the heartbeats whether the source is still the database that the rows came from (invariant 7: DDL,
failover)."""

from collections.abc import Callable, Collection

import msgspec

from cdc.log import heartbeat
from cdc.log.control import HeartbeatMessage
from read_model.catalog.catalog import TableName
from sync_worker.errors import ServiceMissing
from sync_worker.store.history_check import Identity, check_same_source
from sync_worker.store.row_store import RowStore

Catalogue = dict[str, str]
"""Hashes of the tables' definitions by `schema.table`.

Two database sessions may print a definition differently, so hashes of the connector's session and of the worker's
own are never compared with each other."""

OUTDATED = (
    "The connector's heartbeats have the form of an earlier version, so changed definitions of tables are not noticed."
    " Run `rowtide connectors apply`."
)


class IdentityMonitor:
    """Compares each heartbeat with the source's identity in the row store.

    `changed` are the tables that need a resync because their definition changed, or because a row does not fit it.
    `read_catalogue` reads the current
    catalogue in a session of the worker, and raises ServiceMissing when the source does not answer."""

    def __init__(self, store: RowStore, tables: Collection[TableName], read_catalogue: Callable[[], Catalogue]) -> None:
        self._store = store
        self._read_catalogue = read_catalogue
        self._tables = {str(table): table for table in tables}
        source = store.source()
        self._known = heartbeat.decode(source.heartbeat.encode()) if source.heartbeat else None
        self._resynced = msgspec.json.decode(source.resynced, type=Catalogue) if source.resynced else None
        self._remaining_reason = source.remaining_reason
        self._newest = (self._known.lsn if self._known else None) or 0
        self._outdated = False
        self.changed: frozenset[TableName] = frozenset()
        self.misfit = ""
        """Which row does not fit its table, as sentences."""
        self.hindrance = ""
        """Why the changed tables cannot be re-read yet, as sentences."""

    @property
    def reason(self) -> str:
        """Why documents may differ from the database; empty when they do not."""
        if self.changed:
            cause = self.misfit or f"The definition of {', '.join(sorted(map(str, self.changed)))} changed."
            return f"{cause} {self.hindrance or 'The rows are being re-read.'}"
        return self._remaining_reason or (OUTDATED if self._outdated else "")

    @property
    def identity(self) -> Identity | None:
        """The history that the heartbeats belong to; None before the first one. Thread-safe."""
        return Identity(self._known.system, self._known.timeline) if self._known else None

    def observe(self, heartbeat: HeartbeatMessage) -> None:
        """Check a heartbeat. Raises PositionLost when it comes from another database, timeline or slot.

        One that is not newer than those before shows nothing: it came again, or somebody who can read the log emitted
        a copy."""
        content = heartbeat.content
        if not self._is_newer(content):
            return
        if self._known is None:
            self._remember(content)
            return
        known = self._known
        check_same_source(
            ("database system", known.system, content.system),
            ("timeline", known.timeline, content.timeline),
            ("slot", known.slot, content.slot),
        )
        if heartbeat.lsn < self._store.position.resync.lsn:
            return
        resynced = self._resynced or {}
        # Another table may have changed at the same time without a resync: compare that one with its earlier hash.
        others = {name: hash_ for name, hash_ in self._known.catalogue.items() if name not in resynced}
        if changed := self._differing(others, content.catalogue):
            self.request_resync(changed)
        elif self._resynced is not None:
            self._confirm(content, self._resynced)
        elif known.lsn is None and content.lsn is not None:
            self._remember(content)

    def _is_newer(self, content: heartbeat.Heartbeat) -> bool:
        """Whether the heartbeat was emitted after all that were observed before. Until the first one with an LSN, each
        counts as new."""
        self._outdated = content.lsn is None and self._newest > 0
        newer = content.lsn > self._newest if content.lsn is not None else not self._outdated
        self._newest = max(self._newest, content.lsn or 0)
        return newer

    def request_resync(self, tables: Collection[TableName]) -> None:
        """Add tables to `changed`."""
        self.changed |= frozenset(tables)

    def record_resync(self, catalogue: Catalogue, remaining_reason: str) -> None:
        """Clear `changed` after a resync; `catalogue` covers only its tables. Inside the transaction that replaces
        the rows.

        `remaining_reason` explains why documents still differ from the database; empty when they do not."""
        self.changed = frozenset()
        self.misfit = self.hindrance = ""
        self._resynced, self._remaining_reason = {**(self._resynced or {}), **catalogue}, remaining_reason
        resynced = msgspec.json.encode(self._resynced).decode()
        self._store.update_source(resynced=resynced, remaining_reason=remaining_reason)

    def _confirm(self, content: heartbeat.Heartbeat, resynced: Catalogue) -> None:
        """Take the first heartbeat after a resync as the new reference, unless the tables changed again since."""
        try:
            current = self._read_catalogue()
        except ServiceMissing:
            return  # The next heartbeat tries again.
        again = self._differing(resynced, current)
        if again:
            self.request_resync(again)
            return
        self._resynced = None
        self._remember(content)

    def _differing(self, known: Catalogue, current: Catalogue) -> set[TableName]:
        return {table for name, table in self._tables.items() if name in known and known[name] != current.get(name)}

    def _remember(self, content: heartbeat.Heartbeat) -> None:
        self._known = content
        with self._store.transaction():
            self._store.update_source(heartbeat=msgspec.json.encode(content).decode(), resynced="")
