"""kill -9 of each part under load; then the documents equal the database."""

from collections.abc import Callable
from functools import partial

import apsw
import psycopg
import pytest

from connections.wait import wait_until
from infra.native.stack import Stack
from infra.settings import Service
from rowtide.conformance.fault_proxy import FaultProxy
from tests.e2e.conftest import LivePipeline
from tests.support.paths import EXAMPLES
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import Place
from writer.database import Database
from writer.load import Limit, RunningLoad
from writer.workload import commands

SEED = 20
EACH = 150
"""Commands committed before each fault, at least."""

KILLS = 3


@pytest.fixture
def shop(place: Place, live_pipeline: LivePipeline) -> Pipeline:
    """The order application's pipeline, loaded and live."""
    with Database(place.dsn) as database:
        database.create_schema()
        database.seed(300, seed=SEED)
    return live_pipeline((EXAMPLES / "orders.yaml").read_text(encoding="utf-8"), place=place)


def test_snapshot_and_stream_give_equal_documents(shop: Pipeline) -> None:
    compared = shop.verify()
    assert compared["orders"] == 300
    with Database(shop.place.dsn) as database:
        load = RunningLoad(database, commands(SEED, world=database.world()), rate=None, limit=Limit(commands=600))
        load.wait()
    shop.wait_fresh()
    assert shop.verify()["orders"] > 300


@pytest.mark.parametrize("victim", ["connect", "elasticsearch", "kafka"])
def test_killed_under_load(shop: Pipeline, stack: Stack, victim: Service) -> None:
    with Database(shop.place.dsn) as database:
        load = RunningLoad(database, commands(SEED, world=database.world()), rate=100, limit=Limit(commands=3 * EACH))
        until(lambda: load.counts.committed > EACH)
        stack.kill(victim)
        before = load.counts.committed
        stack.restart(victim)
        load.wait()
        assert load.counts.committed > before, "nothing was written while it was down"
    shop.wait_fresh()
    shop.verify()


def test_the_worker_is_killed_in_mid_batch(shop: Pipeline, wire: FaultProxy) -> None:
    """Elasticsearch indexes small bulks of a change to every document, but the worker dies before an answer arrives."""
    shop.kill_worker()
    shop.environment["ROWTIDE_WORKER_BULK_DOCUMENTS"] = "10"
    shop.environment["ROWTIDE_ELASTICSEARCH_URL"] = wire.url
    shop.start_worker()
    shop.wait_live()
    with Database(shop.place.dsn) as database:
        load = RunningLoad(database, commands(SEED, world=database.world()), rate=50, limit=Limit(seconds=300))
        for number in range(1, KILLS + 1):
            until(partial(has_committed, load, number * EACH // KILLS))
            unanswered = wire.hits
            wire.set_mode("lose")
            with psycopg.connect(shop.place.dsn, autocommit=True) as connection:
                connection.execute("UPDATE products SET name = name || '.'")
            until(partial(are_in_flight, shop, wire, unanswered))
            shop.kill_worker()
            assert left_pending(shop) > 0, "the worker took a lost answer for an acknowledgement"
            wire.set_mode("pass")
            shop.start_worker()
            shop.wait_live()
        load.stop()
    shop.wait_fresh()
    shop.verify()


def are_in_flight(shop: Pipeline, wire: FaultProxy, unanswered: int) -> bool:
    """Whether the worker has documents to send, and Elasticsearch has executed a request whose answer was lost."""
    fresh = shop.freshness()
    return wire.hits > unanswered and fresh is not None and fresh.pending > 0


def has_committed(load: RunningLoad, commands: int) -> bool:
    return load.counts.committed > commands


def until(condition: Callable[[], bool]) -> None:
    """Wait for the moment of a fault."""
    assert wait_until(condition, 60, pause_seconds=0.005), "the moment did not come"


def left_pending(pipeline: Pipeline) -> int:
    """How many documents wait in the row store of a worker that is gone."""
    connection = apsw.Connection(str(pipeline.row_store))
    try:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'pending_*'"
        ).fetchall()
        counts = [connection.execute(f'SELECT count(*) FROM "{name}"').get for (name,) in tables]
    finally:
        connection.close()
    return sum(counts)
