"""What a heartbeat reports about tables, on a real server."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from cdc.log.heartbeat import catalogue_query, emit_query
from cdc.log.names import publication_name
from cdc.log.signature import ControlKey, generate_key, secret_prefix_sql, signed_sql
from infra.native.stack import Stack
from tests.support.servers.services import Place, fresh_place

TABLES = [("public", "orders"), ("public", "parents")]
SCHEMA = """
CREATE TYPE mood AS ENUM ('glad');
CREATE TABLE orders (id int, region text, title text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE orders_eu PARTITION OF orders FOR VALUES IN ('eu') PARTITION BY RANGE (id);
CREATE TABLE orders_eu_few PARTITION OF orders_eu FOR VALUES FROM (1) TO (100);
CREATE TABLE orders_us PARTITION OF orders FOR VALUES IN ('us');
CREATE TABLE orders_asia (id int, region text, title text, PRIMARY KEY (id, region));
CREATE TABLE parents (id int PRIMARY KEY, mood mood, size int, twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE other (id int PRIMARY KEY);
"""


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[Place]:
    """One for the whole module: what a test changes is rolled back."""
    stack.start()
    with fresh_place(stack.addresses) as place:
        yield place


@pytest.fixture(scope="module")
def source(place: Place) -> Iterator[psycopg.Connection]:
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute(f"CREATE PUBLICATION {publication_name(place.pipeline)} FOR TABLE orders, parents")
        yield connection


def catalogue_hashes(source: psycopg.Connection, place: Place) -> dict[str, str]:
    row = source.execute(f"SELECT ({catalogue_query(place.pipeline, TABLES)})::text").fetchone()
    assert row is not None
    return dict(json.loads(row[0]))


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("ALTER TABLE parents ADD note text", "parents"),
        ("ALTER TABLE parents DROP mood", "parents"),
        ("ALTER TABLE parents RENAME mood TO state", "parents"),
        ("ALTER TABLE parents ALTER size TYPE bigint", "parents"),
        ("ALTER TABLE parents ALTER size TYPE int USING size + 1", "parents"),
        ("ALTER TABLE parents ALTER twice SET EXPRESSION AS (id * 3)", "parents"),
        ("ALTER TYPE mood ADD VALUE 'sad'", "parents"),
        ("ALTER TABLE parents REPLICA IDENTITY FULL", "parents"),
        ("ALTER PUBLICATION {publication} DROP TABLE parents", "parents"),
        ("ALTER PUBLICATION {publication} SET TABLE orders, parents (id)", "parents"),
        ("ALTER PUBLICATION {publication} SET TABLE orders, parents WHERE (id > 1)", "parents"),
        ("ALTER TABLE orders ATTACH PARTITION orders_asia FOR VALUES IN ('asia')", "orders"),
        ("ALTER TABLE orders DETACH PARTITION orders_us", "orders"),
        ("ALTER TABLE orders_eu DETACH PARTITION orders_eu_few", "orders"),
        ("TRUNCATE orders_us", "orders"),
        ("TRUNCATE orders_eu_few", "orders"),
        ("DROP TABLE orders_eu", "orders"),
        ("ALTER TABLE other ADD note text", None),
        ("CREATE INDEX ON parents (mood)", None),
        ("ANALYZE parents", None),
        ("GRANT SELECT ON parents TO PUBLIC", None),
        ("ALTER TABLE parents ADD CHECK (size > 0), DISABLE TRIGGER ALL", None),
    ],
)
def test_a_definition_that_changes(source: psycopg.Connection, place: Place, statement: str, table: str | None) -> None:
    with source.transaction(force_rollback=True):
        before = catalogue_hashes(source, place)
        source.execute(statement.format(publication=publication_name(place.pipeline)))
        after = catalogue_hashes(source, place)
    assert set(before) == {"public.orders", "public.parents"}
    assert {name for name in before if before[name] != after[name]} == ({f"public.{table}"} if table else set())


def test_no_lock_of_the_application_holds_a_heartbeat_up(source: psycopg.Connection, place: Place) -> None:
    """Nor does it take one: DROP of a partition locks the other way round than a look at the partitions, which is a
    deadlock."""
    with psycopg.connect(place.dsn) as application:
        application.execute("LOCK TABLE orders, parents, other IN ACCESS EXCLUSIVE MODE")
        source.execute("SET lock_timeout = '1ms'")
        source.execute(emit_query(place.pipeline, TABLES, signed=False))
        with source.transaction():
            catalogue_hashes(source, place)
            taken = "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation >= 16384"
            assert source.execute(taken).fetchone() == (0,)


def test_postgresql_signs_what_the_worker_verifies(place: Place) -> None:
    key = ControlKey(generate_key())
    table = ("public", "Weird, ünï")
    with psycopg.connect(place.dsn, autocommit=True, options=key.session_options()) as session:
        row = session.execute(
            "SELECT " + signed_sql("'rowtide-hb'", "body") + ' FROM (SELECT \'{"at": "ünï"}\'::text AS body) message'
        ).fetchone()
        assert row is not None
        assert key.verify("rowtide-hb", bytes(row[0])) == '{"at": "ünï"}'.encode()
        prefix = session.execute("SELECT " + secret_prefix_sql("'rowtide-hb'")).fetchone()
        assert prefix == (key.secret_prefix("rowtide-hb"),)
        session.execute(emit_query(place.pipeline, [table], signed=True, secret_prefix=True))
        with psycopg.connect(place.dsn, autocommit=True) as other:
            seen = other.execute("SELECT current_setting('rowtide.inner', true)").fetchone()
            queries = other.execute("SELECT string_agg(query, ' ') FROM pg_stat_activity").fetchone()
    assert seen in ((None,), ("",))
    assert queries is not None
    assert "rowtide.inner" in queries[0]
    pads = [part.partition("=")[2] for part in key.session_options().split() if "=" in part]
    assert not [pad for pad in (*pads, key.secret_prefix("rowtide-hb")) if pad in queries[0]]
