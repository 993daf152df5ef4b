"""Asks the source itself: when its heartbeats stay away, and once at a start; never on the way of a change (invariant 9)."""

import psycopg

from cdc.log.heartbeat import Whereabouts, whereabouts_query
from cdc.log.names import slot_name

ANSWER_SECONDS = 3
"""How long the source may take to let us in, and to answer."""


def read_status(dsn: str, pipeline: str) -> Whereabouts | None:
    """One small query. None when PostgreSQL is away, refuses, or is a standby: then nothing is known."""
    try:
        with psycopg.connect(dsn, connect_timeout=ANSWER_SECONDS, tcp_user_timeout=ANSWER_SECONDS * 1000) as connection:
            connection.execute(f"SET LOCAL statement_timeout = '{ANSWER_SECONDS}s'")
            found = connection.execute(whereabouts_query(pipeline)).fetchone()
    except psycopg.Error:
        return None
    return None if found is None else Whereabouts(*found)


def silence_cause(pipeline: str, now: Whereabouts | None) -> str:
    """What may keep the heartbeats away, by what the source says of the slot; with what to do."""
    slot = slot_name(pipeline)
    if now is None:
        return "PostgreSQL does not answer the worker either: look after the database"
    if now.slot is None:
        return f"replication slot {slot} is gone: rowtide resnapshot"
    return {
        "lost": f"PostgreSQL gave up replication slot {slot} (wal_status lost): rowtide resnapshot",
        "read": f"replication slot {slot} is being read: look at the connector (rowtide connectors status) and at Kafka",
    }.get(now.slot, f"nobody reads replication slot {slot}: look at the connector (rowtide connectors status)")
