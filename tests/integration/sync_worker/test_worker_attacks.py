"""Attacks on a running worker: through its port, and on its documents in Elasticsearch."""

import stat
from collections.abc import Iterator

import httpx
import pytest

from infra.native.stack import Stack
from sync_worker.loop.future_versions import ALARM
from tests.support.servers.pipeline import Pipeline, execute, prepared_pipeline
from tests.support.servers.services import elasticsearch_client, fresh_place

SPEC = "pipeline: attacked\ndocuments:\n  things: {from: things, fields: [name]}\n"
SCHEMA = (
    "CREATE TABLE things(id int PRIMARY KEY, name text);"
    " INSERT INTO things SELECT n, 'thing ' || n FROM generate_series(1, 5) n"
)
FUTURE = (1 << 62) - 1


class Attacked:
    """A small live pipeline, and Elasticsearch as an attacker reaches it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.document = f"{pipeline.place.pipeline}-things"
        self.search = elasticsearch_client(pipeline.place.addresses)

    def name(self, id_: int) -> str | None:
        """The name in a document of the index; None when there is no such document."""
        answer = self.search.get(f"/{self.document}/_doc/{id_}").json()
        return answer["_source"]["name"] if answer.get("found") else None

    def post(self, path: str, body: object, headers: dict[str, str]) -> httpx.Response:
        """A request that changes something."""
        return httpx.post(f"{self.pipeline.url}{path}", json=body, headers=headers, timeout=60, trust_env=False)


@pytest.fixture(scope="module")
def attacked(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """The pipeline, live; the tests leave it as they found it."""
    stack.start()
    with (
        fresh_place(stack.addresses) as place,
        prepared_pipeline(place, tmp_path_factory.mktemp("attacked"), SPEC, SCHEMA) as pipeline,
    ):
        pipeline.wait_fresh()
        target = Attacked(pipeline)
        yield target
        target.search.close()


def test_whoever_reaches_the_port_deletes_nothing(attacked: Attacked) -> None:
    removal = {"document": attacked.document, "ids": ["1"], "lsn": 0}
    assert attacked.post("/removals", removal, {}).status_code == 401
    assert attacked.post("/quarantine/retry", {}, {}).status_code == 401
    assert attacked.post("/removals", removal, {"authorization": "Bearer guess"}).status_code == 401
    assert attacked.name(1) == "thing 1"


def test_a_page_whose_name_was_rebound_reaches_nothing(attacked: Attacked) -> None:
    for host in ("evil.example", f"127.0.0.1:{attacked.pipeline.port}.evil.example"):
        headers = {**attacked.pipeline.signed, "host": host}
        assert attacked.post("/quarantine/retry", {}, headers).status_code == 421
        answer = httpx.get(f"{attacked.pipeline.url}/freshness", headers={"host": host}, trust_env=False)
        assert answer.status_code == 421


def test_a_removal_beyond_the_log_leaves_documents_that_later_changes_reach(attacked: Attacked) -> None:
    removal = {"document": attacked.document, "ids": ["2"], "lsn": 99_999_999_999}
    answer = attacked.post("/removals", removal, attacked.pipeline.signed)
    assert (answer.status_code, "watermark" in answer.json()["detail"]) == (422, True)
    execute(attacked.pipeline.place, "UPDATE things SET name = 'later' WHERE id = 2")
    attacked.pipeline.wait_fresh()
    assert attacked.name(2) == "later"


def test_a_document_with_a_version_from_the_future_is_an_alarm_until_it_is_removed(attacked: Attacked) -> None:
    pipeline = attacked.pipeline
    index = next(iter(attacked.search.get(f"/{attacked.document}").json()))
    forged = {"version": str(FUTURE), "version_type": "external", "refresh": "true"}
    assert attacked.search.put(f"/{index}/_doc/3", params=forged, json={"name": "forged"}).status_code == 200
    execute(attacked.pipeline.place, "UPDATE things SET name = 'changed' WHERE id = 3")
    fresh = pipeline.wait_reason("versions above the position of the log")
    assert (fresh.state, fresh.reason, fresh.quarantined) == ("degraded", ALARM, 1)
    assert pipeline.metric("rowtide_future_versions_total") >= 1
    pipeline.wait_log("documents have versions above the position of the log")
    assert "above the position of the log" in pipeline.rowtide("quarantine", "list", "-o", "json").stdout
    assert pipeline.rowtide("quarantine", "retry", check=False).returncode == 1
    attacked.search.put(f"/{index}/_settings", json={"index.gc_deletes": "0s"}).raise_for_status()
    attacked.search.delete(f"/{index}/_doc/3", params={"refresh": "true"}).raise_for_status()
    assert pipeline.rowtide("quarantine", "retry").returncode == 0
    attacked.search.put(f"/{index}/_settings", json={"index.gc_deletes": "1h"}).raise_for_status()
    pipeline.wait_state("live")
    assert attacked.name(3) == "changed"


def test_no_file_of_the_worker_is_for_other_users(attacked: Attacked) -> None:
    folder = attacked.pipeline.folder / "store"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"worker.token", f"{attacked.pipeline.place.pipeline}.sqlite"} <= set(modes)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
