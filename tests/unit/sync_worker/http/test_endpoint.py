"""The answers of the worker's endpoint to commands that fail, and to clients that never finish a request."""

import time
from concurrent.futures import Future

import httpx
import pytest
from prometheus_client import CollectorRegistry

from cdc.log.recovery import Recovery
from http_server.open_connections import ConnectionLimits
from infra.native.ports import free_ports
from read_model.freshness import Freshness
from sync_worker.errors import ServiceMissing, StoreError, WorkerError, describe
from sync_worker.http.endpoint import Commands, EndpointThread, endpoint
from sync_worker.http.request_guard import endpoint_access
from sync_worker.loop.publisher import FreshnessFeed
from sync_worker.resync.row_repair import RepairOutcome, RepairRequest
from sync_worker.store.quarantine import Retry
from tests.support.servers.http_sockets import half_open, read_to_end
from tests.support.servers.search_api import asgi

TOKEN = "the-token-of-the-worker"


def failing(error: WorkerError) -> Commands:
    """Commands that all fail with this error."""

    def retry(request: Retry) -> None:
        request.count.set_exception(error)

    def reread(request: RepairRequest) -> "Future[RepairOutcome]":
        request.outcome.set_exception(error)
        return request.outcome

    def remove(document: str, ids: list[str], lsn: int) -> None:
        raise error

    return Commands(lambda: None, retry, reread, remove)


@pytest.mark.parametrize("path", ["/quarantine/retry", "/repairs", "/removals"])
@pytest.mark.parametrize(
    ("error", "status"),
    [(StoreError("The file is damaged.", Recovery.REMOVE_STORE), 409), (WorkerError("Stopped. Try again."), 409)],
)
def test_a_failed_command_is_answered_with_its_recovery(path: str, error: WorkerError, status: int) -> None:
    assert _post(path, error) == (status, describe(error))


@pytest.mark.parametrize("path", ["/quarantine/retry", "/repairs"])
def test_a_missing_service_is_unavailable(path: str) -> None:
    assert _post(path, ServiceMissing("PostgreSQL does not answer.")) == (503, "PostgreSQL does not answer.")


def test_a_thousand_half_open_connections_cut_nobody_off() -> None:
    feed = FreshnessFeed(Freshness("shop", 1, 10, 12, 0, "live"))
    access = endpoint_access(TOKEN, "127.0.0.1", "", "loopback")
    app = endpoint(feed, failing(WorkerError("Stopped.")), CollectorRegistry(), access)
    port = free_ports()["connect_port"]
    server = EndpointThread(app, "127.0.0.1", port, ConnectionLimits(200, 100, header=2))
    server.start()
    try:
        with half_open(port, 1000, b"GET /freshness HTTP/1.1\r\nHost: localhost\r\n") as sockets:
            begin = time.monotonic()
            answer = httpx.get(f"http://127.0.0.1:{port}/freshness", timeout=5, trust_env=False)
            assert answer.json()["state"] == "live"
            assert time.monotonic() - begin < 2
            for client in sockets:
                read_to_end(client, begin + 6 - time.monotonic())
    finally:
        server.stop()


def _post(path: str, error: WorkerError) -> tuple[int, str]:
    feed = FreshnessFeed(Freshness("shop", 1, 10, 12, 0, "live"))
    access = endpoint_access(TOKEN, "127.0.0.1", "", "loopback")
    body = {"document": "orders", "ids": ["1"], "lsn": 1}
    with asgi(endpoint(feed, failing(error), CollectorRegistry(), access)) as client:
        response = client.request("POST", path, json=body, headers={"authorization": f"Bearer {TOKEN}"})
    return response.status_code, response.json()["detail"]
