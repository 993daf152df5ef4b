"""Attacks on the worker's endpoint: without the token, from a web page, under another name, with a huge body."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager

import pytest
from prometheus_client import CollectorRegistry

from read_model.freshness import Freshness
from sync_worker.http.endpoint import Commands, endpoint
from sync_worker.http.request_guard import MAX_BODY, EndpointAccess, Reads, endpoint_access
from sync_worker.loop.publisher import FreshnessFeed
from sync_worker.resync.row_repair import RepairOutcome, RepairRequest
from sync_worker.store.quarantine import Retry
from tests.support.servers.search_api import Api, asgi

TOKEN = "the-token-of-the-worker"
SIGNED = {"authorization": f"Bearer {TOKEN}"}
CHANGES: tuple[tuple[str, object], ...] = (
    ("/quarantine/retry", {}),
    ("/repairs", {"document": "orders", "ids": ["1"]}),
    ("/removals", {"document": "orders", "ids": ["1"], "lsn": 1}),
    ("/refresh", None),
)
READS = ("/freshness", "/metrics", "/health")


class Recorder:
    """The commands of a worker; records what was requested."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.commands = Commands(self.refresh, self.retry, self.reread, self.remove)

    def refresh(self) -> None:
        self.done.append("refresh")

    def retry(self, retry: Retry) -> None:
        self.done.append("retry")
        retry.count.set_result(0)

    def reread(self, request: RepairRequest) -> "Future[RepairOutcome]":
        self.done.append("reread")
        request.outcome.set_exception(AssertionError())
        return request.outcome

    def remove(self, document: str, ids: list[str], lsn: int) -> None:
        self.done.append("remove")


def serve(recorder: Recorder, access: EndpointAccess) -> AbstractContextManager[Api]:
    feed = FreshnessFeed(Freshness("shop", 1, 10, 12, 0, "live"))
    return asgi(endpoint(feed, recorder.commands, CollectorRegistry(), access))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def worker(recorder: Recorder) -> Iterator[Api]:
    with serve(recorder, endpoint_access(TOKEN, "127.0.0.1", "", "loopback")) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "Bearer the-token-of-the-worke"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"authorization": "Bearer ünknown"},
    ],
)
@pytest.mark.parametrize(("path", "body"), CHANGES)
def test_whoever_reaches_the_port_changes_nothing_without_the_token(
    worker: Api, recorder: Recorder, path: str, body: object, headers: dict[str, str]
) -> None:
    sent = {name: value.encode() for name, value in headers.items()}
    answer = worker.request("POST", path, json=body, headers=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "ROWTIDE_WORKER_TOKEN_FILE" in answer.json()["detail"]
    assert TOKEN not in answer.text
    assert recorder.done == []


def test_whoever_has_the_token_may_change_and_everybody_on_this_machine_may_read(
    worker: Api, recorder: Recorder
) -> None:
    assert worker.request("POST", "/refresh", headers=SIGNED).status_code == 202
    assert worker.request("POST", "/quarantine/retry", json={}, headers=SIGNED).json() == {"retried": 0}
    assert recorder.done == ["refresh", "retry"]
    assert [worker.get(path).status_code for path in READS] == [200, 200, 200]


def test_an_endpoint_without_a_token_accepts_no_changes(recorder: Recorder) -> None:
    with serve(recorder, EndpointAccess("")) as client:
        assert client.request("POST", "/refresh", headers={"authorization": "Bearer "}).status_code == 401
    assert recorder.done == []


@pytest.mark.parametrize(
    ("listening_on", "reads", "expected"),
    [
        ("127.0.0.1", "loopback", [200, 200, 200]),
        ("::1", "loopback", [200, 200, 200]),
        ("localhost", "loopback", [200, 200, 200]),
        ("127.0.0.1", "token", [401, 401, 401]),
        ("0.0.0.0", "loopback", [401, 401, 200]),
        ("10.1.2.3", "loopback", [401, 401, 200]),
        ("0.0.0.0", "open", [200, 200, 200]),
        ("0.0.0.0", "token", [401, 401, 401]),
    ],
)
def test_who_may_read_without_the_token(
    recorder: Recorder, listening_on: str, reads: Reads, expected: list[int]
) -> None:
    with serve(recorder, endpoint_access(TOKEN, listening_on, "", reads)) as client:
        assert [client.get(path).status_code for path in READS] == expected
        assert [client.get(path, headers=SIGNED).status_code for path in READS] == [200, 200, 200]
        assert client.request("POST", "/refresh").status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1:9470.evil.example",
        "127.0.0.1:9470@evil.example",
        "localhost.evil.example:9470",
        "127.0.0.1:",
        "127.0.0.1:9470, evil.example",
        "10.0.0.1:9470",
        "",
    ],
)
def test_a_name_that_was_rebound_to_the_loopback_is_refused(worker: Api, recorder: Recorder, host: str) -> None:
    for path in READS:
        assert worker.get(path, headers={"host": host}).status_code == 421
    answer = worker.request("POST", "/refresh", headers={**SIGNED, "host": host})
    assert (answer.status_code, recorder.done) == (421, [])
    assert "ROWTIDE_WORKER_HOSTS" in answer.json()["detail"]


def test_the_workers_own_names_and_those_of_the_setting_are_accepted(recorder: Recorder) -> None:
    with serve(recorder, endpoint_access(TOKEN, "0.0.0.0", "worker, Sync.example", "open")) as client:
        for host in ("localhost:1", "127.0.0.1", "[::1]:9470", "worker:9470", "SYNC.example"):
            assert client.get("/freshness", headers={"host": host}).status_code == 200
        assert client.get("/freshness", headers={"host": "evil.example"}).status_code == 421
    with serve(recorder, endpoint_access(TOKEN, "0.0.0.0", "", "open")) as client:
        assert client.get("/freshness", headers={"host": "worker.internal:9470"}).status_code == 200
        assert client.get("/freshness", headers={"host": "127.0.0.1:9470.evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8080"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_web_page_can_neither_read_nor_change(worker: Api, recorder: Recorder, headers: dict[str, str]) -> None:
    assert worker.get("/freshness?beyond=1:10&wait=0.01", headers=headers).status_code == 403
    assert worker.request("POST", "/refresh", headers={**SIGNED, **headers}).status_code == 403
    assert recorder.done == []


def test_a_huge_body_is_refused_before_it_is_read(worker: Api, recorder: Recorder) -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(64):
            read += 1 << 20
            yield b" " * (1 << 20)

    announced = {**SIGNED, "content-length": str(MAX_BODY + 1)}
    assert worker.request("POST", "/repairs", content=b"{", headers=announced).status_code == 413
    assert (
        worker.request("POST", "/repairs", content=b"{", headers={**SIGNED, "content-length": "9" * 5000}).status_code
        == 413
    )
    answer = worker.request(
        "POST", "/repairs", content=chunks(), headers={**SIGNED, "content-type": "application/json"}
    )
    assert answer.status_code == 413
    assert worker.request("POST", "/repairs", content=chunks()).status_code == 401
    assert recorder.done == []
