"""Only one worker may write a kind of document; indexes and aliases that were changed by hand are corrected."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.native.ports import free_port
from tests.e2e.conftest import LivePipeline
from tests.support.servers.pipeline import Pipeline, prepared_pipeline
from tests.support.servers.services import Place, elasticsearch_client

SPEC = """\
pipeline: standing
documents:
  things: {from: things, fields: [id, name]}
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, name text);
INSERT INTO things SELECT n, 'thing ' || n FROM generate_series(1, 50) n;
"""


class ElasticsearchClient:
    """Elasticsearch behind the worker's back."""

    def __init__(self, place: Place) -> None:
        self.alias = f"{place.pipeline}-things"
        self._http = elasticsearch_client(place.addresses)

    def close(self) -> None:
        """Leave."""
        self._http.close()

    def request(self, method: str, path: str, body: object = None) -> Any:
        """A request that must succeed."""
        answer = self._http.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    @property
    def generation(self) -> str:
        """The index that readers see."""
        (name,) = self.request("GET", f"/_alias/{self.alias}")
        return str(name)


@pytest.fixture
def pipeline(live_pipeline: LivePipeline) -> Pipeline:
    """A small pipeline, live, with a short lease."""
    return live_pipeline(SPEC, SCHEMA, lease_seconds=4)


@contextmanager
def other_worker(pipeline: Pipeline, folder: Path) -> Iterator[Pipeline]:
    """Another worker of the same pipeline, with another row store; not started yet."""
    with prepared_pipeline(pipeline.place, folder, SPEC, stage="spec", lease_seconds=4, port=free_port()) as other:
        other.url = f"http://127.0.0.1:{other.environment['ROWTIDE_WORKER_PORT']}"
        other.environment["ROWTIDE_WORKER_URL"] = other.url
        yield other


def test_one_worker_writes(pipeline: Pipeline, tmp_path: Path) -> None:
    with other_worker(pipeline, tmp_path) as second, psycopg.connect(pipeline.place.dsn, autocommit=True) as source:
        second.start_worker()
        assert second.ended() == 1
        assert "Another worker writes the documents" in second.log_tail()
        assert pipeline.freshness() is not None

        # The same row store again is quick; the one that is left in the middle of its sleep must not write any more.
        assert pipeline.worker is not None
        first = pipeline.worker
        first.send_signal(signal.SIGSTOP)
        source.execute("DELETE FROM things WHERE id <= 10")
        second.start_worker()
        second.wait_live()
        source.execute("UPDATE things SET name = 'later' WHERE id > 40")
        first.send_signal(signal.SIGCONT)
        assert pipeline.ended() == 1
        assert "took over" in pipeline.log_tail()
        second.wait_fresh()
        assert second.verify()["things"] == 40
        fresh = second.freshness()
        assert fresh is not None
        assert fresh.epoch == 2

        # A clean end lets another worker start at once, with rows of an older time and versions that win.
        assert second.kill_worker(signal.SIGTERM) == 0
        source.execute("UPDATE things SET name = 'last' WHERE id > 45")
        pipeline.start_worker()
        pipeline.wait_fresh()
        assert pipeline.verify()["things"] == 40
        fresh = pipeline.freshness()
        assert fresh is not None
        assert fresh.epoch == 3


def test_indexes_and_aliases_that_somebody_changes(pipeline: Pipeline) -> None:
    with (
        closing(ElasticsearchClient(pipeline.place)) as elastic,
        psycopg.connect(pipeline.place.dsn, autocommit=True) as source,
    ):
        foreign = f"{pipeline.place.pipeline}-foreign"
        elastic.request("PUT", f"/{foreign}", {"aliases": {elastic.alias: {}}})
        elastic.request("PUT", f"/{foreign}/_doc/x?refresh=true", {"name": "not ours"})
        pipeline.wait_log("restarting the worker")
        pipeline.wait_fresh()
        assert elastic.generation != foreign
        assert pipeline.verify()["things"] == 50
        elastic.request("DELETE", f"/{foreign}")

        elastic.request("DELETE", f"/{elastic.generation}")
        source.execute("UPDATE things SET name = 'later' WHERE id > 40")
        pipeline.wait_log("is gone")
        pipeline.wait_fresh()
        assert pipeline.verify()["things"] == 50


def test_an_index_that_is_read_only_as_on_a_full_disk(pipeline: Pipeline) -> None:
    block = "index.blocks.read_only_allow_delete"
    with (
        closing(ElasticsearchClient(pipeline.place)) as elastic,
        psycopg.connect(pipeline.place.dsn, autocommit=True) as source,
    ):
        elastic.request("PUT", f"/{elastic.generation}/_settings", {block: True})
        source.execute("UPDATE things SET name = 'later' WHERE id > 40")
        fresh = pipeline.wait_reason("read-only")
        assert fresh.state == "degraded"
        assert fresh.reason.startswith(f"Elasticsearch takes no documents of {elastic.alias}: cluster_block_exception")
        assert pipeline.metric("rowtide_live") == 0
        elastic.request("PUT", f"/{elastic.generation}/_settings", {block: None})
        pipeline.wait_fresh()
        assert pipeline.wait_reason("").state == "live"
        assert pipeline.metric("rowtide_live") == 1
        assert pipeline.verify()["things"] == 50


def test_row_stores_that_are_of_no_use(pipeline: Pipeline) -> None:
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    path = pipeline.row_store
    whole = path.read_bytes()
    for damaged in (
        b"no database at all, but some text" * 300,
        whole[: len(whole) // 3],
        whole[:5000] + b"\xff" * 8192 + whole[13192:],
    ):
        path.write_bytes(damaged)
        pipeline.start_worker()
        assert pipeline.ended() == 1, pipeline.log_tail()
        assert "is damaged. Remove the file" in pipeline.log_tail()
    path.write_bytes(whole)
    path.rename(path.with_name("another.sqlite"))
    own = pipeline.spec.read_text()
    pipeline.spec.write_text(own.replace(f"pipeline: {pipeline.place.pipeline}", "pipeline: another"))
    pipeline.start_worker()
    assert pipeline.ended() == 1, pipeline.log_tail()
    assert f"another.sqlite belongs to pipeline {pipeline.place.pipeline}, not to another" in pipeline.log_tail()
    pipeline.spec.write_text(own)
    shutil.rmtree(pipeline.folder / "store")
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as source:
        source.execute("DELETE FROM things WHERE id <= 10")
    pipeline.start_worker()
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == 40, "the log is still whole: it gives the same rows again"
