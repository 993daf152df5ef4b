"""The row store: the source's rows as of one commit, the position of that commit, and the pending documents.

One SQLite file, one connection, one thread. Everything that must move together moves in one `transaction()`
(invariant 1: a position is stored only with the rows and pending documents it covers).
"""

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self, TypedDict, TypeVar, Unpack

import apsw
import msgspec

from cdc.log.recovery import Recovery
from connections.private_files import make_private_folder, restrict_file, restrict_folder, touch_private_file
from read_model.catalog.catalog import quote_identifier
from read_model.sqlite import functions
from sync_worker.errors import StoreError
from sync_worker.store.layout import CONVERTIBLE, FORMAT, TABLES, convert
from sync_worker.store.position import Position, decode_position

T = TypeVar("T")

CHECKED_BYTES = 128 << 20
"""A file up to this size is checked completely at each start, which takes at most a second."""
OWN_SUFFIXES = (".lock", ".token", ".partial")
"""Of the files in the folder that are not a row store's."""


class Owner(NamedTuple):
    """Whose row store this is: the pipeline, and the name under which its worker holds the lease."""

    pipeline: str
    holder: str


class SourceRecord(NamedTuple):
    """What is known about the source; an empty text means not known yet.

    `facts` is the JSON of the catalogue (`SourceFacts`) that the plan with `spec_hash` was resolved with, and
    `heartbeat` that of the heartbeat which identifies the source. `resynced` is the JSON of the definitions' hashes
    at the last resync, until a heartbeat confirms them; `remaining_reason` states what that resync could not resolve.
    `checked_snapshot` is the LSN of the last snapshot that was checked for dates BC."""

    facts: str
    spec_hash: str
    heartbeat: str
    resynced: str
    remaining_reason: str
    checked_snapshot: int


class SourceFields(TypedDict, total=False):
    """The fields of a `SourceRecord` to change."""

    facts: str
    spec_hash: str
    heartbeat: str
    resynced: str
    remaining_reason: str
    checked_snapshot: int


class Generation(NamedTuple):
    """The index that an alias's documents are written to.

    `uuid` is Elasticsearch's own id of it; readers see it once `shown`."""

    name: str
    uuid: str
    shown: bool


class RowStore:
    """The open file. Raises StoreError when it cannot be used, or another worker has it open."""

    def __init__(self, path: Path) -> None:
        _make_private(path)
        self._lock = path.with_suffix(".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise StoreError(f"Row store {path} is in use by another worker. Stop that worker first.") from error
        self._path = path
        try:
            with self.translate_errors():
                self.connection = apsw.Connection(str(path))
                self._prepare(path)
                self._check()
                self.position = self._read_position()
        except msgspec.DecodeError as error:
            self._lock.close()
            raise self._damaged() from error
        except StoreError:
            self._lock.close()
            raise

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Turn SQLite's errors about the file or the disk into a StoreError that explains what to do."""
        path = self._path
        try:
            yield
        except (apsw.NotADBError, apsw.CorruptError) as error:
            raise self._damaged() from error
        except apsw.FullError as error:
            raise StoreError(
                f"The disk of row store {path} is full. Free some space and start the worker again. It continues where"
                " it stopped."
            ) from error
        except (apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError) as error:
            raise StoreError(
                f"Cannot read or write row store {path} ({error}). Check the disk and the file's permissions, then"
                " start the worker again."
            ) from error

    def _damaged(self) -> StoreError:
        return StoreError(f"Row store {self._path} is damaged.", Recovery.REMOVE_STORE)

    def decode(self, text: str, decoded: Callable[[str], T]) -> T:
        """Decode JSON that the row store wrote itself. Raises StoreError when it is something else."""
        try:
            return decoded(text)
        except msgspec.DecodeError as error:
            raise self._damaged() from error

    def _check(self) -> None:
        """Check the file's structure, unless that would delay the start."""
        if self._path.stat().st_size <= CHECKED_BYTES and self.value("PRAGMA quick_check(1)") != "ok":
            raise apsw.CorruptError

    def empty(self) -> None:
        """Delete everything except the holder's name: the file becomes a new row store, in the next epoch."""
        with self.connection:
            names = self.connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            holder = self.owner().holder
            for (name,) in names.fetchall():
                self.connection.execute(f"DROP TABLE {quote_identifier(str(name))}")
            self.connection.execute(TABLES)
            self.update_owner(holder=holder)
        epoch = self.position.epoch + 1
        with self.transaction():
            self.position = Position()
            self.move(epoch=epoch)

    def _prepare(self, path: Path) -> None:
        self.connection.pragma("journal_mode", "wal")
        self.connection.pragma("synchronous", "normal")
        # Overwrite deleted rows: data erased from the database must not remain in unused pages of the file.
        self.connection.pragma("secure_delete", "on")
        # Sort on disk when an index over millions of rows is created: memory must not grow with it (invariant 8).
        self.connection.pragma("temp_store", "file")
        self.connection.pragma("cache_size", -32768)
        self.connection.pragma("journal_size_limit", 67108864)
        functions.register(self.connection)
        stored_format = self.connection.pragma("user_version")
        if stored_format not in (0, CONVERTIBLE, FORMAT):
            raise StoreError(
                f"Row store {path} has format {stored_format}, but this worker writes format {FORMAT}.",
                Recovery.REMOVE_STORE,
            )
        with self.connection:
            if stored_format == CONVERTIBLE:
                convert(self.connection)
            self.connection.execute(TABLES)
            self.connection.pragma("user_version", FORMAT)

    def close(self) -> None:
        """Close the file and release its lock."""
        self.connection.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write what the body writes and the position that it moves to, as one atomic step."""
        before = self.position
        try:
            with self.connection:
                yield
                if self.position != before:
                    state = msgspec.json.encode(self.position).decode()
                    self.execute("INSERT OR REPLACE INTO position VALUES (1, ?)", (state,))
        except BaseException:
            self.position = before
            raise

    def move(self, **position: Any) -> None:
        """Change fields of the position; inside a `transaction()`, like the other `move_…` methods."""
        self.position = msgspec.structs.replace(self.position, **position)

    def move_log(self, **log: Any) -> None:
        """Change fields of `position.log`."""
        self.move(log=msgspec.structs.replace(self.position.log, **log))

    def move_snapshot(self, **snapshot: Any) -> None:
        """Change fields of `position.snapshot`."""
        self.move(snapshot=msgspec.structs.replace(self.position.snapshot, **snapshot))

    def move_transaction(self, **transaction: Any) -> None:
        """Change fields of `position.transaction`."""
        self.move(transaction=msgspec.structs.replace(self.position.transaction, **transaction))

    def owner(self) -> Owner:
        """Whose row store this is."""
        return Owner(*self.execute("SELECT pipeline, holder FROM owner").fetchone())

    def update_owner(self, *, pipeline: str | None = None, holder: str | None = None) -> None:
        """Set the pipeline, the holder, or both."""
        self.execute("UPDATE owner SET pipeline = ifnull(?, pipeline), holder = ifnull(?, holder)", (pipeline, holder))

    def source(self) -> SourceRecord:
        """What is known about the source."""
        return SourceRecord(*self.execute(f"SELECT {', '.join(SourceRecord._fields)} FROM source").fetchone())

    def update_source(self, **fields: Unpack[SourceFields]) -> None:
        """Change what is known about the source."""
        assignments = ", ".join(f"{name} = ?" for name in fields)
        self.execute(f"UPDATE source SET {assignments}", tuple(fields.values()))

    def generation(self, alias: str) -> Generation | None:
        """The generation of an alias; None before there is one."""
        row = self.execute("SELECT name, uuid, shown FROM generation WHERE alias = ?", (alias,)).fetchone()
        return None if row is None else Generation(row[0], row[1], bool(row[2]))

    def set_generation(self, alias: str, generation: Generation | None) -> None:
        """Store the generation of an alias, or forget it."""
        if generation is None:
            self.execute("DELETE FROM generation WHERE alias = ?", (alias,))
        else:
            self.execute("INSERT OR REPLACE INTO generation VALUES (?, ?, ?, ?)", (alias, *generation))

    def show_generation(self, alias: str) -> None:
        """Record that readers see the generation of an alias."""
        self.execute("UPDATE generation SET shown = 1 WHERE alias = ?", (alias,))

    def sink_nodes(self) -> frozenset[str]:
        """The processes of Elasticsearch when they were last seen; empty before that."""
        nodes = self.value("SELECT nodes FROM sink")
        return frozenset(str(nodes).split(",")) if nodes else frozenset()

    def set_sink_nodes(self, nodes: frozenset[str]) -> None:
        """Store the processes of Elasticsearch."""
        self.execute("UPDATE sink SET nodes = ?", (",".join(sorted(nodes)),))

    def execute(self, sql: str, bindings: Any = ()) -> Any:
        """Run a statement; returns a cursor to iterate over, or to `fetchone` or `fetchall` from."""
        return self.connection.execute(sql, bindings)

    def execute_many(self, sql: str, rows: Iterable[Any]) -> None:
        """Run a statement once for each row."""
        self.connection.executemany(sql, rows)

    def value(self, sql: str, bindings: Any = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.connection.execute(sql, bindings).fetchone()
        return None if row is None else row[0]

    def _read_position(self) -> Position:
        state = self.value("SELECT state FROM position")
        return Position() if state is None else decode_position(state)


def _make_private(path: Path) -> None:
    """Create the file, its lock and its folder for their owner only, and restrict those that exist: the row store
    contains personal data of every captured row. Raises StoreError when the folder cannot be created.

    SQLite gives `-wal` and `-shm` the mode of the file when it creates them."""
    try:
        make_private_folder(path.parent)
        if all(".sqlite" in entry.name or entry.suffix in OWN_SUFFIXES for entry in path.parent.iterdir()):
            restrict_folder(path.parent)  # Never a folder that has other uses, such as /tmp.
        for file in (path, path.with_suffix(".lock")):
            touch_private_file(file)
        for suffix in ("-wal", "-shm"):
            restrict_file(path.with_name(path.name + suffix))
    except OSError as error:
        raise StoreError(
            f"Cannot write row store {path} ({error.strerror}). Check the folder's permissions, or set"
            " ROWTIDE_WORKER_STORE to another folder."
        ) from error
