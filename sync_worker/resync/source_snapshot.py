"""Reads rows of the source by SQL, encoded as in the log, from one snapshot whose place in the log is known.

`visibility` decides for every transaction of the log whether the snapshot contains it, and at `lsn` the log has
everything that the snapshot contains. The tables are locked against DDL before the snapshot is taken: a table that
is rewritten in the meantime would look empty to it.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from psycopg.sql import SQL

from cdc.log.capture_faults import Faults, relevant_faults
from cdc.log.catalogue import catalogue_query, faults_query
from cdc.log.heartbeat import SYSTEM_QUERY
from cdc.log.lsn import Lsn
from connections import postgres
from read_model.catalog.catalog import TableName
from read_model.catalog.catalog_query import CATALOG_QUERY
from read_model.plan.model import TableUse
from read_model.postgres.rows import given_keys, key_query, row_query
from sync_worker.errors import ServiceMissing, ShapeError, SourceUnreadable, WorkerError
from sync_worker.source.catalogue import SourceFacts, connect, retry_while_locked

CHUNK = 5000
"""Rows per fetch."""

LOCK_SECONDS = 5
"""How long to retry while a table is locked."""

_EXISTING = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
"""


@dataclass(frozen=True, slots=True)
class KeyedQuery:
    """A query that returns primary keys of a table, with its parameters."""

    sql: str
    parameters: tuple[Any, ...]


class SourceSnapshot:
    """A read-only, repeatable-read transaction on the source."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        row = connection.execute(
            "SELECT pg_current_snapshot()::text, (pg_current_wal_insert_lsn() - '0/0')::bigint"
        ).fetchone()
        assert row is not None
        self.visibility: str = row[0]
        self.lsn = Lsn(row[1])

    def facts(self) -> SourceFacts:
        """The source's identifier and tables."""
        return SourceFacts(self._value(SYSTEM_QUERY), msgspec.json.decode(self._value(CATALOG_QUERY)))

    def catalogue(self, pipeline: str, tables: Collection[TableName]) -> dict[str, str]:
        """Hashes of these tables' definitions, as a heartbeat would contain them now."""
        text = self._value(f"SELECT ({catalogue_query(pipeline, tables)})::text")
        return msgspec.json.decode(text, type=dict[str, str])

    def faults(self, pipeline: str, uses: Collection[TableUse]) -> Faults[TableName]:
        """What is wrong with capturing these tables now."""
        captured = {use.table: [column.name for column in use.columns] for use in uses}
        text = self._value(f"SELECT ({faults_query(pipeline, captured)})::text")
        return relevant_faults(msgspec.json.decode(text, type=dict[str, list[str]]), captured)

    def rows(self, use: TableUse) -> Iterator[list[msgspec.Raw]]:
        """The images of all rows of a table, in chunks of CHUNK."""
        with _printable(use), self._connection.cursor(name="rowtide_reread") as cursor:
            cursor.execute(row_query(use))
            while rows := cursor.fetchmany(CHUNK):
                yield [msgspec.Raw(text.encode()) for (text,) in rows]

    def keyed(self, use: TableUse, queries: list[KeyedQuery]) -> tuple[list[msgspec.Raw], list[msgspec.Raw]]:
        """The keys that the queries return, and the images of the rows with these keys."""
        sql = " UNION ".join(f"({query.sql})" for query in queries)
        parameters = [value for query in queries for value in query.parameters]
        with _printable(use):
            keys = self._connection.execute(key_query(use, sql), parameters).fetchall()
            rows = self._connection.execute(row_query(use, sql), parameters).fetchall()
        return _images(keys), _images(rows)

    def _value(self, sql: str) -> str:
        row = self._connection.execute(sql).fetchone()
        assert row is not None
        return str(row[0])


@contextmanager
def _printable(use: TableUse) -> Iterator[None]:
    """Turn an error about a row's value into a ShapeError; the error itself might contain the value."""
    try:
        yield
    except psycopg.DataError as error:
        raise ShapeError(
            f"PostgreSQL cannot print a row of {use.table} as documents show it ({type(error).__name__}).", use.table
        ) from error


def query_for_keys(use: TableUse, keys: list[str]) -> KeyedQuery:
    """A query for known keys, given as JSON objects with values in the form of documents."""
    return KeyedQuery(given_keys(use), (f"[{','.join(keys)}]",))


@contextmanager
def source_snapshot(dsn: str, tables: Collection[TableName]) -> Iterator[SourceSnapshot]:
    """Lock the existing tables against DDL, then take a snapshot.

    Rows that row-level security would hide are an error. Raises SourceUnreadable when the role may not read them all,
    ServiceMissing when PostgreSQL does not answer or a table stays locked, WorkerError when it refuses a query."""
    try:
        with connect(dsn) as connection:
            connection.execute("SET row_security = off")
            existing = {TableName(*row) for row in connection.execute(_EXISTING)}
            _begin(connection, sorted(existing.intersection(tables)))
            yield SourceSnapshot(connection)
            connection.execute("ROLLBACK")
    except psycopg.OperationalError as error:
        raise ServiceMissing(postgres.unreachable("PostgreSQL at ROWTIDE_POSTGRES_DSN", error)) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise SourceUnreadable(
            f"The role of ROWTIDE_POSTGRES_DSN cannot read the tables: {postgres.reason(error)}. Grant it SELECT on them"
            " (GRANT SELECT ON TABLE … TO …), and BYPASSRLS where row-level security hides rows."
        ) from error
    except psycopg.Error as error:
        raise WorkerError(f"PostgreSQL rejected a query of a re-read: {postgres.reason(error)}.") from error


def _begin(connection: psycopg.Connection[Any], tables: list[TableName]) -> None:
    """Begin a transaction with all tables locked. Holds no lock while it waits; raises LockNotAvailable in the end."""
    lock = SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(SQL(", ".join(table.quoted for table in tables)))

    def attempt() -> None:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            connection.execute(lock) if tables else None
        except psycopg.errors.LockNotAvailable:
            connection.execute("ROLLBACK")
            raise

    retry_while_locked(attempt, LOCK_SECONDS)


def _images(rows: list[tuple[str]]) -> list[msgspec.Raw]:
    return [msgspec.Raw(text.encode()) for (text,) in rows]
