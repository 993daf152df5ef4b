"""Heartbeats, the clock of the log: their content, and the SQL that emits them.

The connector runs `emit_query` every `heartbeat.interval.ms`; the message comes back through the log with its own LSN.
It carries what no change event does: which database this is (so that a restored or failed-over one is noticed before
its LSNs are misread), when it was emitted, and hashes of the captured tables' definitions (DDL can change rows without
an event).
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec

from cdc.log.names import HEARTBEAT_PREFIX, publication_name, slot_name
from cdc.log.recovery import Recovery
from cdc.log.signature import secret_prefix_sql, signed_sql


class HeartbeatError(Exception):
    """A heartbeat whose content is not of the agreed form: another version of Rowtide configured the connector."""

    exit_code = 1
    recovery = Recovery.APPLY_CONNECTOR


class Heartbeat(msgspec.Struct, frozen=True):
    """The content of a heartbeat.

    `system` is pg_control_system's identifier as text; `at_ms` is the database's clock (Unix ms) at emission.
    `catalogue` maps `schema.table` of every captured table to a hash of its definition as the log sees it: columns,
    types, enum labels, generation expressions, key, replica identity, partitions and publication; an absent table is
    absent. `lsn` is where the WAL was written immediately before; None from a connector that an earlier version
    configured.
    """

    system: Annotated[str, msgspec.Meta(max_length=20)]
    timeline: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    slot: str
    at_ms: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    catalogue: dict[str, str] = {}
    lsn: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


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


# Reads only what every role may read, and only catalogue tables. Functions like pg_partition_tree, pg_get_expr and
# those behind pg_publication_tables lock the tables: the application's DDL would wait for a heartbeat, or deadlock with
# it (DROP of a partition locks the parent first, pg_partition_tree the partitions), and no heartbeat would come while
# DDL holds its lock. xmin of a column's entry shows that the column was altered at all: TYPE with the same type and a
# USING that changes values leaves no other trace. (SET STATISTICS and GRANT on a column look the same.) File numbers
# only of partitions: a TRUNCATE of one partition emits no event when the publication publishes via the root, and a new
# file is its only trace. (VACUUM FULL of a partition looks the same.)
_CATALOGUE = """
SELECT coalesce(json_object_agg(n.nspname || '.' || c.relname, md5(concat_ws('|',
  c.relkind, c.relreplident, c.relrowsecurity,
  (SELECT string_agg(concat_ws(' ', a.attnum, a.xmin, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated,
      CASE WHEN a.attgenerated <> '' THEN d.adbin::text END,
      (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid)),
      ';' ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT string_agg(concat_ws(' ', i.indisprimary, i.indisreplident, i.indkey), ';'
      ORDER BY i.indisprimary, i.indkey::text)
    FROM pg_index i WHERE i.indrelid = c.oid AND (i.indisprimary OR i.indisreplident)),
  (WITH RECURSIVE below(oid) AS (
      SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid
      UNION ALL SELECT i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.oid)
    SELECT string_agg(concat_ws(' ', b.oid, CASE WHEN c.relkind = 'p' THEN pg_relation_filenode(b.oid) END), ','
      ORDER BY b.oid)
    FROM below b),
  (SELECT concat_ws(' ', p.oid, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
      to_json(p) ->> 'pubgencols', r.oid IS NOT NULL, r.prattrs, r.prqual, EXISTS (
        SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace))
    FROM pg_publication p LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
    WHERE p.pubname = {publication})))), '{{}}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (n.nspname, c.relname) IN ({tables})
"""

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
'lsn', (pg_current_wal_insert_lsn() - '0/0')::bigint)::text AS body OFFSET 0) heartbeat
"""


def emit_query(
    pipeline: str, tables: Iterable[tuple[str, str]], signed: bool = False, secret_prefix: bool = False
) -> str:
    """The SQL of `heartbeat.action.query` for the captured (schema, name) pairs. Any role that can connect can run
    it; with `signed` or `secret_prefix`, in a session that has the pipeline's key (`cdc.log.signature`)."""
    prefix = _literal(HEARTBEAT_PREFIX)
    content = signed_sql(prefix, "body") if signed else "body"
    prefix = secret_prefix_sql(prefix) if secret_prefix else prefix
    slot, catalogue = _literal(slot_name(pipeline)), catalogue_query(pipeline, tables)
    return _qualified(_one_line(_EMIT)).format(
        prefix=prefix, content=content, slot=slot, timeline=_qualified(_TIMELINE), catalogue=catalogue
    )


def catalogue_query(pipeline: str, tables: Iterable[tuple[str, str]]) -> str:
    """The SQL of `Heartbeat.catalogue`: one row, one column of JSON."""
    pairs = ", ".join(f"({_literal(schema)}, {_literal(name)})" for schema, name in sorted(tables))
    return _qualified(_one_line(_CATALOGUE)).format(publication=_literal(publication_name(pipeline)), tables=pairs)


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
    return _one_line(_SOURCE_STATUS).format(timeline=_TIMELINE, slot=_literal(slot_name(pipeline)))


def _one_line(text: str) -> str:
    return " ".join(text.split())


_FUNCTION = re.compile(r"(?<![\w.])(\w+)\(")
_SYNTAX = frozenset({"coalesce", "extract", "below", "bit"})
"""What looks like a call and is none."""


def _qualified(sql: str) -> str:
    """Call functions of pg_catalog by their full name: a function of the same name in `public` that fits the arguments
    better would run with the rights of the connector's role."""
    return _FUNCTION.sub(lambda call: call[0] if call[1] in _SYNTAX else f"pg_catalog.{call[0]}", sql)


def _literal(text: str) -> str:
    """Quote a text for SQL, whatever `standard_conforming_strings` is."""
    quoted = text.replace("'", "''")
    return " E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in quoted else f"'{quoted}'"
