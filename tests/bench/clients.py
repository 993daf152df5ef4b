"""Clients that send one search after the other, each over its own connection, and how long each response took."""

import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from time import monotonic, perf_counter
from urllib.parse import urlsplit

import httpx

from infra.addresses import Addresses
from infra.errors import RunnerError
from tests.bench.recorder import Asked

_TIMEOUT_SECONDS = 60.0


def elasticsearch_client(addresses: Addresses) -> httpx.Client:
    """A client of the stack's Elasticsearch, signed in as its administrator."""
    return httpx.Client(
        base_url=addresses.elasticsearch_url,
        auth=(addresses.elasticsearch_username, addresses.elasticsearch_password),
        timeout=120.0,
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class Reads:
    """Answers of some clients: the time of each in milliseconds, and of all together in seconds."""

    clients: int
    times_ms: Sequence[float]
    seconds: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.times_ms) / self.seconds


def read(url: str, questions: Sequence[Asked], clients: int, seconds: float) -> Reads:
    """Let so many clients ask for so long, each beginning at another question. RunnerError for an answer that is none."""
    until = monotonic() + seconds
    began = perf_counter()
    with ThreadPoolExecutor(clients, thread_name_prefix="bench-reader") as pool:
        parts = [pool.submit(_run_client, url, _from(questions, place, clients), until) for place in range(clients)]
        times = [time for part in parts for time in part.result()]
    return Reads(clients, times, perf_counter() - began)


def read_until(url: str, questions: Sequence[Asked], done: threading.Event, most: float) -> Reads:
    """One client that asks until something is done, or for so many seconds."""
    began = perf_counter()
    return Reads(1, _run_client(url, questions, monotonic() + most, done), perf_counter() - began)


def together(parts: Sequence[Reads]) -> Reads:
    """Several stretches as one."""
    times = [time for part in parts for time in part.times_ms]
    return Reads(parts[0].clients, times, sum(part.seconds for part in parts))


def _from(questions: Sequence[Asked], place: int, clients: int) -> list[Asked]:
    start = place * len(questions) // clients
    return [*questions[start:], *questions[:start]]


def _run_client(url: str, questions: Sequence[Asked], until: float, done: threading.Event | None = None) -> list[float]:
    address = urlsplit(url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=_TIMEOUT_SECONDS)
    times = []
    for question in itertools.cycle(questions):
        began = perf_counter()
        connection.request(question.method, question.path, question.body or None, question.headers)
        answer = connection.getresponse()
        content = answer.read()
        times.append((perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RunnerError(f"{question.method} {question.path} was answered {answer.status}: {content[:300]!r}")
        if monotonic() >= until or (done and done.is_set()):
            break
    connection.close()
    return times
