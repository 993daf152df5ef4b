"""DDL that changes rows without an event in the log is detected and corrected by a resync, while the application writes."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.e2e.conftest import LivePipeline
from tests.support.servers.pipeline import Pipeline

SCHEMA = """
CREATE TABLE maker (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE item (id int PRIMARY KEY, maker_id int REFERENCES maker, price numeric(10, 2), note text);
CREATE TABLE visit (id int, year int, what text, item_id int REFERENCES item ON UPDATE CASCADE, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
CREATE TABLE visit_2024 PARTITION OF visit FOR VALUES IN (2024);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES IN (2025);
CREATE TABLE visit_2026 (LIKE visit INCLUDING ALL);
INSERT INTO maker SELECT n, 'maker ' || n FROM generate_series(1, 5) n;
INSERT INTO item SELECT n, 1 + n % 5, n, repeat('long ', 1000) FROM generate_series(1, 60) n;
INSERT INTO visit SELECT n, 2024 + n % 2, 'visit ' || n, 1 + n % 60 FROM generate_series(1, 200) n;
INSERT INTO visit_2026 SELECT n, 2026, 'late ' || n, 1 + n % 60 FROM generate_series(1, 40) n;
"""

SPEC = """\
pipeline: ddl
documents:
  items:
    from: item
    fields: [id, price, note]
    include:
      maker: {one: maker, fields: [name]}
      visits: {many: visit, fields: [id, year, what]}
  makers:
    from: maker
    fields: [id, name]
"""


@contextmanager
def writing(dsn: str) -> Iterator[None]:
    """An application that changes items, some of their long texts not among the changes, until the block ends."""
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            number = 0
            while not done.wait(0.005):
                number += 1
                connection.execute(
                    "UPDATE item SET maker_id = 1 + (maker_id + 1) %% 5 WHERE id = %s", (1 + number % 60,)
                )
                connection.execute("UPDATE visit SET what = what || '.' WHERE id = %s", (1 + number % 200,))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def wait_healed(pipeline: Pipeline) -> None:
    """Wait until the changed tables were re-read and the worker is `live` again."""
    pipeline.wait_reason("")
    pipeline.wait_fresh()
    pipeline.wait_state("live")


def test_ddl_under_load_is_followed_by_a_resync(live_pipeline: LivePipeline) -> None:
    pipeline = live_pipeline(SPEC, SCHEMA)
    pipeline.verify()
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as connection:
        for change in (
            "ALTER TABLE visit DETACH PARTITION visit_2024",
            "ALTER TABLE visit ATTACH PARTITION visit_2026 FOR VALUES IN (2026)",
            "ALTER TABLE item ALTER price TYPE numeric(10, 2) USING price + 1, ALTER id SET DEFAULT 0, ADD COLUMN more text DEFAULT 'x'",
            "ALTER TABLE item ALTER price TYPE int USING (price * 2)::int",
        ):
            with writing(pipeline.place.dsn):
                connection.execute(change)
                pipeline.wait_state("degraded")
                wait_healed(pipeline)
            pipeline.wait_fresh()
            assert pipeline.verify()["items"] == 60, change

        # A type that old rows of the log do not fit, with the worker away.
        pipeline.kill_worker(signal.SIGTERM)
        connection.execute("UPDATE item SET note = note || 'x' WHERE id < 10")
        connection.execute("ALTER TABLE item ALTER price TYPE text USING 'about ' || price")
        connection.execute("UPDATE item SET price = price || '!', id = id + 1000 WHERE id < 5")
        pipeline.start_worker()
        pipeline.wait_fresh()
        wait_healed(pipeline)
        assert pipeline.verify()["items"] == 60

        connection.execute("ALTER TABLE item DROP COLUMN note")
        assert pipeline.ended() == 1
        assert "note" in pipeline.log_tail()
        assert "line" in pipeline.log_tail() or "spec.yaml:5" in pipeline.log_tail()
        assert "--new-store" in pipeline.log_tail()
