"""The database is put back to an earlier state, under a pipeline that runs: a snapshot of its disk, then the same as a backup.

A server of its own, beside the stack's others."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.native.stack import Stack
from tests.support.servers.own_postgres import OwnPostgres, own_postgres
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import Place, fresh_place

SPEC = """\
pipeline: restored
documents:
  things:
    from: things
    fields: [id, note]
    include:
      parts: {many: parts, fields: [label]}
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, note text);
CREATE TABLE parts(id int PRIMARY KEY, thing_id int REFERENCES things ON DELETE CASCADE, label text);
INSERT INTO things SELECT n, 'first' FROM generate_series(1, 60) n;
INSERT INTO parts SELECT n, 1 + n % 60, 'part ' || n FROM generate_series(1, 120) n;
"""
LOST = """
INSERT INTO things SELECT n, repeat('lost ', 200) FROM generate_series(101, 3000) n;
UPDATE things SET note = 'lost' WHERE id <= 20;
DELETE FROM things WHERE id BETWEEN 30 AND 40;
UPDATE parts SET thing_id = 2 WHERE thing_id = 3;
"""
OTHER = """
INSERT INTO things SELECT n, 'other' FROM generate_series(5001, 5005) n;
UPDATE things SET note = 'other' WHERE id <= 3;
DELETE FROM things WHERE id = 50;
"""


@pytest.fixture
def postgres(stack: Stack) -> Iterator[OwnPostgres]:
    stack.start()
    with own_postgres(stack) as server:
        yield server


@pytest.fixture
def place(postgres: OwnPostgres) -> Iterator[Place]:
    with fresh_place(postgres.addresses) as made:
        yield made


def change(place: Place, statements: str) -> None:
    with psycopg.connect(place.dsn) as connection:
        connection.execute(statements)


def test_a_database_that_is_put_back(postgres: OwnPostgres, place: Place, tmp_path: Path) -> None:
    (tmp_path / "given.yaml").write_text(SPEC)
    change(place, SCHEMA)
    with Pipeline(place, tmp_path / "given.yaml", tmp_path) as pipeline:
        pipeline.start()
        pipeline.wait_live()
        postgres.copy()
        _put_back_and_out(postgres, pipeline, "the database was restored to an earlier state", as_a_backup=False)
        _put_back_and_out(postgres, pipeline, "its timeline was 1 and is 2", as_a_backup=True)


def _put_back_and_out(postgres: OwnPostgres, pipeline: Pipeline, said: str, *, as_a_backup: bool) -> None:
    change(pipeline.place, LOST)
    read = pipeline.wait_fresh()
    postgres.stop()
    postgres.put_back(as_a_backup=as_a_backup)
    postgres.start()
    change(pipeline.place, OTHER)
    assert postgres.wal_end() < read.watermark
    assert pipeline.ended() == 1, pipeline.log_tail()
    assert said in pipeline.log_tail()
    assert "--new-store" in pipeline.log_tail()

    if as_a_backup:
        pipeline.start_worker()
        assert pipeline.ended(120) == 1, "it says so again, at each start"
    pipeline.start_worker("--new-store")
    pipeline.wait_state("waiting")
    pipeline.rowtide("resnapshot")
    fresh = pipeline.wait_live()
    assert fresh.epoch > read.epoch
    change(pipeline.place, "UPDATE things SET note = 'after' WHERE id = 60")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == 64
