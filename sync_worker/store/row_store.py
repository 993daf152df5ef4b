"""The row store: the source's rows as of one commit, the position of that commit, and the documents still to be built.

One SQLite file, one connection, one thread. Everything that must move together moves in one `transaction()`
(invariant 1: a position is stored only with the rows and pending documents it covers).
"""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import apsw
import msgspec

from cdc.log.recovery import Recovery
from read_model.catalog.catalog import quote_identifier
from read_model.sqlite import functions
from sync_worker.errors import StoreError

FORMAT = 2
"""Raised when the file's layout changes; another format is refused."""

CHECKED_BYTES = 128 << 20
"""A file up to this size is checked whole at each start: at most a second."""

EPOCH_BITS = 48
"""A version is `epoch << 48 | LSN`: 256 TiB of WAL an epoch, and it stays a positive 64-bit integer."""


LSN_BITS = (1 << EPOCH_BITS) - 1
"""The part of a version that is the LSN it was built at."""


NOTHING_READ = -1
"""As `Position.passed`: what stands before is not known."""


class Position(msgspec.Struct, frozen=True):
    """How far the log is folded in.

    `offset`: the next Kafka offset to read. `applied`: the last commit folded in, for telling repeats. `watermark`: the last
    commit or heartbeat, for freshness. `snapshot`: LSN of the snapshot that the rows started from, 0 before it is complete;
    `loading`: LSN of the snapshot that is being read, 0 when none is. `settled`: a heartbeat after the snapshot was seen.
    `awaiting`: nothing counts before the first row of the next snapshot; `passed` is then the LSN of the snapshot row passed
    over last, 0 when that was another record. `reread`: tables (`schema.table`) that were read
    anew from the source, with the `pg_snapshot` that they show; `reread_lsn`: all that these show is in the log up to here.
    `heard_ms`: when the youngest heartbeat was emitted, by the source's clock; `snapshot_ms`: when the snapshot's last row was
    read, by Connect's. Both 0 while unknown; they tell a database that was put back from a log that comes again.
    """

    topic_id: str = ""
    offset: int = 0
    applied: int = 0
    watermark: int = 0
    watermark_ms: int = 0
    snapshot: int = 0
    snapshot_ms: int = 0
    heard_ms: int = 0
    loading: int = 0
    settled: bool = False
    awaiting: bool = False
    passed: int = NOTHING_READ
    epoch: int = 1
    published: int = 0
    spooled_tx: int = 0
    spooled_seen: int = 0
    dropped_tx: int = 0
    ended_tx: int = 0
    reread: dict[str, str] = {}
    reread_lsn: int = 0

    @property
    def version(self) -> int:
        """The version of a document that is built now: higher with each epoch and each commit (invariant 4)."""
        return self.epoch << EPOCH_BITS | self.watermark


class RowStore:
    """The open file. A second worker on the same file is refused."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = path.with_suffix(".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise StoreError(f"row store {path} is in use by another worker; stop that worker first") from error
        self._path = path
        try:
            with self.translate_errors():
                self.connection = apsw.Connection(str(path))
                self._prepare(path)
                self._check()
                self.position = self._read_position()
        except StoreError:
            self._lock.close()
            raise

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Turn SQLite's faults of the file or the disk into errors that say what to do."""
        path = self._path
        try:
            yield
        except (apsw.NotADBError, apsw.CorruptError, msgspec.DecodeError) as error:
            raise StoreError(f"row store {path} is damaged", Recovery.REMOVE_STORE) from error
        except apsw.FullError as error:
            raise StoreError(
                f"the disk of row store {path} is full; free some space and start the worker again, it continues where it stopped"
            ) from error
        except (apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError) as error:
            raise StoreError(
                f"cannot read or write row store {path} ({error}); check the disk and the file's permissions, then start the"
                " worker again"
            ) from error

    def _check(self) -> None:
        """Look at the file's structure, while it is small enough not to hold up a start."""
        if self._path.stat().st_size <= CHECKED_BYTES and self.value("PRAGMA quick_check(1)") != "ok":
            raise apsw.CorruptError

    def empty(self) -> None:
        """Forget everything but who we are: the file becomes that of a new row store, in the next epoch."""
        with self.connection:
            names = self.connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            for (name,) in names.fetchall():
                kept = name in ("meta", "spool")
                quoted = quote_identifier(str(name))
                which = " WHERE name <> 'holder'" if name == "meta" else ""
                self.connection.execute(f"DELETE FROM {quoted}{which}" if kept else f"DROP TABLE {quoted}")
        epoch = self.position.epoch + 1
        with self.transaction():
            self.position = Position()
            self.move(epoch=epoch)

    def _prepare(self, path: Path) -> None:
        self.connection.pragma("journal_mode", "wal")
        self.connection.pragma("synchronous", "normal")
        # A deleted row is overwritten: who was erased from the database is not in pages that nobody uses either.
        self.connection.pragma("secure_delete", "on")
        # An index that is made of millions of rows is sorted on disk: memory must not grow with the database (invariant 8).
        self.connection.pragma("temp_store", "file")
        self.connection.pragma("cache_size", -32768)
        self.connection.pragma("journal_size_limit", 67108864)
        functions.register(self.connection)
        found = self.connection.pragma("user_version")
        if found not in (0, FORMAT):
            raise StoreError(
                f"row store {path} has format {found}, but this worker writes format {FORMAT}", Recovery.REMOVE_STORE
            )
        self.connection.execute(
            f"""
            PRAGMA user_version = {FORMAT};
            CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS spool(seq INTEGER PRIMARY KEY, value BLOB NOT NULL, old_key BLOB);
            """
        )

    def close(self) -> None:
        """Close the file and let another worker have it."""
        self.connection.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One atomic step: what the body writes, and where it moves the position."""
        before = self.position
        try:
            with self.connection:
                yield
                if self.position != before:
                    self.remember("position", msgspec.json.encode(self.position).decode())
        except BaseException:
            self.position = before
            raise

    def move(self, **position: Any) -> None:
        """Change the position inside a `transaction()`."""
        self.position = msgspec.structs.replace(self.position, **position)

    def remember(self, name: str, value: str | int) -> None:
        """Keep a value under a name."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def recall(self, name: str) -> Any:
        """The value kept under a name, or None."""
        return self.value("SELECT value FROM meta WHERE name = ?", (name,))

    def execute(self, sql: str, bindings: Any = ()) -> Any:
        """Run a statement; iterate over the answer, or `fetchone`, `fetchall`."""
        return self.connection.execute(sql, bindings)

    def execute_many(self, sql: str, rows: Iterable[Any]) -> None:
        """Run a statement once a row."""
        self.connection.executemany(sql, rows)

    def value(self, sql: str, bindings: Any = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.connection.execute(sql, bindings).fetchone()
        return None if row is None else row[0]

    def _read_position(self) -> Position:
        text = self.recall("position")
        return Position() if text is None else msgspec.json.decode(text, type=Position)
