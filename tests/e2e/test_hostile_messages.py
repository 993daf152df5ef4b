"""A login without a single grant emits forged and malformed control messages (`pg_logical_emit_message` is PUBLIC):
the connector and the worker continue, freshness stays correct, and no document is lost."""

from collections.abc import Iterator

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.control import SnapshotMessage
from cdc.log.envelope import decode, logical_message
from cdc.log.heartbeat import Heartbeat
from cdc.log.lsn import Lsn
from cdc.log.marker import MARKER_QUERY
from cdc.log.names import (
    CONTROL_PREFIXES,
    HEARTBEAT_PREFIX,
    connector_name,
    control_key_file,
    marker_dsn_file,
    slot_name,
)
from cdc.log.signature import ControlKey
from connections.wait import wait_until
from tests.e2e.conftest import LivePipeline
from tests.support.servers.log_pipeline import read_topic
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import connect_client

SPEC = """\
pipeline: hostile
documents:
  things: {from: things, fields: [id, name]}
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, name text);
INSERT INTO things SELECT n, 'thing ' || n FROM generate_series(1, 50) n;
"""


@pytest.fixture
def pipeline(live_pipeline: LivePipeline) -> Pipeline:
    return live_pipeline(SPEC, SCHEMA)


@pytest.fixture
def hostile(pipeline: Pipeline) -> Iterator[psycopg.Connection]:
    """A login without any grant."""
    role = f"{pipeline.place.pipeline}_hostile"
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as owner:
        owner.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'hostile'").format(Identifier(role)))
        dsn = make_conninfo(pipeline.place.dsn, user=role, password="hostile")
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield connection
        owner.execute(SQL("DROP ROLE {}").format(Identifier(role)))


def messages(pipeline: Pipeline, hostile: psycopg.Connection) -> list[tuple[str, bytes]]:
    """Malformed ones, and perfect ones that only lack the signature: any login may read what they need."""
    other = Heartbeat("1", 1, slot_name("other"), 5, {})
    row = hostile.execute(
        "SELECT (SELECT system_identifier::text FROM pg_control_system()), pg_current_wal_insert_lsn() - '0/0'"
    ).fetchone()
    assert row is not None
    system, lsn = str(row[0]), int(row[1])
    slot = slot_name(pipeline.place.pipeline)
    snapshot = SnapshotMessage(slot, lsn, lsn)
    return [
        ("rowtide-snapshot", str(lsn).encode()),
        ("rowtide-snapshot", msgspec.json.encode(snapshot)),
        ("rowtide-snapshot", ControlKey("0" * 64).sign("rowtide-snapshot", msgspec.json.encode(snapshot))),
        ("rowtide-hb", msgspec.json.encode(Heartbeat("1", 1, slot, 5, {}))),
        ("rowtide-hb", msgspec.json.encode(Heartbeat(system, 99, slot, 5, {}))),
        ("rowtide-hb", msgspec.json.encode(Heartbeat(system, 1, slot, 2**52, {"public.things": "0"}))),
        ("rowtide-hb", b"0" * 64 + b" " + msgspec.json.encode(Heartbeat("1", 1, slot, 5, {}))),
        ("rowtide-snapshot", b"x"),
        ("rowtide-snapshot", b"99999999999999"),
        ("rowtide-snapshot", b"9" * 20),
        ("rowtide-hb", b"garbage"),
        ("rowtide-hb", b"\xff\x00\xfe"),
        ("rowtide-hb", b"x" * 5_000_000),
        ("rowtide-hb", msgspec.json.encode(other)),
    ]


def control_key(pipeline: Pipeline) -> ControlKey:
    return ControlKey((pipeline.folder / "secrets" / control_key_file(pipeline.place.pipeline)).read_text().strip())


def test_control_messages_by_anybody_are_skipped(pipeline: Pipeline, hostile: psycopg.Connection) -> None:
    """The login knows the secret prefixes, because it can read the topic, and has a copy of a genuine heartbeat."""
    forged, key = messages(pipeline, hostile), control_key(pipeline)
    records = [decode(record.value() or b"") for record in read_topic(pipeline.place)]
    copy = next(logical_message(record) for record in records if record.message)
    for transactional in (False, True):
        for prefix, content in [*forged, (HEARTBEAT_PREFIX, copy.content)]:
            emitted = transactional, key.secret_prefix(prefix), content
            hostile.execute("SELECT pg_logical_emit_message(%s, %s, %s::bytea)", emitted)
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as owner:
        owner.execute("INSERT INTO things VALUES (51, 'later')")
    fresh = pipeline.wait_fresh()
    assert fresh.state == "live"
    assert pipeline.verify() == {"things": 51}
    assert pipeline.metric("rowtide_control_messages_refused_total") == len(forged) - 1, "one is of another pipeline"
    assert "garbage" not in pipeline.log_tail()

    pipeline.kill_worker()
    pipeline.start_worker()
    assert pipeline.wait_live().state == "live"
    assert pipeline.verify() == {"things": 51}


def test_messages_with_other_prefixes_do_not_reach_the_topic(pipeline: Pipeline, hostile: psycopg.Connection) -> None:
    guessed = ControlKey("0" * 64).secret_prefix(HEARTBEAT_PREFIX)
    for prefix in (*CONTROL_PREFIXES, guessed, "rowtide-x", "rowtide-hb2", "a rowtide-hb", "rowtide-marker\nx"):
        # Larger than the producer's limit: one that is captured would fail the connector's task.
        hostile.execute("SELECT pg_logical_emit_message(false, %s, repeat('x', 20000000))", (prefix,))
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as owner:
        owner.execute("INSERT INTO things VALUES (51, 'later')")
    assert pipeline.wait_fresh().state == "live"
    assert pipeline.verify() == {"things": 51}
    records = [decode(record.value() or b"") for record in read_topic(pipeline.place)]
    secret = control_key(pipeline).secret_prefix(HEARTBEAT_PREFIX)
    assert {record.message.prefix for record in records if record.message} == {secret}
    assert pipeline.metric("rowtide_control_messages_refused_total") == 0, "the connector signs its heartbeats"


def test_the_key_is_shown_to_nobody(pipeline: Pipeline, hostile: psycopg.Connection) -> None:
    place, key = pipeline.place, control_key(pipeline)
    pads = [part.partition("=")[2] for part in key.session_options().split() if "=" in part]
    applied = pipeline.rowtide("connectors", "apply", "--wait", "60").stdout
    with psycopg.connect(place.dsn, autocommit=True) as owner:
        owner.execute("INSERT INTO things VALUES (51, 'later')")
        pipeline.wait_read(Lsn(pipeline.wait_fresh().searchable + 1))
        assert wait_until(lambda: "rowtide.inner" in activity(owner), 10), (
            "a heartbeat is the last query of its session"
        )
        shown = activity(owner)
    with connect_client(place.addresses) as connect:
        config = connect.get(f"/connectors/{connector_name(place.pipeline)}/config").text
    assert "driver.options" in config
    setting = str(hostile.execute("SELECT current_setting('rowtide.inner', true)").fetchone())
    assert not [pad for pad in pads if pad in config + shown + applied + setting + pipeline.log_tail()]
    assert key.secret_prefix(HEARTBEAT_PREFIX) not in shown + applied + setting + pipeline.log_tail()
    assert pipeline.metric("rowtide_control_messages_refused_total") == 0


def activity(owner: psycopg.Connection) -> str:
    return str(owner.execute("SELECT query, application_name FROM pg_stat_activity").fetchall())


def test_with_the_right_revoked_nobody_else_emits(pipeline: Pipeline, hostile: psycopg.Connection) -> None:
    place = pipeline.place
    warned = pipeline.rowtide("init")
    assert "--restrict-messages" in warned.stderr
    restricted = pipeline.rowtide("init", "--restrict-messages")
    assert (restricted.stderr, "may emit messages" in restricted.stdout) == ("", True)
    pipeline.rowtide("init", "--marker")
    marker = (pipeline.folder / "secrets" / marker_dsn_file(place.pipeline)).read_text()
    with psycopg.connect(marker, autocommit=True) as role:
        role.execute(MARKER_QUERY)
    with psycopg.connect(place.dsn, autocommit=True) as owner:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            hostile.execute("SELECT pg_logical_emit_message(false, 'rowtide-hb', 'x')")
        owner.execute("INSERT INTO things VALUES (51, 'later')")
        before = pipeline.wait_fresh().searchable
        # Only a heartbeat moves the watermark now.
        pipeline.wait_read(Lsn(before + 1))
    assert pipeline.wait_fresh().state == "live"
