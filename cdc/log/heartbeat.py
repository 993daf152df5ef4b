"""Heartbeats, the clock of the log: their content, and the SQL that emits them.

The connector runs `emit_query` every `heartbeat.interval.ms`; the message comes back through the log with its own LSN.
It carries what no change event does: which database this is (so that a restored or failed-over one is noticed before
its LSNs are misread), when it was emitted, and hashes of the captured tables' definitions (DDL can change rows without
an event).
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec

from cdc.log.catalogue import catalogue_query, faults_query, foreign_keys_query, schemas_query
from cdc.log.names import HEARTBEAT_PREFIX, slot_name
from cdc.log.recovery import Recovery
from cdc.log.signature import secret_prefix_sql, signed_sql
from cdc.log.sql import literal, one_line, qualified


class HeartbeatError(Exception):
    """A heartbeat whose content is not of the agreed form: another version of Rowtide configured the connector."""

    exit_code = 1
    recovery = Recovery.APPLY_CONNECTOR


class Heartbeat(msgspec.Struct, frozen=True):
    """The content of a heartbeat.

    `system` is pg_control_system's identifier as text; `at_ms` is the database's clock (Unix ms) at emission.
    `catalogue` maps `schema.table` of every captured table to the `Fingerprint` of its definition as the log sees it:
    columns, types, enum labels, generation expressions, key, replica identity, partitions and publication; an absent
    table is absent. `foreign_keys` (unique keys as well) and `schemas` are hashes as in `cdc.log.catalogue`.
    `faults` are the codes of what is wrong with capturing a table (`cdc.log.capture_faults`). `lsn` is where the WAL was written immediately before.
    From a connector that an earlier version configured, both are None.
    """

    system: Annotated[str, msgspec.Meta(max_length=20)]
    timeline: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    slot: str
    at_ms: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    catalogue: dict[str, str] = {}
    lsn: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    foreign_keys: dict[str, str] = {}
    schemas: dict[str, str] = {}
    faults: dict[str, list[str]] | None = None


_decoder = msgspec.json.Decoder(Heartbeat)


def decode(content: bytes) -> Heartbeat:
    """Decode the content of a message with the prefix `rowtide-hb`. Raises HeartbeatError."""
    try:
        return _decoder.decode(content)
    except msgspec.MsgspecError as error:
        raise HeartbeatError(f"Cannot decode a heartbeat: {error}.") from error


SYSTEM_QUERY = "SELECT system_identifier::text FROM pg_control_system()"
"""One row, one column: the identifier that `placeholder` takes. Any role may run it."""

DATABASE_QUERY = "SELECT datname::text, oid::int8 FROM pg_database WHERE datname = current_database()"
"""One row: the name of the session's database, and its oid, which tells a renamed database from another one."""


def placeholder(pipeline: str, system: str) -> str:
    """The text that replaces an unchanged TOAST value in a change event (`unavailable.value.placeholder`).

    It is derived, not stored: the connector's configuration and the worker compute it from the pipeline and the
    database's system identifier (`SYSTEM_QUERY`), so that both always agree and no ordinary text equals it by accident.
    """
    digest = hashlib.sha256(f"rowtide unavailable value\0{pipeline}\0{system}".encode()).hexdigest()
    return f"rowtide-unavailable-{digest[:32]}"


# The timeline that WAL is written to now; pg_control_checkpoint's lags behind after a promotion.
_TIMELINE = "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int"

# The second message makes a commit: a restarted Debezium that stopped at a commit holds everything back until it sees
# the next one, and an idle database has none. Its prefix is not captured, so the log shows an empty transaction.
_EMIT = """
SELECT pg_logical_emit_message(false, {prefix}, {content}), pg_logical_emit_message(true, 'commit', '')
FROM (SELECT json_build_object(
'system', (SELECT system_identifier::text FROM pg_control_system()),
'timeline', {timeline},
'slot', {slot}::text,
'at_ms', floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
'catalogue', ({catalogue}),
'foreign_keys', ({foreign_keys}),
'schemas', ({schemas}),
'faults', ({faults}),
'lsn', (pg_current_wal_insert_lsn() - '0/0')::bigint)::text AS body OFFSET 0) heartbeat
"""


def emit_query(
    pipeline: str, tables: Iterable[tuple[str, str]], signed: bool = False, secret_prefix: bool = False
) -> str:
    """The SQL of `heartbeat.action.query` for the captured (schema, name) pairs. Any role that can connect can run
    it; with `signed` or `secret_prefix`, in a session that has the pipeline's key (`cdc.log.signature`)."""
    prefix = literal(HEARTBEAT_PREFIX)
    content = signed_sql(prefix, "body") if signed else "body"
    captured = sorted(tables)
    return qualified(one_line(_EMIT)).format(
        prefix=secret_prefix_sql(prefix) if secret_prefix else prefix,
        content=content,
        slot=literal(slot_name(pipeline)),
        timeline=qualified(_TIMELINE),
        catalogue=catalogue_query(pipeline, captured),
        foreign_keys=foreign_keys_query(pipeline, captured),
        schemas=schemas_query(pipeline, captured),
        faults=faults_query(pipeline, captured),
    )


class SourceStatus(NamedTuple):
    """The source's own status. `wal_end` is the LSN at the end of its WAL; `slot` is read, unread or lost, None without
    a slot. `database` and `oid` are those of the session, `slot_database` that of the slot."""

    system: str
    timeline: int
    wal_end: int
    slot: str | None
    database: str = ""
    oid: int = 0
    slot_database: str | None = None


_SOURCE_STATUS = """
SELECT (SELECT system_identifier::text FROM pg_control_system()), {timeline}, (pg_current_wal_lsn() - '0/0')::bigint,
s.status, d.datname::text, d.oid::int8, s.slot_database
FROM pg_database d LEFT JOIN (
 SELECT CASE WHEN wal_status = 'lost' THEN 'lost' WHEN active THEN 'read' ELSE 'unread' END AS status,
  database::text AS slot_database
 FROM pg_replication_slots WHERE slot_name = {slot}) s ON true
WHERE d.datname = current_database() AND NOT pg_is_in_recovery()
"""


def source_status_query(pipeline: str) -> str:
    """The SQL of `SourceStatus`: one row of its columns, no row on a standby. Any role that can connect can run it."""
    return one_line(_SOURCE_STATUS).format(timeline=_TIMELINE, slot=literal(slot_name(pipeline)))
