"""The recovery that errors name: a new row store and a resnapshot; readers see the old documents until then.

The application writes throughout: nothing is lost between the old index and the new one.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.e2e.conftest import LivePipeline
from tests.support.paths import EXAMPLES
from tests.support.servers.pipeline import Pipeline, execute
from tests.support.servers.services import Place, elasticsearch_client
from writer.database import Database


def count(pipeline: Pipeline) -> int:
    """Orders that readers see."""
    with elasticsearch_client(pipeline.place.addresses) as client:
        return int(client.get(f"/{pipeline.place.pipeline}-orders/_count").json()["count"])


@contextmanager
def writing(place: Place) -> Iterator[None]:
    """Orders change and lose their lines, until the block ends."""
    done, errors = threading.Event(), list[Exception]()

    def write() -> None:
        try:
            with psycopg.connect(place.dsn, autocommit=True) as connection:
                number = 0
                while not done.wait(0.01):
                    number += 1
                    connection.execute(
                        "UPDATE orders SET notes = %s WHERE id = %s", (f"note {number}", 1 + number % 40)
                    )
                    if number % 20 == 0:
                        connection.execute("DELETE FROM order_lines WHERE order_id = %s", (number // 20 % 40,))
        except psycopg.Error as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert not errors, errors


def test_new_store_and_resnapshot_lose_no_write(place: Place, live_pipeline: LivePipeline) -> None:
    with Database(place.dsn) as database:
        database.create_schema()
        database.seed(50, seed=3)
    pipeline = live_pipeline((EXAMPLES / "orders.yaml").read_text(encoding="utf-8"), place=place)
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    pipeline.spec.write_text(pipeline.spec.read_text().replace("      - revision\n", ""))

    pipeline.start_worker()
    assert pipeline.ended() == 1
    assert "another version of the spec" in pipeline.log_tail()
    assert "--new-store" in pipeline.log_tail()

    execute(place, "DELETE FROM order_lines WHERE order_id = 1")
    pipeline.rowtide("connectors", "apply")
    pipeline.start_worker("--new-store")
    pipeline.wait_state("waiting")
    assert count(pipeline) == 50
    with writing(place):
        pipeline.rowtide("resnapshot")
        pipeline.wait_live()
        pipeline.wait_fresh()
    pipeline.wait_fresh()
    assert pipeline.verify()["orders"] == 50
