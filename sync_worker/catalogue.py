"""The source's catalogue: read once from PostgreSQL, then kept in the row store, so that a restart needs no database."""

from collections.abc import Collection
from typing import Any

import msgspec
import psycopg

from cdc.heartbeat import SYSTEM_QUERY, catalogue_query
from read_model.catalog import CATALOG_QUERY, TableName
from sync_worker.errors import ServiceMissing, WorkerError


class SourceFacts(msgspec.Struct):
    """What the worker has to know of the source: its system identifier and its tables (as `read_catalog` takes them)."""

    system: str
    tables: list[dict[str, Any]]


def read_source(dsn: str) -> SourceFacts:
    """Ask PostgreSQL. ServiceMissing when it is not there, WorkerError when it refuses."""
    with connect(dsn) as connection:
        system = connection.execute(SYSTEM_QUERY).fetchone()
        tables = connection.execute(CATALOG_QUERY).fetchone()
    if system is None or tables is None:
        raise WorkerError("PostgreSQL did not answer the catalogue query; is this a PostgreSQL server?")
    return SourceFacts(system[0], msgspec.json.decode(tables[0]))


def read_catalogue(dsn: str, pipeline: str, tables: Collection[TableName]) -> dict[str, str]:
    """The hashes of the tables' definitions, as a heartbeat has them. ServiceMissing when PostgreSQL is not there."""
    with connect(dsn) as connection:
        found = connection.execute(f"SELECT ({catalogue_query(pipeline, tables)})::text").fetchone()
    assert found is not None
    return msgspec.json.decode(found[0], type=dict[str, str])


def connect(dsn: str) -> psycopg.Connection[Any]:
    """Connect, with errors that say what to do and hold no password."""
    try:
        return psycopg.connect(dsn, connect_timeout=10, autocommit=True)
    except psycopg.OperationalError as error:
        text = str(error)
        if "authentication failed" in text or "does not exist" in text:
            raise WorkerError(f"PostgreSQL refuses the connection of ROWTIDE_POSTGRES_DSN: {text.strip()}") from error
        raise ServiceMissing(f"PostgreSQL of ROWTIDE_POSTGRES_DSN does not answer: {text.strip()}") from error
