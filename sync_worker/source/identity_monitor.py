"""Monitors with the heartbeats whether the source is still the database that the rows came from, and whether all its
changes reach the log (invariant 7: DDL, failover, what leaves the publication)."""

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from cdc.log import heartbeat
from cdc.log.capture_faults import ABSENT, UNCAPTURED, Faults, describe_faults, loses_changes, relevant_faults
from cdc.log.catalogue import Fingerprint, renamed_schemas
from cdc.log.control import HeartbeatMessage
from read_model.catalog.catalog import TableName
from sync_worker.errors import ServiceMissing
from sync_worker.store.history_check import Identity, check_same_source
from sync_worker.store.row_store import RowStore

Catalogue = dict[str, str]
"""Fingerprints of the tables' definitions by `schema.table`.

Two database sessions may print a definition differently, so fingerprints of the connector's session and of the
worker's own are never compared with each other; only the tables' OIDs are."""

DESCRIBED = 3
"""Tables whose faults a reason describes; of others it gives the number."""

OUTDATED = (
    "The connector's heartbeats have the form of an earlier version, so changed definitions of tables are not noticed."
    " Run `rowtide connectors apply`."
)


class IdentityMonitor:
    """Compares each heartbeat with the source's identity in the row store.

    `captured` are the tables that documents use, with their columns. `changed` are the tables that need a resync
    because their definition changed or because a row does not fit it, `republished` those of them whose place in the
    publication changed. `replaced` are tables that another one of the same name took the place of without being
    captured, with its fingerprint. While changes of a table may be missing in the log, it is in neither, and keeps the
    fingerprint from before: whatever ends the fault, the table then differs from it and is re-read.

    `read_catalogue` reads the current catalogue in a session of the worker, and raises ServiceMissing when the source
    does not answer."""

    def __init__(
        self,
        store: RowStore,
        captured: Mapping[TableName, Collection[str]],
        read_catalogue: Callable[[], Catalogue],
    ) -> None:
        self._store = store
        self._read_catalogue = read_catalogue
        self._captured = captured
        self._tables = {str(table): table for table in captured}
        source = store.source()
        self._known = heartbeat.decode(source.heartbeat.encode()) if source.heartbeat else None
        self._resynced = msgspec.json.decode(source.resynced, type=dict[str, str]) if source.resynced else None
        self._remaining_reason = source.remaining_reason
        self._newest = (self._known.lsn if self._known else None) or 0
        self._outdated = False
        self._foreign = ""
        self._reviewed = self._known.foreign_keys if self._known else {}
        self.faults: Faults[TableName] = self._faults_of(self._known) if self._known else {}
        self.changed: frozenset[TableName] = frozenset()
        self.republished: frozenset[TableName] = frozenset()
        self.replaced: dict[TableName, str] = {}
        self.keys_changed = False
        """Whether a foreign or unique key came or went since the plan was last checked."""
        self.misfit = ""
        """Which row does not fit its table, as sentences."""
        self.hindrance = ""
        """Why the changed tables cannot be re-read yet, as sentences."""
        self.notice = ""
        """What an operator should do although documents are right, as sentences."""

    @property
    def reason(self) -> str:
        """Why documents may differ from the database; empty when they do not."""
        texts = [self._foreign] if self._foreign else []
        if self.changed:
            cause = self.misfit or f"The definition of {', '.join(sorted(map(str, self.changed)))} changed."
            texts.append(f"{cause} {self.hindrance or 'The rows are being re-read.'}")
        faults = list(describe_faults(self._store.owner().pipeline, self.faults)) if self.faults else []
        texts += faults[:DESCRIBED]
        if len(faults) > DESCRIBED:
            texts.append(f"{len(faults) - DESCRIBED} more tables: `rowtide connectors diff` lists them.")
        texts.append(self._remaining_reason or (OUTDATED if self._outdated else ""))
        return " ".join(texts).strip()

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
            self._reviewed = content.foreign_keys
            self._note_faults(content)
            self._adopt(content, {table for table in self._captured if self._loses(table)})
            return
        known = self._known
        check_same_source(
            ("database system", known.system, content.system),
            ("timeline", known.timeline, content.timeline),
            ("slot", known.slot, content.slot),
        )
        if heartbeat.lsn < self._store.position.resync.lsn:
            return
        self._note_faults(content)
        if content.foreign_keys != self._reviewed:
            self._reviewed, self.keys_changed = content.foreign_keys, True
        self._compare(known, content)

    def _compare(self, known: heartbeat.Heartbeat, content: heartbeat.Heartbeat) -> None:
        # A re-read table is compared with its entry from before the re-read, too: it may have been replaced meanwhile.
        differing = self._differing(known, content)
        lasting = {table for table in differing if self._loses(table)}
        self.replaced = {
            table: content.catalogue[str(table)]
            for table in lasting
            if _is_replaced(known.catalogue, content.catalogue, table)
        }
        if changed := {table for table in differing - lasting if str(table) not in (self._resynced or {})}:
            self._request_changed(changed, known.catalogue, content.catalogue)
        elif self._resynced is not None:
            self._confirm(content, lasting, self._resynced)
        elif known.lsn is None and content.lsn is not None:
            self._adopt(content, lasting)

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

    def _request_changed(self, tables: Collection[TableName], before: Catalogue, now: Catalogue) -> None:
        self.request_resync(tables)
        self.republished |= frozenset(table for table in tables if _is_republished(before, now, table))

    def request_following(self, tables: Collection[TableName]) -> None:
        """Add replaced tables to `changed`: they are in the publication now."""
        self.request_resync(tables)
        self.republished |= frozenset(tables)
        self.replaced = {table: text for table, text in self.replaced.items() if table not in tables}

    def record_resync(
        self, catalogue: Catalogue, remaining_reason: str, remaining_faults: Faults[TableName] | None = None
    ) -> None:
        """Clear `changed` after a resync; `catalogue` covers only its tables. Inside the transaction that replaces
        the rows.

        A table whose place in the publication changed without a heartbeat that reported it stays in `changed`: nobody
        waited for the transactions that wrote to it before.

        `remaining_faults` are those of its tables until the next heartbeat. `remaining_reason` explains why documents
        still differ from the database; empty when they do not."""
        others = {table: codes for table, codes in self.faults.items() if str(table) not in catalogue}
        self.faults = {**others, **(remaining_faults or {})}
        self.changed = self.republished = self._not_awaited(catalogue)
        self.misfit = self.hindrance = ""
        read = {name: text for name, text in catalogue.items() if self._tables.get(name) not in self.changed}
        self._resynced, self._remaining_reason = {**(self._resynced or {}), **read}, remaining_reason
        resynced = msgspec.json.encode(self._resynced).decode()
        self._store.update_source(resynced=resynced, remaining_reason=remaining_reason)

    def _not_awaited(self, catalogue: Catalogue) -> frozenset[TableName]:
        before = self._known.catalogue if self._known else {}
        return frozenset(
            table
            for name, table in self._tables.items()
            if name in catalogue
            and table not in self.republished
            and not self._loses(table)
            and Fingerprint.parse(before.get(name, "")).publication
            and _is_republished(before, catalogue, table)
        )

    def record_review(self, notice: str) -> None:
        """The plan was checked with the current foreign and unique keys. With a `notice` it is checked again after a
        restart."""
        self.keys_changed, self.notice = False, notice
        if not notice and self._known is not None and self._known.foreign_keys != self._reviewed:
            self._remember(msgspec.structs.replace(self._known, foreign_keys=self._reviewed))

    def _note_faults(self, content: heartbeat.Heartbeat) -> None:
        self.faults = self._faults_of(content)
        if self._known is not None and self._known.faults != content.faults:
            self._remember(msgspec.structs.replace(self._known, faults=content.faults))

    def _faults_of(self, content: heartbeat.Heartbeat) -> Faults[TableName]:
        reported: dict[str, Sequence[str]] = dict(content.faults or {})
        for name in self._tables:
            if name in content.catalogue or name in reported:
                continue
            if content.faults is not None:
                reported[name] = (UNCAPTURED,)
            elif self._known is not None and name in self._known.catalogue:
                reported[name] = (ABSENT,)
        return relevant_faults(reported, self._captured)

    def _loses(self, table: TableName) -> bool:
        return loses_changes(self.faults.get(table, ()))

    def _confirm(self, content: heartbeat.Heartbeat, lasting: set[TableName], resynced: Catalogue) -> None:
        """Take the first heartbeat after a resync as the new reference, unless the tables changed again since."""
        try:
            current = self._read_catalogue()
        except ServiceMissing:
            return  # The next heartbeat tries again.
        again = {
            table for name, table in self._tables.items() if name in resynced and resynced[name] != current.get(name)
        }
        if again:
            self._request_changed(again, resynced, current)
            return
        self._foreign = _another_database(current, content.catalogue)
        if not self._foreign:
            self._adopt(content, lasting)

    def _differing(self, known: heartbeat.Heartbeat, content: heartbeat.Heartbeat) -> set[TableName]:
        renamed = renamed_schemas(known.schemas, content.schemas)
        return {
            table
            for name, table in self._tables.items()
            if known.catalogue.get(name) != content.catalogue.get(name) or table.schema in renamed
        }

    def _adopt(self, content: heartbeat.Heartbeat, lasting: set[TableName]) -> None:
        """Take a heartbeat as the new reference, except for tables whose changes may be missing in the log."""
        before = self._known.catalogue if self._known else {}
        unchanged = {name: before.get(name, "") for name in map(str, lasting)}
        keys = self._known.foreign_keys if self._known else content.foreign_keys
        self._resynced = None
        self._remember(
            msgspec.structs.replace(content, catalogue={**content.catalogue, **unchanged}, foreign_keys=keys),
            resynced="",
        )

    def _remember(self, content: heartbeat.Heartbeat, resynced: str | None = None) -> None:
        self._known = content
        with self._store.transaction():
            self._store.update_source(heartbeat=msgspec.json.encode(content).decode())
            if resynced is not None:
                self._store.update_source(resynced=resynced)


def _is_replaced(before: Catalogue, now: Catalogue, table: TableName) -> bool:
    earlier, current = (Fingerprint.parse(catalogue.get(str(table), "")).oid for catalogue in (before, now))
    return bool(earlier and current) and earlier != current


def _is_republished(before: Catalogue, now: Catalogue, table: TableName) -> bool:
    earlier, current = (Fingerprint.parse(catalogue.get(str(table), "")).publication for catalogue in (before, now))
    return earlier != current


def _another_database(current: Catalogue, logged: Catalogue) -> str:
    """A reason when a table that the worker sees is not the one of the log, by its OID; else nothing."""
    for name in sorted(current.keys() & logged.keys()):
        seen, captured = (Fingerprint.parse(catalogue[name]).oid for catalogue in (current, logged))
        if seen and captured and seen != captured:
            return (
                f"ROWTIDE_POSTGRES_DSN leads to another database than the connector's: {name} has OID {seen} there and"
                f" {captured} in the log. Correct it, and restart the worker."
            )
    return ""
