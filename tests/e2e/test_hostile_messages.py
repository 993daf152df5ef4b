"""A login without a single grant emits forged and malformed control messages (`pg_logical_emit_message` is PUBLIC):
the connector and the worker continue, freshness stays correct, and no document is lost."""

from collections.abc import Iterator

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.envelope import decode
from cdc.log.heartbeat import Heartbeat
from cdc.log.names import slot_name
from tests.e2e.conftest import LivePipeline
from tests.support.servers.log_pipeline import read_topic
from tests.support.servers.pipeline import Pipeline

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


def messages(pipeline: Pipeline) -> list[tuple[str, bytes]]:
    other = Heartbeat("1", 1, slot_name("other"), 5, {})
    return [
        ("rowtide-snapshot", b"x"),
        ("rowtide-snapshot", b"99999999999999"),
        ("rowtide-snapshot", b"9" * 20),
        ("rowtide-hb", b"garbage"),
        ("rowtide-hb", b"\xff\x00\xfe"),
        ("rowtide-hb", b"x" * 5_000_000),
        ("rowtide-hb", msgspec.json.encode(other)),
    ]


def test_control_messages_by_anybody_are_skipped(pipeline: Pipeline, hostile: psycopg.Connection) -> None:
    forged = messages(pipeline)
    for transactional in (False, True):
        for prefix, content in forged:
            hostile.execute("SELECT pg_logical_emit_message(%s, %s, %s::bytea)", (transactional, prefix, content))
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as owner:
        owner.execute("INSERT INTO things VALUES (51, 'later')")
    fresh = pipeline.wait_fresh()
    assert fresh.state == "live"
    assert pipeline.verify() == {"things": 51}
    assert pipeline.metric("rowtide_control_messages_refused_total") == len(forged)
    assert "garbage" not in pipeline.log_tail()

    pipeline.kill_worker()
    pipeline.start_worker()
    assert pipeline.wait_live().state == "live"
    assert pipeline.verify() == {"things": 51}


def test_messages_with_other_prefixes_do_not_reach_the_topic(pipeline: Pipeline, hostile: psycopg.Connection) -> None:
    for prefix in ("rowtide-x", "rowtide-hb2", "a rowtide-hb", "ROWTIDE-HB", "rowtide-marker\nx"):
        # Larger than the producer's limit: a pattern such as `rowtide.*` would fail the connector's task.
        hostile.execute("SELECT pg_logical_emit_message(false, %s, repeat('x', 20000000))", (prefix,))
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as owner:
        owner.execute("INSERT INTO things VALUES (51, 'later')")
    assert pipeline.wait_fresh().state == "live"
    assert pipeline.verify() == {"things": 51}
    records = [decode(record.value() or b"") for record in read_topic(pipeline.place)]
    assert {record.message.prefix for record in records if record.message} <= {"rowtide-hb", "rowtide-marker"}
