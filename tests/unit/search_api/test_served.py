"""Attacks on the search API as a program, with the usual limit of open files. Elasticsearch is not running."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from connections.wait import wait_until
from infra.native.ports import free_ports
from tests.support.servers.http_sockets import half_open, read_to_end

FILES = (1024, 8192)
"""Open files: what a login shell gives a program, and what it can ask for."""
HEADER_SECONDS = 3


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    ports = free_ports()
    variables = {
        "ELASTICSEARCH_URL": f"http://127.0.0.1:{ports['elasticsearch_port']}",
        "ELASTICSEARCH_API_KEY": "a2V5OmtleQ==",
        "API_PORT": str(ports["connect_port"]),
        "API_STATE": str(tmp_path_factory.mktemp("api") / "state.db"),
        "API_ANONYMOUS": "false",
        "API_RATE": "0.1",
        "API_BURST": "3",
        "API_HEADER_SECONDS": str(HEADER_SECONDS),
    }
    program = subprocess.Popen(
        [sys.executable, "-m", "search_api"],
        env={**os.environ, **{f"ROWTIDE_{name}": value for name, value in variables.items()}},
        cwd=Path.cwd(),
        stderr=subprocess.DEVNULL,
    )
    try:
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, FILES)
        url = f"http://127.0.0.1:{variables['API_PORT']}"
        assert wait_until(lambda: answers(url), 60)
        yield url
    finally:
        program.terminate()
        program.wait(30)


def answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return get(f"{url}/openapi.json").is_success
    return False


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=5, trust_env=False)


@pytest.mark.parametrize("request_part", [b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n", b""])
def test_a_thousand_half_open_connections_cut_nobody_off(url: str, request_part: bytes) -> None:
    with half_open(int(url.rpartition(":")[2]), 1100, request_part) as sockets:
        begin = time.monotonic()
        assert get(f"{url}/openapi.json").is_success
        assert time.monotonic() - begin < 2
        for client in sockets:
            read_to_end(client, begin + HEADER_SECONDS + 5 - time.monotonic())


def test_nobody_guesses_keys_from_addresses_that_it_invents(url: str) -> None:
    wrong = f"Bearer rtk_{'0' * 12}_{'0' * 64}"
    guesses = [
        get(f"{url}/v1/indices", **{"authorization": wrong, "x-forwarded-for": f"10.0.0.{number}"})
        for number in range(4)
    ]
    assert [guess.status_code for guess in guesses] == [401, 401, 401, 429]
