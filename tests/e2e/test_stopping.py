"""SIGTERM in each phase of a worker: it ends with exit code 0, and the next one continues to equal documents.

Between the stages of the loop: tests/unit/sync_worker/loop/test_stopping.py."""

import random
import signal
import threading
import time
from collections.abc import Callable

import apsw
import httpx
import psycopg
import pytest

from connections.wait import wait_until
from tests.e2e.conftest import LivePipeline
from tests.support.servers.pipeline import Pipeline, execute
from tests.support.servers.services import elasticsearch_client

SPEC = """\
pipeline: stopping
documents:
  things:
    from: things
    fields: [id, note, price]
    include:
      parts: {many: parts, fields: [label]}
"""
THINGS = 3_000
SCHEMA = f"""
CREATE TABLE things(id int PRIMARY KEY, note text, price int);
CREATE TABLE parts(id int PRIMARY KEY, thing_id int REFERENCES things, label text);
INSERT INTO things SELECT n, 'note ' || n, n FROM generate_series(1, {THINGS}) n;
INSERT INTO parts SELECT n, 1 + n % {THINGS}, 'part ' || n FROM generate_series(1, 12000) n;
"""
BOUND = 20.0
"""Seconds that a stop may take; with a free machine it is less than one."""


@pytest.fixture(scope="module")
def pipeline(shared_pipeline: LivePipeline) -> Pipeline:
    """The pipeline; its worker has not run yet. Bulks and the spool's threshold are small, so that there is time to stop."""
    return shared_pipeline(
        SPEC, SCHEMA, stage="connector", lease_seconds=4, bulk_documents=100, read_messages=500, spool_after=1000
    )


def stop(pipeline: Pipeline) -> None:
    """Stop the worker; it ends in time, without an error."""
    began = time.monotonic()
    assert pipeline.kill_worker(signal.SIGTERM) == 0, pipeline.log_tail()
    assert time.monotonic() - began < BOUND


def at_work(pipeline: Pipeline) -> None:
    """A worker runs, and has processed everything before."""
    if pipeline.worker is None:
        pipeline.start_worker()
    pipeline.wait_live()


def proved(pipeline: Pipeline) -> None:
    """A new worker produces equal documents."""
    pipeline.start_worker()
    pipeline.wait_live()
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == THINGS


def until(condition: Callable[[], bool]) -> None:
    """Wait for the moment to stop."""
    assert wait_until(condition, 60, pause_seconds=0.01), "the moment to stop did not come"


def stored_rows(pipeline: Pipeline, table: str) -> int:
    """How many rows a table of the row store has."""
    connection = apsw.Connection(str(pipeline.row_store), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5000)
        return int(connection.execute(f'SELECT count(*) FROM "{table}"').get or 0)
    finally:
        connection.close()


def test_while_the_snapshot_is_read_and_while_it_is_loaded(pipeline: Pipeline) -> None:
    pipeline.start_worker()
    pipeline.wait_state("snapshot")
    stop(pipeline)
    pipeline.start_worker()
    pipeline.wait_state("loading")
    stop(pipeline)
    proved(pipeline)


def test_while_changed_tables_are_read_anew(pipeline: Pipeline) -> None:
    at_work(pipeline)
    with psycopg.connect(pipeline.place.dsn) as connection:
        connection.execute("ALTER TABLE things ALTER price TYPE bigint USING price + 1")
        connection.commit()
        connection.execute("LOCK TABLE things IN ACCESS EXCLUSIVE MODE")
        pipeline.wait_reason("changed. The rows are being re-read")
        stop(pipeline)
        pipeline.start_worker()
        pipeline.wait_reason("re-read")
        stop(pipeline)
    proved(pipeline)


def test_while_rows_are_read_again_for_a_repair(pipeline: Pipeline) -> None:
    at_work(pipeline)
    wish = {"document": f"{pipeline.place.pipeline}-things", "ids": [str(id_) for id_ in range(1, 200)]}
    answers: list[int] = []

    def repair() -> None:
        answers.append(
            httpx.post(
                f"{pipeline.url}/repairs", json=wish, headers=pipeline.signed, timeout=60, trust_env=False
            ).status_code
        )

    with psycopg.connect(pipeline.place.dsn) as connection:
        connection.execute("LOCK TABLE things IN ACCESS EXCLUSIVE MODE")
        repairing = threading.Thread(target=repair)
        repairing.start()
        waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'things'::regclass AND NOT granted)"
        until(lambda: connection.execute(waiting).fetchone() == (True,))
        stop(pipeline)
    repairing.join()
    assert answers in ([409], [503]), "a waiting reader is answered"
    proved(pipeline)


def test_while_a_large_transaction_is_spooled(pipeline: Pipeline) -> None:
    at_work(pipeline)
    changing = threading.Thread(target=execute, args=(pipeline.place, "UPDATE parts SET label = label || '.'"))
    changing.start()
    until(lambda: stored_rows(pipeline, "spool") > 0)
    stop(pipeline)
    assert stored_rows(pipeline, "spool") > 0, "the transaction was over already"
    changing.join()
    proved(pipeline)


def test_while_elasticsearch_refuses(pipeline: Pipeline) -> None:
    at_work(pipeline)
    name = f"{pipeline.place.pipeline}-things"
    with elasticsearch_client(pipeline.place.addresses) as client:
        client.put(f"/{name}/_settings", json={"index.blocks.write": True}).raise_for_status()
        execute(pipeline.place, "UPDATE things SET price = price + 1 WHERE id <= 500")
        until(lambda: (fresh := pipeline.freshness()) is not None and fresh.pending > 0)
        stop(pipeline)
        pipeline.start_worker()
        until(lambda: (fresh := pipeline.freshness()) is not None and fresh.pending > 0)
        stop(pipeline)
        client.put(f"/{name}/_settings", json={"index.blocks.write": None}).raise_for_status()
    proved(pipeline)


def test_at_any_moment_under_load(pipeline: Pipeline) -> None:
    at_work(pipeline)
    dice = random.Random(7)
    done, pause = threading.Event(), threading.Event()

    def write() -> None:
        with psycopg.connect(pipeline.place.dsn, autocommit=True) as connection:
            while not done.wait(0.005):
                connection.execute(
                    "UPDATE parts SET label = label || '.' WHERE id %% 4000 = %s", (dice.randrange(4000),)
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            pipeline.wait_state("live")
            pause.wait(dice.random() / 3)
            stop(pipeline)
            pipeline.start_worker()
    finally:
        done.set()
        writer.join()
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == THINGS
