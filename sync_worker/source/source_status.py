"""Queries the source directly: when heartbeats are missing, and once at startup; never on a change's path (invariant
9)."""

from collections.abc import Collection, Mapping

import psycopg

from cdc.log.capture_faults import describe_faults, relevant_faults
from cdc.log.catalogue import faults_query
from cdc.log.heartbeat import SourceStatus, source_status_query
from cdc.log.names import slot_name
from read_model.catalog.catalog import TableName

ANSWER_SECONDS = 3
"""Timeout for the connection, and for the query."""

_RESNAPSHOT = "Take a new snapshot with `rowtide resnapshot`."


def read_status(dsn: str, pipeline: str) -> SourceStatus | None:
    """Run one small query. None when PostgreSQL does not answer, refuses, or is a standby: then nothing is known."""
    try:
        with psycopg.connect(dsn, connect_timeout=ANSWER_SECONDS, tcp_user_timeout=ANSWER_SECONDS * 1000) as connection:
            connection.execute(f"SET LOCAL statement_timeout = '{ANSWER_SECONDS}s'")
            row = connection.execute(source_status_query(pipeline)).fetchone()
    except psycopg.Error:
        return None
    return None if row is None else SourceStatus(*row)


def capture_faults(dsn: str, pipeline: str, captured: Mapping[TableName, Collection[str]]) -> str:
    """What is wrong with capturing these tables, as sentences; nothing when PostgreSQL does not answer. `captured`
    gives the columns of each that documents use."""
    try:
        with psycopg.connect(dsn, connect_timeout=ANSWER_SECONDS, tcp_user_timeout=ANSWER_SECONDS * 1000) as connection:
            connection.execute(f"SET LOCAL statement_timeout = '{ANSWER_SECONDS}s'")
            row = connection.execute(faults_query(pipeline, captured).encode()).fetchone()
    except psycopg.Error:
        return ""
    return "" if row is None else " ".join(describe_faults(pipeline, relevant_faults(row[0], captured)))


def silence_cause(pipeline: str, status: SourceStatus | None) -> str:
    """What may keep the heartbeats away, judging by the slot, with what to do."""
    slot = slot_name(pipeline)
    if status is None:
        return "PostgreSQL does not answer the worker either, or rejects its login. Check the database and its log."
    if status.slot is None:
        return f"Replication slot {slot} is gone. {_RESNAPSHOT}"
    return {
        "lost": f"PostgreSQL invalidated replication slot {slot} (wal_status lost). {_RESNAPSHOT}",
        "read": f"Replication slot {slot} is active. Check the connector with `rowtide connectors status`, and Kafka.",
    }.get(status.slot, f"Replication slot {slot} is not active. Check the connector with `rowtide connectors status`.")
