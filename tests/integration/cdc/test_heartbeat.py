"""What a heartbeat reports about tables, on a real server."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from cdc.log.catalogue import catalogue_query, faults_query, foreign_keys_query, renamed_schemas, schemas_query
from cdc.log.heartbeat import emit_query
from cdc.log.names import publication_name, role_name
from cdc.log.signature import ControlKey, generate_key, secret_prefix_sql, signed_sql
from infra.native.stack import Stack
from tests.support.servers.services import Place, fresh_place

TABLES = [("public", "orders"), ("public", "parents")]
SCHEMA = """
CREATE TYPE mood AS ENUM ('glad');
CREATE TYPE deep AS ENUM ('low');
CREATE DOMAIN depth AS deep;
CREATE DOMAIN depths AS depth[];
CREATE DOMAIN logged_depths AS depths;
CREATE TABLE orders (id int, region text, title text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE orders_eu PARTITION OF orders FOR VALUES IN ('eu') PARTITION BY RANGE (id);
CREATE TABLE orders_eu_few PARTITION OF orders_eu FOR VALUES FROM (1) TO (100);
CREATE TABLE orders_us PARTITION OF orders FOR VALUES IN ('us');
CREATE TABLE orders_asia (id int, region text, title text, PRIMARY KEY (id, region));
CREATE TABLE parents (id int PRIMARY KEY, mood mood, size int, depths logged_depths, twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE other (id int PRIMARY KEY);
"""

NOTHING = ""
BLINK = (
    "ALTER TABLE parents RENAME TO away; ALTER TABLE away RENAME TO parents",
    "CREATE SCHEMA attic; ALTER TABLE parents SET SCHEMA attic; ALTER TABLE attic.parents SET SCHEMA public",
    "ALTER PUBLICATION {publication} DROP TABLE parents; ALTER PUBLICATION {publication} ADD TABLE parents",
    "ALTER PUBLICATION {publication} SET TABLE orders, parents WHERE (id > 1);"
    " ALTER PUBLICATION {publication} SET TABLE orders, parents",
    "ALTER TYPE mood RENAME VALUE 'glad' TO 'sad'; ALTER TYPE mood RENAME VALUE 'sad' TO 'glad'",
    "ALTER TABLE parents ALTER twice SET EXPRESSION AS (id * 3); ALTER TABLE parents ALTER twice SET EXPRESSION AS (id * 2)",
    "CREATE TABLE copy (LIKE parents INCLUDING ALL); ALTER PUBLICATION {publication} ADD TABLE copy;"
    " DROP TABLE parents; ALTER TABLE copy RENAME TO parents",
)
"""Changes of one table that leave every definition as it was."""


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
        *((statement, "parents") for statement in BLINK),
        (
            "ALTER TABLE orders DETACH PARTITION orders_us;"
            " ALTER TABLE orders ATTACH PARTITION orders_us FOR VALUES IN ('us')",
            "orders",
        ),
        ("ALTER TYPE mood RENAME VALUE 'glad' TO 'sad'", "parents"),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON parents FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            None,
        ),
        ("TRUNCATE parents", None),
        ("INSERT INTO parents (id) SELECT generate_series(1, 1000); ANALYZE", None),
        ("REINDEX TABLE parents; CLUSTER parents USING parents_pkey", None),
        ("ALTER TABLE parents SET (fillfactor = 70)", None),
        ("COMMENT ON TABLE parents IS 'x'; GRANT UPDATE ON parents TO PUBLIC", None),
        ("GRANT USAGE ON SCHEMA public TO PUBLIC", None),
        ("ALTER TABLE parents ADD note text", "parents"),
        ("ALTER TABLE parents DROP mood", "parents"),
        ("ALTER TABLE parents RENAME mood TO state", "parents"),
        ("ALTER TABLE parents ALTER size TYPE bigint", "parents"),
        ("ALTER TABLE parents ALTER size TYPE int USING size + 1", "parents"),
        ("ALTER TABLE parents ALTER twice SET EXPRESSION AS (id * 3)", "parents"),
        ("ALTER TYPE mood ADD VALUE 'sad'", "parents"),
        ("ALTER TYPE deep ADD VALUE 'high'", "parents"),
        ("ALTER TABLE parents DROP CONSTRAINT parents_pkey, ADD PRIMARY KEY (id) DEFERRABLE", "parents"),
        (
            "ALTER TABLE parents DROP CONSTRAINT parents_pkey, ALTER size SET NOT NULL;"
            " ALTER TABLE parents ADD PRIMARY KEY (id) INCLUDE (size)",
            "parents",
        ),
        ("ALTER TABLE parents ALTER size SET NOT NULL", "parents"),
        ("ALTER TABLE parents ALTER mood SET STORAGE PLAIN", "parents"),
        (
            "CREATE UNIQUE INDEX again ON parents (id);"
            " ALTER TABLE parents DROP CONSTRAINT parents_pkey, ADD PRIMARY KEY USING INDEX again",
            None,
        ),
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


def schemas(source: psycopg.Connection, place: Place) -> dict[str, str]:
    row = source.execute(f"SELECT ({schemas_query(place.pipeline, TABLES)})::text").fetchone()
    assert row is not None
    return dict(json.loads(row[0]))


def test_a_schema_that_was_away(source: psycopg.Connection, place: Place) -> None:
    """A GRANT writes the schema's entry, too, and no row of a table."""
    with source.transaction(force_rollback=True):
        before = schemas(source, place)
        source.execute("GRANT CREATE ON SCHEMA public TO pg_monitor")
        granted = schemas(source, place)
        assert renamed_schemas(before, granted) == set()
    with source.transaction(force_rollback=True):
        source.execute("ALTER SCHEMA public RENAME TO away; ALTER SCHEMA away RENAME TO public")
        assert renamed_schemas(before, schemas(source, place)) == {"public"}


def test_vacuum_is_no_change(source: psycopg.Connection, place: Place) -> None:
    before = catalogue_hashes(source, place)
    source.execute("VACUUM (FULL, ANALYZE) parents")
    source.execute("VACUUM (FREEZE) parents")
    source.execute("VACUUM FULL pg_class")
    source.execute("VACUUM FULL pg_attribute")
    assert catalogue_hashes(source, place) == before


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        (NOTHING, []),
        ("ALTER TABLE parents RENAME TO away", ["absent"]),
        ("ALTER PUBLICATION {publication} DROP TABLE parents", ["unpublished"]),
        ("DROP PUBLICATION {publication}", ["unpublished"]),
        (
            "CREATE TABLE copy (LIKE parents INCLUDING ALL); DROP TABLE parents; ALTER TABLE copy RENAME TO parents",
            ["unpublished", "unreadable"],
        ),
        ("ALTER PUBLICATION {publication} SET (publish = 'insert')", ["operations"]),
        ("ALTER PUBLICATION {publication} SET TABLE orders, parents WHERE (id > 1)", ["filtered"]),
        (
            "ALTER PUBLICATION {publication} SET TABLE orders, parents (id, size)",
            ["hidden mood", "hidden depths", "hidden twice"],
        ),
        ("ALTER PUBLICATION {publication} SET (publish_generated_columns = none)", ["hidden twice"]),
        ("ALTER TABLE parents REPLICA IDENTITY NOTHING", ["identity-nothing"]),
        ("ALTER TABLE parents DROP CONSTRAINT parents_pkey", ["no-key"]),
        ("ALTER TABLE parents DROP CONSTRAINT parents_pkey, ADD PRIMARY KEY (id) DEFERRABLE", ["key-deferrable"]),
        ("CREATE UNIQUE INDEX one ON parents (id); ALTER TABLE parents REPLICA IDENTITY USING INDEX one", []),
        (
            "CREATE UNIQUE INDEX one ON parents (id); ALTER TABLE parents REPLICA IDENTITY USING INDEX one;"
            " DROP INDEX one",
            ["identity-dropped"],
        ),
        (
            "CREATE UNIQUE INDEX one ON parents (id); ALTER TABLE parents REPLICA IDENTITY USING INDEX one,"
            " DROP CONSTRAINT parents_pkey, ADD PRIMARY KEY (id) DEFERRABLE",
            ["keys-swap"],
        ),
        ("REVOKE SELECT ON parents FROM {role}", ["unreadable"]),
        ("REVOKE SELECT ON parents FROM {role}; GRANT SELECT (id) ON parents TO {role}", []),
        ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", ["unreadable"]),
        ("ALTER TABLE parents ENABLE ROW LEVEL SECURITY", ["row-security"]),
        ("CREATE TABLE child () INHERITS (parents)", ["inherited"]),
        (
            "CREATE TABLE top (LIKE parents INCLUDING GENERATED) PARTITION BY LIST (id); ALTER TABLE top ATTACH PARTITION parents DEFAULT",
            ["partition"],
        ),
    ],
)
def test_what_is_wrong_and_stays_wrong(
    source: psycopg.Connection, place: Place, statement: str, codes: list[str]
) -> None:
    names = {"publication": publication_name(place.pipeline), "role": role_name(place.pipeline)}
    with source.transaction(force_rollback=True):
        source.execute("CREATE ROLE {role}; GRANT SELECT ON orders, parents TO {role}".format(**names))
        source.execute(
            "ALTER PUBLICATION {publication} SET (publish_via_partition_root, publish_generated_columns = stored)".format(
                **names
            )
        )
        source.execute(statement.format(**names))
        row = source.execute(faults_query(place.pipeline, TABLES)).fetchone()
    assert row is not None
    assert row[0].get("public.parents", []) == codes


def test_partitions_that_are_published_under_their_own_names(source: psycopg.Connection, place: Place) -> None:
    row = source.execute(faults_query(place.pipeline, TABLES)).fetchone()
    assert row is not None
    assert row[0]["public.orders"] == ["leaves"]


def test_a_foreign_key_that_comes_and_goes(source: psycopg.Connection, place: Place) -> None:
    query = foreign_keys_query(place.pipeline, TABLES)
    with source.transaction(force_rollback=True):
        assert source.execute(query).fetchone() == ({},)
        before = catalogue_hashes(source, place)
        source.execute("ALTER TABLE parents ADD FOREIGN KEY (size) REFERENCES other")
        row = source.execute(query).fetchone()
        assert row is not None
        assert set(row[0]) == {"public.parents"}
        assert catalogue_hashes(source, place) == before, "no row has to be read for it"


def test_a_unique_key_that_comes_and_goes(source: psycopg.Connection, place: Place) -> None:
    query = foreign_keys_query(place.pipeline, TABLES)
    with source.transaction(force_rollback=True):
        before = catalogue_hashes(source, place)
        source.execute("ALTER TABLE parents ADD CONSTRAINT one UNIQUE (size)")
        unique = source.execute(query).fetchone()
        assert unique is not None
        assert set(unique[0]) == {"public.parents"}
        source.execute("CREATE UNIQUE INDEX again ON parents (size); CREATE INDEX ON parents (mood)")
        source.execute(
            "CREATE UNIQUE INDEX ON parents (mood) WHERE size > 0; CREATE UNIQUE INDEX ON parents ((id + 1))"
        )
        assert source.execute(query).fetchone() == unique, "these add no key"
        source.execute("DROP INDEX again; ALTER TABLE parents DROP CONSTRAINT one, ADD UNIQUE (size) DEFERRABLE")
        assert source.execute(query).fetchone() == ({},)
        assert catalogue_hashes(source, place) == before, "no row has to be read for it"


def test_a_key_that_was_deferrable_for_a_moment(source: psycopg.Connection, place: Place) -> None:
    """Under REPLICA IDENTITY FULL rows may have swapped their keys meanwhile."""
    with source.transaction(force_rollback=True):
        source.execute("ALTER TABLE parents REPLICA IDENTITY FULL")
        before = catalogue_hashes(source, place)
        for deferrable in ("DEFERRABLE", ""):
            source.execute(f"ALTER TABLE parents DROP CONSTRAINT parents_pkey, ADD PRIMARY KEY (id) {deferrable}")
        assert catalogue_hashes(source, place) != before


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
