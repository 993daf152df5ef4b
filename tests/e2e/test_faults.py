"""kill -9 of each part under load; then the documents equal the database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from infra.settings import Service
from infra.stack import Stack
from tests.support.pipeline import Pipeline
from tests.support.services import CHECKOUT, Place
from writer.database import Database
from writer.load import Limit, RunningLoad
from writer.workload import commands

SEED = 20
EACH = 150
"""Commands before and after each fault."""


@pytest.fixture
def shop(place: Place, tmp_path: Path) -> Iterator[Pipeline]:
    """The order application's pipeline, loaded and live."""
    with Database(place.dsn) as database:
        database.create_schema()
        database.seed(300, seed=SEED)
    with Pipeline(place, CHECKOUT / "examples" / "orders.yaml", tmp_path) as pipeline:
        pipeline.start()
        pipeline.wait_live()
        yield pipeline


def test_snapshot_and_stream_give_equal_documents(shop: Pipeline) -> None:
    compared = shop.verify()
    assert compared["orders"] == 300
    with Database(shop.place.dsn) as database:
        load = RunningLoad(database, commands(SEED, world=database.world()), rate=None, limit=Limit(commands=600))
        load.wait()
    shop.wait_fresh()
    assert shop.verify()["orders"] > 300


@pytest.mark.parametrize("victim", ["worker", "connect", "elasticsearch", "kafka"])
def test_killed_under_load(shop: Pipeline, stack: Stack, victim: Service | Literal["worker"]) -> None:
    with Database(shop.place.dsn) as database:
        load = RunningLoad(database, commands(SEED, world=database.world()), rate=100, limit=Limit(commands=2 * EACH))
        if victim == "worker":
            shop.kill_worker()
            shop.start_worker()
        else:
            stack.kill(victim)
            stack.restart(victim)
        load.wait()
        assert load.counts.committed > EACH
    shop.wait_fresh()
    shop.verify()
