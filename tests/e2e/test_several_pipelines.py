"""Several pipelines on one database: each follows it, and none harms another."""

import re
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg
import pytest

from tests.e2e.conftest import LivePipeline
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import Place, delete_connector, elasticsearch_client

SPEC = """\
pipeline: several
documents:
  things: {from: things, fields: [id, name]}
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, name text, priority int);
INSERT INTO things SELECT n, 'thing ' || n, n FROM generate_series(1, 50) n;
"""


@pytest.fixture
def pipeline(live_pipeline: LivePipeline) -> Pipeline:
    return live_pipeline(SPEC, SCHEMA)


@pytest.fixture
def neighbour(pipeline: Pipeline, live_pipeline: LivePipeline) -> Iterator[Pipeline]:
    """Another pipeline on the same database, live too."""
    with other_pipeline(pipeline.place, "b") as place:
        yield live_pipeline(SPEC, place=place)


@contextmanager
def other_pipeline(place: Place, suffix: str) -> Iterator[Place]:
    """The name of another pipeline on the same database; its connector is deleted at the end."""
    other = replace(place, pipeline=place.pipeline + suffix)
    yield other
    delete_connector(other)


def test_pipelines_live_on_one_database(pipeline: Pipeline, neighbour: Pipeline, live_pipeline: LivePipeline) -> None:
    both = (pipeline, neighbour)
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as source:
        beats = [each.freshness() for each in both]
        for round_ in range(5):
            source.execute("UPDATE things SET name = %s WHERE id %% 5 = %s", (f"round {round_}", round_))
            for each, before in zip(both, beats, strict=True):
                assert before is not None
                assert each.wait_fresh().searchable > before.searchable
        source.execute("DELETE FROM things WHERE id > 40")
    for each in both:
        fresh = each.wait_fresh()
        assert (fresh.state, fresh.reason) == ("live", "")
        assert each.metric("rowtide_control_messages_refused_total") == 0
        assert "skipped" not in each.log_tail()
        assert each.verify() == {"things": 40}
    _commands_do_not_believe_the_neighbour(pipeline, neighbour)
    _documents_of_a_pipeline_that_is_down_are_not_taken(pipeline, live_pipeline)
    _a_new_column_in_the_spec_is_not_missed(pipeline)
    assert neighbour.freshness() is not None


def _commands_do_not_believe_the_neighbour(pipeline: Pipeline, neighbour: Pipeline) -> None:
    for command in (("verify",), ("quarantine", "retry")):
        done = pipeline.rowtide(*command, "--worker-url", neighbour.url, check=False)
        assert done.returncode == 2, done
        assert f"is that of pipeline {neighbour.place.pipeline}" in " ".join(done.stderr.split())


def _documents_of_a_pipeline_that_is_down_are_not_taken(pipeline: Pipeline, live_pipeline: LivePipeline) -> None:
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    alias = f"{pipeline.place.pipeline}-things"
    third = live_pipeline(SPEC, place=replace(pipeline.place, pipeline=f"{pipeline.place.pipeline}c"), stage="spec")
    third.spec.write_text(re.sub(r"(?m)^  \S+-things:", f"  {alias}:", third.spec.read_text()))
    with closing(elasticsearch_client(pipeline.place.addresses)) as elastic:
        before = elastic.get(f"/{alias}/_mapping").json()
        third.start_worker()
        assert third.ended() == 1, third.log_tail()
        assert f"{alias} belongs to pipeline {pipeline.place.pipeline} (database" in third.log_tail()
        assert elastic.get(f"/{alias}/_mapping").json() == before, "neither the alias nor its index changed"
        # Without leases, the index itself says whose it is.
        elastic.delete(f"/rowtide-lease/_doc/{alias}", params={"refresh": "true"}).raise_for_status()
        third.start_worker()
        assert third.ended() == 1, third.log_tail()
        assert f"{alias} has index {alias}-g000001, which belongs to pipeline {pipeline.place.pipeline}" in (
            third.log_tail()
        )
        assert elastic.get(f"/{alias}/_count").json()["count"] == 40


def _a_new_column_in_the_spec_is_not_missed(pipeline: Pipeline) -> None:
    """The catalogue in the row store is older than the column's use, and no fault of the database."""
    own = pipeline.spec.read_text()
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as source:
        source.execute("ALTER TABLE things ADD COLUMN urgency int")
    pipeline.spec.write_text(own.replace("[id, name]", "[id, name, urgency]"))
    pipeline.start_worker()
    assert pipeline.ended() == 1, pipeline.log_tail()
    assert "was created for another version of the spec. Run `rowtide init`" in pipeline.log_tail()
    assert "urgency" not in pipeline.log_tail()
    pipeline.spec.write_text(own)
    pipeline.start_worker()
    pipeline.wait_live()
