"""Clients that send slowly, read slowly, send too much, or lie about their address, against a server on a real port."""

import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from connections.wait import wait_until
from http_server.client_network import Proxies
from http_server.open_connections import ConnectionLimits
from http_server.server import http_server
from tests.support.servers.http_sockets import half_open, listening, read_to_end

LIMITS = ConnectionLimits(connections=40, per_client=20, header=0.4, body=0.4, idle=0.4, write=0.4)
LARGE = 12 << 20
GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Returns the client's address; a large body at `/large`; at `/wait` nothing until the client disconnects."""
    assert scope["type"] == "http"
    message = await receive()
    while message.get("more_body") or (scope["path"] == "/wait" and message["type"] != "http.disconnect"):
        message = await receive()
    body = b"." * LARGE if scope["path"] == "/large" else f"{scope['scheme']} {scope['client'][0]}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for start in range(0, len(body), 1 << 20):
        await send({"type": "http.response.body", "body": body[start : start + (1 << 20)], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening(http_server(application, LIMITS, Proxies(), "critical")) as port:
        yield port


def get(port: int, path: str = "/", **headers: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=5, trust_env=False)


@pytest.mark.parametrize(
    ("request_part", "slowly", "status"),
    [
        (b"", b"", b""),
        (b"", b"\r\n", b""),
        (b"GET / HTTP/1.1\r\nHos", b"", b"408"),
        (GET, b"a: b\r\n", b"408"),
        (GET + b"a: ", b"b", b"408"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", b"b", b"408"),
        (CHUNKED, b"1\r\na\r\n", b"408"),
        (CHUNKED + b"0\r\n", b"a: b\r\n", b"408"),
        (GET + b"\r\n", b"", b"200"),
        (GET + b"\r\n", b"\r\n", b"200"),
        (GET + b"\r\n" + b"GET /", b"b", b"200"),
    ],
)
def test_a_connection_without_a_request_is_closed(port: int, request_part: bytes, slowly: bytes, status: bytes) -> None:
    with half_open(port, 1, request_part) as (client,):
        response = read_to_end(client, 4, slowly)
    assert response.partition(b"\r\n")[0].removeprefix(b"HTTP/1.1 ")[:3] == status


@pytest.mark.parametrize("start", [GET, GET + b"a: ", CHUNKED + b"0\r\n", CHUNKED + b"0\r\na: "])
def test_a_header_that_does_not_end_is_refused(port: int, start: bytes) -> None:
    with half_open(port, 1, start) as (client,):
        try:
            for _ in range(2000):
                client.sendall(b"a: b\r\n" * 1000 if start.endswith(b"\n") else b"a" * 6000)
        except OSError:
            return
        raise AssertionError("The server has read 12 MB of a header.")


def test_a_client_that_does_not_read_is_closed_and_a_slow_one_is_not(port: int) -> None:
    request = b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with half_open(port, 2, request) as (reading, ignoring):
        whole = b""
        reading.settimeout(4)
        next_read = time.monotonic()
        while part := reading.recv(256 << 10):
            whole += part
            next_read += 0.02
            wait_until(lambda: time.monotonic() > next_read, 1)  # noqa: B023
        assert len(whole) > LARGE
        assert len(read_to_end(ignoring, 4)) < LARGE


def test_a_client_is_served_next_to_half_open_connections(port: int) -> None:
    with half_open(port, 60, GET) as sockets:
        assert get(port).text == "http 127.0.0.1"
        closed = [read_to_end(client, 4) for client in sockets]
    assert [response[9:12] for response in closed] == [b"408"] * 60


def test_requests_that_are_answered_keep_their_places(port: int) -> None:
    with half_open(port, LIMITS.per_client, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"):
        assert get(port).status_code == 503


def test_nobody_can_choose_the_address_that_is_recorded(port: int) -> None:
    assert get(port, **{"X-Forwarded-For": "10.9.8.7", "X-Forwarded-Proto": "https"}).text == "http 127.0.0.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        ("127.0.0.1", "10.9.8.7", "https 10.9.8.7"),
        ("127.0.0.0/8", "192.0.2.1, 10.9.8.7", "https 10.9.8.7"),
        ("127.0.0.1, 10.9.0.0/16", "192.0.2.1, 10.9.8.7", "https 192.0.2.1"),
        ("10.0.0.0/8", "10.9.8.7", "http 127.0.0.1"),
    ],
)
def test_only_a_configured_proxy_names_its_client(proxies: str, forwarded: str, expected: str) -> None:
    with listening(http_server(application, LIMITS, Proxies(proxies), "critical")) as port:
        assert get(port, **{"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}).text == expected
