"""Resync on request corrects a row store that differs from the database, while the application writes."""

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import psycopg

from cdc.log.names import publication_name
from read_model.sqlite import functions
from sync_worker.composition import ComposedWorker, compose
from sync_worker.resync.row_repair import RepairRequest
from sync_worker.settings import WorkerSettings
from tests.support.servers.pipeline import Pipeline, execute, prepared_pipeline
from tests.support.servers.services import Place

SPEC = """\
pipeline: reread
documents:
  orders:
    from: orders
    fields: [note]
    include:
      customer: {one: customers, fields: [name, since]}
      lines: {many: lines, fields: [number, amount]}
"""
SCHEMA = """
CREATE TABLE customers(id int PRIMARY KEY, name text, since timestamptz);
CREATE TABLE orders(id int PRIMARY KEY, customer_id int REFERENCES customers, note text);
CREATE TABLE lines(order_id int REFERENCES orders, number numeric(4, 1), amount numeric(12, 2), PRIMARY KEY (order_id, number));
INSERT INTO customers SELECT n, 'customer ' || n, now() FROM generate_series(1, 4) n;
INSERT INTO orders SELECT n, 1 + n % 4, repeat('note ', 900) FROM generate_series(1, 40) n;
INSERT INTO lines SELECT 1 + n % 40, n / 40, n / 7.0 FROM generate_series(1, 120) n;
"""
DAMAGE = """
UPDATE "row_public.orders" SET note = 'wrong', customer_id = 3 WHERE id IN (1, 2, 3);
DELETE FROM "row_public.lines" WHERE order_id = 4;
INSERT OR REPLACE INTO "row_public.lines" VALUES (5, 999, 1), (6, 998, 2);
UPDATE "row_public.customers" SET name = 'nobody' WHERE id = 3;
DELETE FROM "row_public.orders" WHERE id = 7;
INSERT INTO "row_public.orders"(id, customer_id, note) VALUES (70, 1, 'never was');
"""


@contextmanager
def worker_of(pipeline: Pipeline) -> Iterator[ComposedWorker]:
    """The pipeline's worker, in a thread of this process."""
    names = {name.removeprefix("ROWTIDE_").lower(): text for name, text in pipeline.environment.items()}
    texts: dict[str, Any] = {name: text for name, text in names.items() if name in WorkerSettings.model_fields}
    settings = WorkerSettings(**texts)
    stopping, workers = threading.Event(), queue.SimpleQueue[ComposedWorker | BaseException]()

    def work() -> None:
        try:
            with compose(settings, stopping) as worker:
                workers.put(worker)
                worker.assembled.loop.run()
        except BaseException as error:
            workers.put(error)
            raise

    thread = threading.Thread(target=work)
    thread.start()
    try:
        worker = workers.get(timeout=60)
        assert isinstance(worker, ComposedWorker), worker
        yield worker
    finally:
        stopping.set()
        thread.join(60)


def test_wrong_rows_are_put_right_under_load(place: Place, tmp_path: Path) -> None:
    with prepared_pipeline(place, tmp_path, SPEC, SCHEMA) as pipeline:
        pipeline.kill_worker(signal.SIGTERM)
        damage(pipeline.row_store)
        done = threading.Event()
        writer = threading.Thread(target=write, args=(place.dsn, done))
        writer.start()
        try:
            with worker_of(pipeline) as worker:
                ids = [str(n) for n in [*range(1, 21), 70]]
                answer = worker.repairs.submit(RepairRequest({f"{place.pipeline}-orders": ids})).result(60)
                assert answer.changed >= 3  # What the log brought back meanwhile does not count.
                assert answer.unsettled == 0
                unknown = worker.repairs.submit(RepairRequest({"other": ["1"]}))
                assert "other" in str(unknown.exception(30))
        finally:
            done.set()
            writer.join()
        execute(place, "UPDATE customers SET name = name || '!' WHERE id <> 3")
        pipeline.start_worker()
        pipeline.wait_fresh()
        assert pipeline.verify() == {"orders": 40}
        _a_column_that_the_publication_hides(pipeline, place)


def _a_column_that_the_publication_hides(pipeline: Pipeline, place: Place) -> None:
    """Each row of the log lacks it: the table is read at most once until the publication has it again."""
    log = pipeline.folder / "worker.log"
    before = log.read_text(encoding="utf-8").count("tables re-read")
    publish = f"ALTER PUBLICATION {publication_name(place.pipeline)} SET TABLE customers, lines, orders"
    execute(place, f"{publish} (id, customer_id)")
    for number in range(1, 9):
        execute(place, f"UPDATE orders SET note = 'hidden {number}' WHERE id = {number}")
    pipeline.wait_reason("leaves out the columns note")
    execute(place, "UPDATE orders SET note = 'later' WHERE id = 9")
    assert "leaves out the columns note" in pipeline.wait_fresh().reason
    assert log.read_text(encoding="utf-8").count("tables re-read") <= before + 1
    execute(place, publish)
    pipeline.wait_reason("")
    pipeline.wait_fresh()
    assert pipeline.verify() == {"orders": 40}


def damage(path: Path) -> None:
    """Put rows into the row store that the database does not have."""
    connection = apsw.Connection(str(path))
    functions.register(connection)
    connection.execute(DAMAGE)
    connection.close()


def write(dsn: str, done: threading.Event) -> None:
    """Change the same rows continuously, but not their long notes."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        number = 0
        while not done.wait(0.01):
            number += 1
            connection.execute("UPDATE orders SET customer_id = 1 + %s WHERE id = %s", (number % 4, 1 + number % 40))
            connection.execute("UPDATE lines SET amount = amount + 1 WHERE order_id = %s", (1 + number % 40,))
