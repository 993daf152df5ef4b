"""Connect killed during and just after the first snapshot: another one follows in the log, and nothing deleted comes back."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Literal

import msgspec
import psycopg
import pytest

from infra.native.stack import Stack
from tests.e2e.conftest import LivePipeline
from tests.support.servers.log_pipeline import SPEC, TABLES, count_things
from tests.support.servers.log_tail import Tail
from tests.support.servers.pipeline import Pipeline, execute
from tests.support.servers.services import Place

ROWS = """
INSERT INTO things SELECT n, repeat('long ', 600), n FROM generate_series(1, 1000) n;
INSERT INTO parts SELECT n, 1 + n % 1000, 'part ' || n FROM generate_series(1, 30000) n;
"""
WHILE_DOWN = """
DELETE FROM things WHERE id <= 50;
DELETE FROM parts WHERE id % 97 = 0;
UPDATE things SET price = price + 1000 WHERE id BETWEEN 100 AND 200;
UPDATE things SET id = id + 10000 WHERE id BETWEEN 201 AND 220;
"""
BATCH = 6
TURN_SECONDS = 0.03
"""Between two turns of the writer: several of them must fit between the reads of the second snapshot's tables."""
When = Literal["in the middle", "after the last row"]


@pytest.fixture
def pipeline(live_pipeline: LivePipeline) -> Pipeline:
    """Tables, and an init; neither connector nor worker yet."""
    return live_pipeline(SPEC, TABLES + ROWS, stage="source")


@contextmanager
def writing(place: Place) -> Iterator[None]:
    """Insert rows; two turns later change them beside their long values, then move some and delete some. A table that is read
    later than the stream begins does not show these as the stream needs them."""
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(place.dsn, autocommit=True) as connection:
            for first in range(100_000, 900_000, BATCH):
                ids = (first, first + BATCH - 1)
                old = (first - 2 * BATCH, first - BATCH - 1)
                connection.execute(
                    "INSERT INTO things SELECT n, repeat('new ', 600), n FROM generate_series(%s::int, %s::int) n", ids
                )
                connection.execute("UPDATE things SET price = price + 1 WHERE id BETWEEN %s AND %s", old)
                connection.execute(
                    "UPDATE things SET id = id + 1000000 WHERE id BETWEEN %s AND %s AND id %% 3 = 1", old
                )
                connection.execute("DELETE FROM things WHERE id BETWEEN %s AND %s AND id %% 3 = 2", old)
                if done.wait(TURN_SECONDS):
                    return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("when", ["in the middle", "after the last row"])
def test_connect_is_killed_at_its_first_snapshot(pipeline: Pipeline, stack: Stack, when: When) -> None:
    place = pipeline.place
    with closing(Tail(place, 0)) as log:
        applying = threading.Thread(target=pipeline.rowtide, args=("connectors", "apply"), kwargs={"check": False})
        applying.start()
        last = b'"snapshot":"last"'
        log.until(lambda value: last in value if when == "after the last row" else len(log.messages) == 2000)
        stack.kill("connect")
        applying.join()
        execute(place, WHILE_DOWN)
        pipeline.start_worker()
        pipeline.wait_state("snapshot")
        with writing(place):
            stack.restart("connect")
            pipeline.wait_live(180)
        pipeline.wait_fresh()
        log.to_the_end()
        records = [msgspec.json.decode(value) for value in log.read]
    first, second = dict.fromkeys(record["source"]["lsn"] for record in records if record.get("op") == "r")
    assert first < second
    assert any(last in value for value in log.read)
    assert changed_but_not_there(records, second), "no row was changed and deleted between the second snapshot's tables"
    assert pipeline.verify()["things"] == count_things(place)


def changed_but_not_there(records: list[dict[str, Any]], lsn: int) -> set[int]:
    """Ids of things that the stream changes and the snapshot does not show."""
    things = [record for record in records if (record.get("source") or {}).get("table") == "things"]
    shown = {record["after"]["id"] for record in things if record["op"] == "r" and record["source"]["lsn"] == lsn}
    return {record["after"]["id"] for record in things if record["op"] == "u"} - shown
