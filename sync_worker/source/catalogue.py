"""The source's catalogue: read once from PostgreSQL, then kept in the row store, so that a restart needs no database."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import psycopg

from cdc.log.heartbeat import SYSTEM_QUERY, catalogue_query
from connections.postgres import NOT_A_DSN, ConnectionFailure, connection_failure, login_rejected, unreachable
from read_model.catalog.catalog import CATALOG_QUERY, TableName
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError

T = TypeVar("T")

_SERVER = "PostgreSQL at ROWTIDE_POSTGRES_DSN"

_GIVE_WAY = """
SELECT set_config('lock_timeout', greatest(setting::int / 2, 1)::text, false) FROM pg_settings WHERE name = 'deadlock_timeout'
"""


class SourceFacts(msgspec.Struct):
    """What the worker has to know of the source: its system identifier and its tables (as `read_catalog` takes them)."""

    system: str
    tables: list[dict[str, Any]]


def read_source(dsn: str) -> SourceFacts:
    """Ask PostgreSQL. ServiceMissing when it is not there, WorkerError when it refuses."""
    with translate_errors(), connect(dsn) as connection:
        system = connection.execute(SYSTEM_QUERY).fetchone()
        tables = connection.execute(CATALOG_QUERY).fetchone()
    if system is None or tables is None:
        raise WorkerError("PostgreSQL did not answer the catalogue query; is this a PostgreSQL server?")
    return SourceFacts(system[0], msgspec.json.decode(tables[0]))


def read_catalogue(dsn: str, pipeline: str, tables: Collection[TableName]) -> dict[str, str]:
    """The hashes of the tables' definitions, as a heartbeat has them. ServiceMissing when PostgreSQL is not there."""
    with translate_errors(), connect(dsn) as connection:
        found = connection.execute(f"SELECT ({catalogue_query(pipeline, tables)})::text").fetchone()
    assert found is not None
    return msgspec.json.decode(found[0], type=dict[str, str])


def connect(dsn: str) -> psycopg.Connection[Any]:
    """Connect. SettingsError when PostgreSQL does not know us, ServiceMissing when it is not there.

    A statement that waits for a lock gives up before PostgreSQL looks for deadlocks, which it ends by failing one of the two
    statements: that must not be the application's."""
    with translate_errors():
        connection = psycopg.connect(dsn, connect_timeout=10, autocommit=True)
        try:
            connection.execute(_GIVE_WAY)
        except psycopg.Error:
            connection.close()
            raise
        return connection


def retry_while_locked(attempt: Callable[[], T], seconds: float) -> T:
    """Try again for so long while a lock is not to be had; LockNotAvailable in the end. `connect` makes each attempt a short one."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > deadline:
                raise


@contextmanager
def translate_errors() -> Iterator[None]:
    """Make sentences of PostgreSQL's errors, which say what to do and hold no password."""
    try:
        yield
    except psycopg.Error as error:
        raise _worker_error(error) from error


def _worker_error(error: psycopg.Error) -> WorkerError:
    match connection_failure(error):
        case ConnectionFailure.LOGIN:
            return SettingsError(login_rejected(_SERVER, error))
        case ConnectionFailure.UNREACHABLE:
            return ServiceMissing(unreachable(_SERVER, error))
        case None:
            return _refused(error)


def _refused(error: psycopg.Error) -> WorkerError:
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:  # libpq cannot read it, and quotes it.
        return SettingsError(NOT_A_DSN)
    said = error.diag.message_primary or type(error).__name__
    return WorkerError(f"PostgreSQL of ROWTIDE_POSTGRES_DSN refuses what it was asked: {said}")
