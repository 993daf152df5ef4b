"""The API's own state in one small SQLite file: API keys, sessions, saved searches, and the audit of exports.

It never contains documents. Several servers on one machine may share the file.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw

from connections.private_files import make_private_folder, restrict_file, touch_private_file

MIGRATIONS = (
    """
    CREATE TABLE api_keys (
      id TEXT PRIMARY KEY, hash BLOB NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL, indexes TEXT NOT NULL,
      filters TEXT NOT NULL, unmasked TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER,
      revoked_ms INTEGER, used_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sessions (
      hash BLOB PRIMARY KEY, key_id TEXT NOT NULL REFERENCES api_keys (id), expires_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE saved_searches (
      id TEXT PRIMARY KEY, owner TEXT NOT NULL, index_name TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL,
      saved_ms INTEGER NOT NULL, UNIQUE (owner, index_name, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE exports (
      id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, key_id TEXT NOT NULL, key_name TEXT NOT NULL,
      address TEXT NOT NULL, index_name TEXT NOT NULL, query TEXT NOT NULL, format TEXT NOT NULL, rows INTEGER,
      ended TEXT NOT NULL
    ) STRICT;
    """,
)
"""One per version of the file. A released migration is never changed; new ones are appended."""
BUSY_MS = 2_000


class StateFileError(Exception):
    """The file cannot be used; the message explains why, and what to do."""

    exit_code = 2


class State:
    """The open file. Without a `path` the state is in memory and is lost at the end. Raises StateFileError."""

    def __init__(self, path: Path | None) -> None:
        try:
            self._connection = apsw.Connection(_create_file(path))
            self._connection.set_busy_timeout(BUSY_MS)
            self._prepare(path)
        except (apsw.Error, OSError) as error:
            raise StateFileError(
                f"ROWTIDE_API_STATE={path} cannot be used: {error}. Set it to a file that this user may write; if the"
                " file is damaged, move it away, which loses its API keys and saved searches."
            ) from error

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query returns."""
        return list(self._connection.execute(sql, tuple(values)))

    def change(self, sql: str, values: Iterable[Any] = ()) -> int:
        """Run a statement and return the number of changed rows. It is durable when this returns."""
        self._connection.execute(sql, tuple(values))
        return self._connection.changes()

    def last_id(self) -> int:
        """The rowid of the last inserted row."""
        return self._connection.last_insert_rowid()

    def _prepare(self, path: Path | None) -> None:
        connection = self._connection
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            list(connection.execute(f"PRAGMA {pragma}"))
        connection.execute("BEGIN IMMEDIATE")
        version = int(connection.pragma("user_version"))
        if version > len(MIGRATIONS):
            connection.execute("ROLLBACK")
            raise StateFileError(
                f"ROWTIDE_API_STATE={path} was written by a newer version of Rowtide; start that version."
            )
        for number, migration in enumerate(MIGRATIONS[version:], version + 1):
            connection.execute(migration)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")


def _create_file(path: Path | None) -> str:
    """The name for SQLite. Only its owner can read the file, and what SQLite creates next to it has the same mode."""
    if path is None:
        return ":memory:"
    make_private_folder(path.parent)
    touch_private_file(path)
    for suffix in ("-wal", "-shm"):
        restrict_file(path.with_name(path.name + suffix))
    return str(path)


def now_ms() -> int:
    """The current time in Unix milliseconds."""
    return time.time_ns() // 1_000_000
