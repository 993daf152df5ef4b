"""What the worker does when another table takes the name of a captured one, on a real PostgreSQL."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.names import publication_name, role_name
from infra.native.stack import Stack
from read_model.catalog.catalog import TableName
from sync_worker.errors import SourceUnreadable
from sync_worker.resync.replaced_tables import ReplacedTables
from sync_worker.resync.source_snapshot import source_snapshot
from sync_worker.source import source_status
from sync_worker.source.publication import Refused, follow, writers
from tests.support.servers.services import Place, fresh_place

LINES = TableName("public", "lines")
COLUMNS = ("id", "label")
SCHEMA = """
CREATE TABLE lines (id int PRIMARY KEY, label text);
CREATE ROLE {role};
CREATE ROLE {reader} LOGIN PASSWORD 'reads';
GRANT SELECT ON lines TO {role}, {reader};
CREATE PUBLICATION {publication} FOR TABLE lines;
"""
SWAP = "DROP TABLE lines; CREATE TABLE lines (id int PRIMARY KEY, label text)"


@pytest.fixture(scope="module")
def servers(stack: Stack) -> Stack:
    stack.start()
    return stack


@pytest.fixture
def place(servers: Stack) -> Iterator[Place]:
    with fresh_place(servers.addresses) as place, psycopg.connect(place.dsn, autocommit=True) as source:
        names = {"role": role_name(place.pipeline), "publication": publication_name(place.pipeline)}
        reader = f"reader_{place.pipeline}"
        source.execute(SCHEMA.format(**names, reader=reader))
        yield place
        for role in (names["role"], reader):
            source.execute(SQL("DROP OWNED BY {}").format(Identifier(role)))
            source.execute(SQL("DROP ROLE {}").format(Identifier(role)))


@pytest.fixture
def source(place: Place) -> Iterator[psycopg.Connection]:
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        yield connection


def as_reader(place: Place) -> str:
    return make_conninfo(place.dsn, user=f"reader_{place.pipeline}", password="reads")


def wrong(place: Place) -> str:
    return source_status.capture_faults(place.dsn, place.pipeline, {LINES: COLUMNS})


def test_a_table_of_the_same_name_is_captured_again(place: Place, source: psycopg.Connection) -> None:
    assert wrong(place) == ""
    source.execute(SWAP)
    assert "not in publication" in wrong(place)
    assert "may not read it" in wrong(place)
    follow(place.dsn, place.pipeline, LINES, COLUMNS)
    assert wrong(place) == ""


def test_a_table_whose_updates_would_fail_is_left_alone(place: Place, source: psycopg.Connection) -> None:
    source.execute("DROP TABLE lines; CREATE TABLE lines (id int, label text)")
    with pytest.raises(Refused, match="no primary key"):
        follow(place.dsn, place.pipeline, LINES, COLUMNS)
    source.execute("INSERT INTO lines VALUES (1, 'a'); UPDATE lines SET label = 'b'")
    assert "not in publication" in wrong(place)


def test_a_role_that_owns_nothing_changes_nothing(place: Place, source: psycopg.Connection) -> None:
    source.execute(SWAP)
    with pytest.raises(Refused, match="does not own the publication"):
        follow(as_reader(place), place.pipeline, LINES, COLUMNS)
    owner = SQL("ALTER PUBLICATION {} OWNER TO {}").format(
        Identifier(publication_name(place.pipeline)), Identifier(f"reader_{place.pipeline}")
    )
    source.execute(
        SQL("GRANT CREATE ON DATABASE {} TO {}").format(
            Identifier(place.database), Identifier(f"reader_{place.pipeline}")
        )
    )
    source.execute(owner)
    with pytest.raises(Refused, match="The worker's role may not: "):
        follow(as_reader(place), place.pipeline, LINES, COLUMNS)
    assert "not in publication" in wrong(place)


def test_who_wrote_before_is_awaited_and_who_writes_since_is_not(place: Place, source: psycopg.Connection) -> None:
    tables = ReplacedTables(place.dsn, enabled=True)
    assert tables.awaited_writers([LINES]) == 0
    with (
        psycopg.connect(place.dsn) as before,
        psycopg.connect(place.dsn) as since,
        psycopg.connect(place.dsn) as reader,
    ):
        before.execute("INSERT INTO lines VALUES (1, 'before')")
        reader.execute("SELECT * FROM lines")
        assert len(writers(place.dsn, [LINES])) == 1
        assert tables.awaited_writers([LINES]) == 1
        since.execute("INSERT INTO lines VALUES (2, 'since')")
        assert tables.awaited_writers([LINES]) == 1
        before.commit()
        assert tables.awaited_writers([LINES]) == 0


def test_rows_that_the_worker_may_not_read_are_no_deleted_rows(place: Place, source: psycopg.Connection) -> None:
    with source_snapshot(as_reader(place), [LINES]):
        pass
    source.execute("ALTER TABLE lines ENABLE ROW LEVEL SECURITY")
    with (
        pytest.raises(SourceUnreadable, match="row-level security"),
        source_snapshot(as_reader(place), [LINES]) as snapshot,
    ):
        snapshot._value("SELECT count(*) FROM public.lines")
    source.execute(SQL("REVOKE SELECT ON lines FROM {}").format(Identifier(f"reader_{place.pipeline}")))
    with pytest.raises(SourceUnreadable, match="permission denied"), source_snapshot(as_reader(place), [LINES]):
        pass
