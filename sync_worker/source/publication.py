"""Captures a table that took the place of another one of its name, where the worker's role owns both the table and the
publication; and knows which transactions began to write to a table before it was captured."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import msgspec
import psycopg

from cdc.log.capture_faults import addition, describe_faults, loses_changes, relevant_faults
from cdc.log.catalogue import faults_query
from cdc.log.names import publication_name
from connections.postgres import reason
from read_model.catalog.catalog import TableName
from sync_worker.errors import ServiceMissing
from sync_worker.source.catalogue import connect, translate_errors

_OWNED = "SELECT pubowner = current_user::regrole FROM pg_publication WHERE pubname = %s"

_WRITERS = """
WITH RECURSIVE captured(oid) AS (
  SELECT c.oid FROM unnest(%s::text[], %s::text[]) t(schema, name)
  JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON (c.relnamespace, c.relname) = (n.oid, t.name)
  UNION SELECT i.inhrelid FROM captured b JOIN pg_inherits i ON i.inhparent = b.oid)
SELECT DISTINCT l.virtualtransaction FROM pg_locks l JOIN captured b ON b.oid = l.relation JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'relation' AND l.granted AND d.datname = current_database() AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""


class Refused(Exception):
    """The worker must not add the table. The text states why, as a sentence."""


def follow(dsn: str, pipeline: str, table: TableName, columns: Collection[str]) -> None:
    """Do for this table what `rowtide init` would: let the connector read it, and add it to the publication.

    Raises Refused when the worker's role may not, or when something else about the table would lose changes;
    ServiceMissing when PostgreSQL does not answer or the table is locked."""
    with _session(dsn) as connection, connection.transaction():
        owned = connection.execute(_OWNED, (publication_name(pipeline),)).fetchone()
        if owned != (True,):
            raise Refused("The worker's role does not own the publication.")
        for statement in addition(pipeline, table):
            connection.execute(statement.encode())
        row = connection.execute(faults_query(pipeline, [table]).encode()).fetchone()
        assert row is not None
        left = relevant_faults(_codes(row[0]), {table: columns})
        if loses_changes(left.get(table, ())):
            raise Refused(" ".join(describe_faults(pipeline, left)))


def writers(dsn: str, tables: Collection[TableName]) -> frozenset[str]:
    """The transactions that hold a lock to write to these tables or to their partitions now."""
    names = sorted(tables)
    with _session(dsn) as connection:
        rows = connection.execute(_WRITERS, ([each.schema for each in names], [each.name for each in names]))
        return frozenset(str(row[0]) for row in rows)


def _codes(value: object) -> Mapping[str, list[str]]:
    return msgspec.convert(value, dict[str, list[str]])


@contextmanager
def _session(dsn: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with translate_errors(), connect(dsn) as connection:
        try:
            yield connection
        except psycopg.errors.InsufficientPrivilege as error:
            raise Refused(f"The worker's role may not: {reason(error)}.") from error
        except psycopg.errors.LockNotAvailable as error:
            raise ServiceMissing("The table is locked.") from error
        except psycopg.errors.UndefinedTable as error:
            raise ServiceMissing("The table does not exist at the moment.") from error
