"""Reads the source's catalogue. It is stored in the row store afterwards, so that a restart needs no database."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import psycopg

from cdc.log.catalogue import catalogue_query
from cdc.log.heartbeat import DATABASE_QUERY, SYSTEM_QUERY
from connections.postgres import (
    NOT_A_DSN,
    ConnectionFailure,
    connection_failure,
    login_rejected,
    pin_settings,
    unreachable,
)
from read_model.catalog.catalog import TableName
from read_model.catalog.catalog_query import CATALOG_QUERY
from read_model.freshness import Origin
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError

T = TypeVar("T")

_SERVER = "PostgreSQL at ROWTIDE_POSTGRES_DSN"

_GIVE_WAY = """
SELECT set_config('lock_timeout', greatest(setting::int / 2, 1)::text, false) FROM pg_settings
WHERE name = 'deadlock_timeout'
"""


class SourceFacts(msgspec.Struct):
    """What the worker needs to know about the source: its system identifier, its tables in the form of `read_catalog`,
    and its name and oid. An earlier version did not store these two."""

    system: str
    tables: list[dict[str, Any]]
    database: str = ""
    oid: int = 0


_facts = msgspec.json.Decoder(SourceFacts)


def decode_facts(text: str) -> SourceFacts:
    """The facts that a row store contains. Raises msgspec.DecodeError."""
    return _facts.decode(text)


def read_source(dsn: str) -> SourceFacts:
    """Query PostgreSQL. Raises ServiceMissing when it does not answer, WorkerError when it rejects the query."""
    with translate_errors(), connect(dsn) as connection:
        system = connection.execute(SYSTEM_QUERY).fetchone()
        tables = connection.execute(CATALOG_QUERY).fetchone()
        database = connection.execute(DATABASE_QUERY).fetchone()
    if system is None or tables is None or database is None:
        raise WorkerError(
            "PostgreSQL returned nothing for the catalogue query. Check that ROWTIDE_POSTGRES_DSN is the address of a"
            " PostgreSQL server."
        )
    return SourceFacts(system[0], msgspec.json.decode(tables[0]), *database)


def read_origin(dsn: str, pipeline: str) -> Origin:
    """What the documents of a pipeline come from. Raises like `read_source`."""
    with translate_errors(), connect(dsn) as connection:
        row = connection.execute(f"SELECT ({SYSTEM_QUERY}), current_database()::text").fetchone()
    assert row is not None
    return Origin(pipeline, *row)


def read_catalogue(dsn: str, pipeline: str, tables: Collection[TableName]) -> dict[str, str]:
    """The hashes of the tables' definitions, as in a heartbeat.

    Raises ServiceMissing when PostgreSQL does not answer."""
    with translate_errors(), connect(dsn) as connection:
        row = connection.execute(f"SELECT ({catalogue_query(pipeline, tables)})::text").fetchone()
    assert row is not None
    return msgspec.json.decode(row[0], type=dict[str, str])


def connect(dsn: str) -> psycopg.Connection[Any]:
    """Connect. Raises SettingsError when PostgreSQL refuses the login, ServiceMissing when it does not answer.

    Its settings are Rowtide's own, whatever the database and the role have. The lock timeout is half of
    deadlock_timeout: PostgreSQL resolves a deadlock by failing one of the two statements, and that must not be the
    application's."""
    with translate_errors():
        connection = psycopg.connect(dsn, connect_timeout=10, autocommit=True, client_encoding="utf8")
        try:
            pin_settings(connection)
            connection.execute(_GIVE_WAY)
        except psycopg.Error:
            connection.close()
            raise
        return connection


def retry_while_locked(attempt: Callable[[], T], seconds: float) -> T:
    """Retry for `seconds` while a table is locked, then raise LockNotAvailable. `connect` sets a short lock timeout."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > deadline:
                raise


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn PostgreSQL's errors into WorkerErrors that say what to do and contain no password."""
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
    # libpq cannot parse the DSN, and its message quotes it.
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        return SettingsError(NOT_A_DSN)
    reason = error.diag.message_primary or type(error).__name__
    return WorkerError(f"{_SERVER} rejected a query: {reason}.")
