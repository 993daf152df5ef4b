"""A private PostgreSQL for a test, next to the stack's servers: it may be copied, stopped and restored."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from connections.wait import wait_until
from infra.addresses import Addresses
from infra.native.stack import Stack
from tests.support.servers.services import data_directory, small_settings


class OwnPostgres:
    """The server; `addresses` are the stack's with this database in place of the stack's own."""

    def __init__(self, server: Stack, others: Addresses, folder: Path) -> None:
        self._server = server
        self._data = folder / "postgres" / "data"
        self._copy = folder / "copy"
        self.addresses = replace(others, postgres_dsn=server.addresses.postgres_dsn)

    def stop(self) -> None:
        """Shut it down cleanly."""
        self._server.end_all()

    def start(self) -> None:
        """Start it, and return when it takes changes."""
        self._server.start()
        assert wait_until(lambda: self._query("SELECT NOT pg_is_in_recovery()"), 60), "it stays a standby"

    def copy(self) -> None:
        """Copy its files at one moment, like a snapshot of its disk, while it continues to run."""
        self._server.pause("postgres")
        try:
            _like(self._data, self._copy)
        finally:
            self._server.resume("postgres")

    def put_back(self, *, as_a_backup: bool = False) -> None:
        """Restore the copied files; it must be stopped. A backup is recovered, and begins a new timeline."""
        shutil.rmtree(self._data)
        _like(self._copy, self._data)
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        if as_a_backup:
            signal = self._data / "recovery.signal"
            signal.touch()
            shutil.chown(signal, self._data.stat().st_uid, self._data.stat().st_gid)
            with (self._data / "postgresql.auto.conf").open("a") as settings:
                settings.write("restore_command = 'false'\n")

    def wal_end(self) -> int:
        """Where its WAL ends now."""
        return int(self._query("SELECT (pg_current_wal_lsn() - '0/0')::bigint"))

    def _query(self, query: LiteralString) -> Any:
        with psycopg.connect(self.addresses.postgres_dsn, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def _like(source: Path, target: Path) -> None:
    """A copy of a directory with the same owners."""
    shutil.copytree(source, target, symlinks=True)
    for path in (target, *target.rglob("*")):
        owner = (source / path.relative_to(target)).lstat()
        shutil.chown(path, owner.st_uid, owner.st_gid)


@contextmanager
def own_postgres(stack: Stack) -> Iterator[OwnPostgres]:
    """Start one, and end it."""
    with data_directory() as folder:
        settings = small_settings("own", folder).model_copy(update={"cache": stack.settings.cache_directory})
        with Stack(settings, services=("postgres",)) as server:
            yield OwnPostgres(server, stack.addresses, folder)
