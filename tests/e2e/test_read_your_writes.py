"""A reader sees what was written before its request, through the real pipeline, with the application unchanged."""

import shutil
import signal
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx
import psycopg
import psycopg.conninfo
import pytest
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

from cdc.source.marker_role import CONNECTION_LIMIT
from connections.wait import wait_until
from infra.native.stack import Stack
from rowtide.commands.elasticsearch_key import create_search_key
from tests.e2e.conftest import LivePipeline
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.search_api import Api, administrator_settings, running_api, settings_of
from tests.support.servers.services import Place

SCHEMA = """
CREATE TABLE authors (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE books (id int PRIMARY KEY, title text NOT NULL, copies int NOT NULL DEFAULT 0, author_id int REFERENCES authors);
CREATE TABLE members (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO authors VALUES (1, 'Zoë');
INSERT INTO books SELECT n, 'Volume ' || n, 0, 1 FROM generate_series(1, 200) n;
INSERT INTO members VALUES (1, 'Ana');
"""
SPEC = """
pipeline: library
documents:
  books:
    from: books
    fields: [title, copies]
    include:
      author: {one: authors, fields: [name]}
  members:
    from: members
    fields: [name]
"""
NOW = {"consistency": "now"}
WRITES = 150


@dataclass(frozen=True)
class Running:
    """The pipeline, the API in front of it, and a connection of the application."""

    pipeline: Pipeline
    api: Api
    application: psycopg.Connection[Any]
    marker_dsn: str

    def search(self, document: str = "books", **params: Any) -> httpx.Response:
        """Search with a longer wait than usual: the machine may be busy."""
        headers = params.pop("headers", {"prefer": "wait=20"})
        return self.api.get(f"/v1/{self.pipeline.place.pipeline}-{document}/search", params=params, headers=headers)


@pytest.fixture(scope="module")
def running(stack: Stack, shared_pipeline: LivePipeline) -> Iterator[Running]:
    pipeline = shared_pipeline(SPEC, SCHEMA)
    place = pipeline.place
    assert "ROWTIDE_MARKER_DSN" in pipeline.rowtide("init", "--marker").stdout
    dsn_file = pipeline.folder / "secrets" / f"rowtide_{place.pipeline}_marker.dsn"
    dsn = dsn_file.read_text(encoding="utf-8").strip()
    with psycopg.connect(place.dsn, autocommit=True) as application, _api(place, pipeline, dsn) as api:
        yield Running(pipeline, api, application, dsn)
        application.execute(f"DROP OWNED BY rowtide_{place.pipeline}_marker".encode())
    with psycopg.connect(stack.addresses.postgres_dsn, autocommit=True) as admin:
        admin.execute(f"DROP ROLE rowtide_{place.pipeline}_marker".encode())


@contextmanager
def _api(place: Place, pipeline: Pipeline, dsn: str, **settings: object) -> Iterator[Api]:
    addresses = place.addresses
    admin = administrator_settings(addresses)
    key = create_search_key(admin, [f"{place.pipeline}-books", f"{place.pipeline}-members"], "test", 1)
    more = {"worker_url": pipeline.url, "marker_dsn": dsn, "consistency_wait_most": 30} | settings
    with running_api(settings_of(addresses.elasticsearch_url, key, **more)) as api:
        yield api


def test_repeated_writes_are_seen_at_once(running: Running, record_property: Callable[[str, object], None]) -> None:
    waited: list[float] = []
    for n in range(1, WRITES + 1):
        running.application.execute("UPDATE books SET copies = %s WHERE id = %s", [n, n % 7 + 1])
        began = perf_counter()
        answer = running.search(filter=f"copies:{n}", **NOW)
        waited.append((perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
        assert [item["id"] for item in answer.json()["items"]] == [str(n % 7 + 1)], n
    cuts = statistics.quantiles(waited, n=100)
    record_property("read your writes, ms", {"p50": round(cuts[49]), "p99": round(cuts[98])})


def test_a_write_through_another_table_is_seen(running: Running) -> None:
    running.application.execute("UPDATE authors SET name = 'Another' WHERE id = 1")
    response = running.search(filter="author.name:Another", **NOW).json()
    assert (response["total"]["value"], response["freshness"]["met"]) == (200, True)


def test_an_application_that_knows_its_position_may_send_it(running: Running) -> None:
    running.application.execute("UPDATE members SET name = 'By position' WHERE id = 1")
    row = running.application.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
    assert row is not None
    response = running.search("members", at_least=row[0]).json()
    assert response["items"][0]["document"] == {"name": "By position"}
    token = response["freshness"]["token"]
    again = running.search("members", at_least=token)
    assert again.json()["freshness"]["waited_ms"] < 2000
    assert again.headers["rowtide-token"].split(":")[0] == token.split(":")[0]


def test_an_idle_database_and_an_idle_table_are_fresh_too(
    running: Running, record_property: Callable[[str, object], None]
) -> None:
    waited: list[int] = []
    for _ in range(20):
        freshness = running.search("members", **NOW).json()["freshness"]
        assert freshness["met"]
        waited.append(freshness["waited_ms"])
    record_property("idle, ms", {"p50": statistics.median(waited), "most": max(waited)})
    running.application.execute("UPDATE books SET copies = 5000 WHERE id = 9")
    assert running.search("members", **NOW).json()["freshness"]["met"]


def test_fifty_readers_at_once_all_see_the_write(running: Running) -> None:
    running.application.execute("UPDATE books SET copies = 7000 WHERE id = 10")
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: running.search(filter="copies:7000", **NOW).json(), range(50)))
    assert {(answer["total"]["value"], answer["freshness"]["met"]) for answer in answers} == {(1, True)}


def test_documents_and_the_page_wait_too(running: Running) -> None:
    index = f"{running.pipeline.place.pipeline}-books"
    running.application.execute("UPDATE books SET title = 'Seen by its id' WHERE id = 11")
    response = running.api.get(f"/v1/{index}/11", params=NOW)
    assert response.json()["document"]["title"] == "Seen by its id"
    running.application.execute("UPDATE books SET title = 'Seen by people' WHERE id = 11")
    assert "Seen by people" in running.api.get(f"/{index}/11", params=NOW).text


def test_a_paused_worker_is_told(running: Running) -> None:
    worker = running.pipeline.worker
    assert worker is not None
    worker.send_signal(signal.SIGSTOP)
    try:
        running.application.execute("UPDATE books SET copies = 9000 WHERE id = 12")
        hurried = {"prefer": "wait=1"}
        late = running.search(filter="copies:9000", headers=hurried, **NOW)
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        assert late.json()["type"] == "urn:rowtide:problem:not-yet-consistent"
        stale = running.search(filter="copies:9000", stale="allow", headers=hurried, **NOW)
        assert (stale.status_code, stale.headers["preference-applied"]) == (200, "wait=1")
        freshness = stale.json()["freshness"]
        assert (stale.json()["items"], freshness["met"], freshness["degraded"]) == ([], False, True)
        assert running.search(filter="copies:9000").status_code == 200
    finally:
        worker.send_signal(signal.SIGCONT)
    assert running.search(filter="copies:9000", **NOW).json()["total"]["value"] == 1


def test_a_key_that_takes_all_its_places_blocks_no_other_key(running: Running) -> None:
    place = running.pipeline.place
    path = f"/v1/{place.pipeline}-books/search"
    far = running.application.execute("SELECT (pg_current_wal_insert_lsn() + 4000000)::text").fetchone()
    assert far is not None
    places = {"consistency_readers": 5, "consistency_readers_each": 4}
    with _api(place, running.pipeline, running.marker_dsn, **places) as api, ThreadPoolExecutor(4) as pool:
        greedy, other = (_key(api) for _ in range(2))
        ahead = {"params": {"at_least": far[0]}, "headers": greedy | {"prefer": "wait=30"}}
        waiting = [pool.submit(api.get, path, **ahead) for _ in range(4)]
        hurried = ahead | {"headers": greedy | {"prefer": "wait=0"}}
        while "of this caller" not in (refused := api.get(path, **hurried)).text:
            assert refused.status_code == 503
        answer = api.get(path, params=NOW, headers=other | {"prefer": "wait=20"})
        assert (answer.status_code, answer.json()["freshness"]["met"]) == (200, True)
        health = api.get("/health", params={"at_least": far[0]}, headers={"prefer": "wait=30"})
        assert (health.status_code, health.json()["freshness"]["consistency"]) == (200, "eventual")
        running.application.execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 5000000))")
        assert [request.result().status_code for request in waiting] == [200] * 4


def _key(api: Api) -> dict[str, str]:
    _, text = api.app.state.authorization.keys.create("test", ["search"], ["*"])
    return {"authorization": f"Bearer {text}"}


def test_a_token_of_another_epoch_is_refused_clearly(running: Running) -> None:
    answer = running.search(at_least="99:1")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:rowtide:problem:another-epoch")
    assert "consistency=now" in answer.json()["detail"]
    assert answer.headers["rowtide-token"]
    assert running.search(at_least="99:1", stale="allow").json()["freshness"]["met"] is False


def test_the_markers_role_can_do_nothing_else(running: Running) -> None:
    """Invariant 9."""
    with psycopg.connect(running.marker_dsn, autocommit=True) as marker:
        for statement in ("SELECT * FROM books", "UPDATE books SET copies = 1", "CREATE ROLE more", "TABLE pg_authid"):
            with pytest.raises((InsufficientPrivilege, ReadOnlySqlTransaction)):
                marker.execute(statement.encode())
        with pytest.raises(ReadOnlySqlTransaction):
            marker.execute("CREATE TEMP TABLE heap (x int)")
    again = running.pipeline.rowtide("init", "--marker").stdout
    assert "is up to date" in again


def test_the_markers_role_has_few_connections_and_its_limits_come_back(running: Running) -> None:
    role = psycopg.conninfo.conninfo_to_dict(running.marker_dsn)["user"]
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
    assert running.search(**NOW).json()["freshness"]["met"] is True  # From now on the API has a connection.
    with ExitStack() as opened:
        for _ in range(CONNECTION_LIMIT - 1):
            opened.enter_context(psycopg.connect(running.marker_dsn))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            psycopg.connect(running.marker_dsn)
    assert wait_until(lambda: running.application.execute(sessions, [role]).fetchone() == (1,), 20)
    with psycopg.connect(running.marker_dsn, autocommit=True) as marker:
        marker.execute("SET default_transaction_read_only = off")
        marker.execute("ALTER ROLE CURRENT_USER SET default_transaction_read_only = off")
    running.pipeline.rowtide("init", "--marker")
    with psycopg.connect(running.marker_dsn, autocommit=True) as marker, pytest.raises(ReadOnlySqlTransaction):
        marker.execute("CREATE TEMP TABLE heap (x int)")


def test_the_commands_that_init_prints_close_what_every_login_can_do(running: Running) -> None:
    attacks = ("CREATE TEMP TABLE heap (x int)", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'heap')")
    warning = running.pipeline.rowtide("init", "--marker").stderr
    commands = [line.partition("--")[0] for line in warning.splitlines() if line.strip().startswith("REVOKE")]
    assert "TEMPORARY" in commands[0]
    assert "lo_create" in commands[1]
    for command in commands:
        running.application.execute(command.encode())
    with psycopg.connect(running.marker_dsn, autocommit=True) as marker:
        marker.execute("SET default_transaction_read_only = off")
        for attack in attacks:
            with pytest.raises(InsufficientPrivilege):
                marker.execute(attack.encode())
    assert "REVOKE" not in running.pipeline.rowtide("init", "--marker").stderr
    assert running.search(**NOW).json()["freshness"]["met"] is True


def test_a_new_epoch_ends_older_tokens_and_now_goes_on(running: Running) -> None:
    """The worker begins with an empty row store, as after a lost disk."""
    pipeline = running.pipeline
    token = running.search().json()["freshness"]["token"]
    first = running.search(cursor="start", size=150).json()["next_cursor"]
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    shutil.rmtree(pipeline.folder / "store")
    running.application.execute("UPDATE books SET copies = 11000 WHERE id = 13")
    pipeline.start_worker()
    pipeline.wait_fresh()
    seen = running.search(filter="copies:11000", **NOW).json()
    assert (seen["total"]["value"], seen["freshness"]["met"]) == (1, True)
    assert int(seen["freshness"]["token"].split(":")[0]) > int(token.split(":")[0])
    old = running.search(at_least=token)
    assert (old.status_code, old.json()["type"]) == (409, "urn:rowtide:problem:another-epoch")
    assert old.headers["rowtide-token"].split(":")[0] == seen["freshness"]["token"].split(":")[0]
    stale = running.search(at_least=token, stale="allow").json()
    assert (stale["freshness"]["met"], stale["total"]["value"]) == (False, 200)
    assert running.search(at_least=seen["freshness"]["token"]).status_code == 200
    rest = running.search(cursor=first, size=150)
    assert (rest.status_code, rest.json()["type"]) == (410, "urn:rowtide:problem:cursor-expired")
