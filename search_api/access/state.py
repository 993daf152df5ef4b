"""What the API itself must remember, in one small SQLite file: API keys, sessions, saved searches, and who exported what.

Documents are never in it. Several servers on one machine may share the file."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw

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
      id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, key_id TEXT NOT NULL, key_name TEXT NOT NULL, address TEXT NOT NULL,
      index_name TEXT NOT NULL, query TEXT NOT NULL, format TEXT NOT NULL, rows INTEGER, ended TEXT NOT NULL
    ) STRICT;
    """,
)
"""One for each format of the file, from the one before. What was released is never changed, only added to."""
BUSY_MS = 2_000


class StateFileError(Exception):
    """The file cannot be used; the message says why, and what to do."""

    exit_code = 2


class State:
    """The open file. `path` None keeps everything in memory, and forgets it at the end."""

    def __init__(self, path: Path | None) -> None:
        try:
            self._connection = apsw.Connection(_made(path))
            self._connection.set_busy_timeout(BUSY_MS)
            self._prepare(path)
        except (apsw.Error, OSError) as error:
            raise StateFileError(
                f"ROWTIDE_API_STATE={path} cannot be used ({error}); name a file that this user may write, or move a"
                " damaged one away: its API keys and saved searches are lost then"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def rows(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        return list(self._connection.execute(sql, tuple(values)))

    def change(self, sql: str, values: Iterable[Any] = ()) -> int:
        """Change rows, and return how many; it is on disk when this returns."""
        self._connection.execute(sql, tuple(values))
        return self._connection.changes()

    def last_id(self) -> int:
        """The number of the row that was added last."""
        return self._connection.last_insert_rowid()

    def _prepare(self, path: Path | None) -> None:
        connection = self._connection
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            list(connection.execute(f"PRAGMA {pragma}"))
        connection.execute("BEGIN IMMEDIATE")
        found = int(connection.pragma("user_version"))
        if found > len(MIGRATIONS):
            connection.execute("ROLLBACK")
            raise StateFileError(f"ROWTIDE_API_STATE={path} was written by a newer version of Rowtide; start that one")
        for number, migration in enumerate(MIGRATIONS[found:], found + 1):
            connection.execute(migration)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")


def _made(path: Path | None) -> str:
    """The file's name; a new file can be read by its owner alone."""
    if path is None:
        return ":memory:"
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return str(path)


def now_ms() -> int:
    """The time, in Unix milliseconds."""
    return time.time_ns() // 1_000_000
