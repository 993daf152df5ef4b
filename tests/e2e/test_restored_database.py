"""The database is restored to an earlier state under a running pipeline: from a snapshot of its disk, and from a backup."""

from collections.abc import Iterator

import pytest

from infra.native.stack import Stack
from tests.e2e.conftest import LivePipeline
from tests.support.servers.own_postgres import OwnPostgres, own_postgres
from tests.support.servers.pipeline import Pipeline, execute
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
    with fresh_place(postgres.addresses) as place:
        yield place


def test_a_restored_database_is_detected_and_a_new_store_recovers(
    postgres: OwnPostgres, place: Place, live_pipeline: LivePipeline
) -> None:
    pipeline = live_pipeline(SPEC, SCHEMA, place=place)
    postgres.copy()
    _restore_and_recover(postgres, pipeline, "the database was restored to an earlier state", as_a_backup=False)
    _restore_and_recover(postgres, pipeline, "its timeline was 1 and is 2", as_a_backup=True)


def _restore_and_recover(postgres: OwnPostgres, pipeline: Pipeline, message: str, *, as_a_backup: bool) -> None:
    execute(pipeline.place, LOST)
    read = pipeline.wait_fresh()
    postgres.stop()
    postgres.put_back(as_a_backup=as_a_backup)
    postgres.start()
    execute(pipeline.place, OTHER)
    assert postgres.wal_end() < read.watermark
    assert pipeline.ended() == 1, pipeline.log_tail()
    assert message in pipeline.log_tail()
    assert "--new-store" in pipeline.log_tail()

    if as_a_backup:
        pipeline.start_worker()
        assert pipeline.ended(120) == 1, "it reports this at each start"
    pipeline.start_worker("--new-store")
    pipeline.wait_state("waiting")
    pipeline.rowtide("resnapshot")
    fresh = pipeline.wait_live()
    assert fresh.epoch > read.epoch
    execute(pipeline.place, "UPDATE things SET note = 'after' WHERE id = 60")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == 64
