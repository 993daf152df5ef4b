"""The row store's own tables, and the conversion of a file that an earlier version wrote.

The tables of rows and pending documents depend on the plan, and are created with it.
"""

from typing import Any

import apsw
import msgspec

from sync_worker.store.position import LogPosition, OpenTransaction, Position, ResyncState, SnapshotState

FORMAT = 3
"""The file's `user_version`. Format 2 is converted when a worker opens it; another format is refused."""

CONVERTIBLE = 2

ONE_ROW = "only INTEGER PRIMARY KEY CHECK (only = 1)"

TABLES = f"""
CREATE TABLE IF NOT EXISTS position({ONE_ROW}, state TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS owner({ONE_ROW}, pipeline TEXT NOT NULL, holder TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS source(
  {ONE_ROW}, facts TEXT NOT NULL, spec_hash TEXT NOT NULL, heartbeat TEXT NOT NULL, resynced TEXT NOT NULL,
  remaining_reason TEXT NOT NULL, checked_snapshot INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS sink({ONE_ROW}, nodes TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS generation(
  alias TEXT PRIMARY KEY, name TEXT NOT NULL, uuid TEXT NOT NULL, shown INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spool(seq INTEGER PRIMARY KEY, value BLOB NOT NULL, old_key BLOB);
INSERT OR IGNORE INTO owner VALUES (1, '', '');
INSERT OR IGNORE INTO source VALUES (1, '', '', '', '', '', 0);
INSERT OR IGNORE INTO sink VALUES (1, '');
"""
"""Tables with `only` have exactly one row; an empty text in them means that the value is not known yet."""

KINDS_OF_FORMAT_2 = {"refused": "rejected", "not built": "unbuildable", "left out": "field_dropped"}


def convert(connection: apsw.Connection) -> None:
    """Convert a file of format 2, which kept everything in the table `meta` under names. Inside a transaction."""
    meta: dict[str, Any] = {str(name): value for name, value in connection.execute("SELECT name, value FROM meta")}
    connection.execute(TABLES)
    if "position" in meta:
        position = position_of_format_2(msgspec.json.decode(str(meta["position"])))
        connection.execute("INSERT INTO position VALUES (1, ?)", (msgspec.json.encode(position).decode(),))
    connection.execute(
        "UPDATE owner SET pipeline = ?, holder = ?", (str(meta.get("pipeline", "")), str(meta.get("holder", "")))
    )
    names = ("facts", "spec_hash", "source", "reread catalogue", "degraded")
    connection.execute(
        "UPDATE source SET facts = ?, spec_hash = ?, heartbeat = ?, resynced = ?, remaining_reason = ?,"
        " checked_snapshot = ?",
        (*(str(meta.get(name, "")) for name in names), int(meta.get("snapshot looked at", 0))),
    )
    connection.execute("UPDATE sink SET nodes = ?", (str(meta.get("elasticsearch nodes", "")),))
    for key, name in meta.items():
        if key.startswith("generation ") and name:
            alias = key.removeprefix("generation ")
            values = (alias, str(name), str(meta.get(f"uuid {name}", "")), int(meta.get(f"shown {alias}", 0)))
            connection.execute("INSERT INTO generation VALUES (?, ?, ?, ?)", values)
    if connection.table_exists(None, "set_aside"):
        for old, kind in KINDS_OF_FORMAT_2.items():
            connection.execute("UPDATE set_aside SET kind = ? WHERE kind = ?", (kind, old))
        connection.execute("ALTER TABLE set_aside RENAME TO quarantine")
    connection.execute("DROP TABLE meta")


def position_of_format_2(flat: dict[str, Any]) -> Position:
    """The position that format 2 stored as one flat object; fields that are missing have their defaults."""
    log = {"heartbeat_ms": flat.get("heard_ms", 0)} | _picked(flat, LogPosition)
    snapshot = {
        "lsn": flat.get("snapshot", 0),
        "read_ms": flat.get("snapshot_ms", 0),
        "skipped": flat.get("passed", SnapshotState().skipped),
    }
    transaction = {"spooled_events": flat.get("spooled_seen", 0)} | _picked(flat, OpenTransaction)
    return Position(
        log=LogPosition(**log),
        snapshot=SnapshotState(**snapshot | _picked(flat, SnapshotState)),
        transaction=OpenTransaction(**transaction),
        resync=ResyncState(tables=flat.get("reread", {}), lsn=flat.get("reread_lsn", 0)),
        epoch=flat.get("epoch", 1),
        published=flat.get("published", 0),
    )


def _picked(flat: dict[str, Any], part: type[msgspec.Struct]) -> dict[str, Any]:
    """The fields that kept their names."""
    return {name: flat[name] for name in part.__struct_fields__ if name in flat}
