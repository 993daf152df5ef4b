"""Searches through the API, compared with the same searches sent to Elasticsearch directly.

The questions are what a page of results asks: words, filters, a sort, four facets, twenty hits, in one request."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

import httpx

from connections.api_keys import create_api_key
from connections.elasticsearch import ElasticsearchAccess
from connections.wait import wait_until
from infra.addresses import Addresses
from infra.errors import RunnerError
from infra.native.ports import LOOPBACK, free_port
from infra.native.processes import LaunchSpec, ManagedProcess, tail
from infra.native.supervisor import descendants
from rowtide.programs import SEARCH_API
from search_api.elasticsearch.privileges import key_body
from tests.bench.clients import Reads, read, read_until, together
from tests.bench.recorder import Asked, recording
from tests.bench.report import percentile
from tests.bench.usage import read_cpu, read_peak

CLIENTS = (1, 16)
FACETS = ("status", "currency", "customer.country", "customer.segment")
WORDS = (
    "espresso",
    "tea",
    "grinder kettle",
    "ana",
    "lisbon",
    "leave at the door",
    "berlin fragile",
    "SKU",
    "coffee -decaf",
    "maria",
)
WARM_SECONDS = 5.0
TURNS = 5
"""So often are Elasticsearch and the API asked in turns: what else the machine does then falls on both."""
PATIENCE_SECONDS = 600.0


def questions(index: str) -> list[Asked]:
    """The searches, as the API takes them."""
    more: list[list[tuple[str, str]]] = [
        [],
        [("sort", "-placed_at")],
        [("filter", "status:shipped")],
        [("filter", "total:>=100"), ("sort", "-total")],
    ]
    parameters = [[("q", word), *filters] for word in WORDS for filters in more] + more
    facets = [("facet", name) for name in FACETS]
    return [Asked("GET", f"/v1/{index}/search?{urlencode([*filters, *facets])}") for filters in parameters]


@dataclass(frozen=True, slots=True)
class ReadFigures:
    """`api` and `elasticsearch` have an entry for each number of clients. CPU is the API's own, in seconds, of all its reads.

    `busy` are reads of one client while a writer worked as fast as it could; None when that was not measured."""

    documents: int
    api: Sequence[Reads]
    elasticsearch: Sequence[Reads]
    api_cpu_ms_each: float
    export_mb_per_s: float
    export_rows_per_s: float
    peak_bytes_before_export: int
    peak_bytes: int
    busy: Reads | None = None

    def as_json(self) -> dict[str, object]:
        """Part of the last line of `make bench`."""
        figures: dict[str, object] = {"search_documents": self.documents}
        for api, alone in zip(self.api, self.elasticsearch, strict=True):
            name = f"{api.clients}_clients" if api.clients > 1 else "1_client"
            figures |= {
                f"search_ms_p50_{name}": _ms(api, 0.5),
                f"search_ms_p99_{name}": _ms(api, 0.99),
                f"search_per_s_{name}": round(api.per_second, 1),
                f"elasticsearch_search_ms_p50_{name}": _ms(alone, 0.5),
                f"elasticsearch_search_ms_p99_{name}": _ms(alone, 0.99),
                f"elasticsearch_search_per_s_{name}": round(alone.per_second, 1),
                f"search_p50_ratio_{name}": round(_ms(api, 0.5) / _ms(alone, 0.5), 2),
                f"search_throughput_ratio_{name}": round(api.per_second / alone.per_second, 2),
            }
        if self.busy:
            figures["search_ms_p99_while_writing"] = _ms(self.busy, 0.99)
            figures["search_p99_ratio_while_writing"] = round(_ms(self.busy, 0.99) / _ms(self.api[0], 0.99), 2)
        return figures | {
            "search_api_cpu_ms": round(self.api_cpu_ms_each, 2),
            "export_rows_per_s": round(self.export_rows_per_s),
            "export_mb_per_s": round(self.export_mb_per_s, 1),
            "search_api_peak_mb_before_export": round(self.peak_bytes_before_export / 1e6, 1),
            "search_api_peak_mb": round(self.peak_bytes / 1e6, 1),
        }


def _ms(reads: Reads, share: float) -> float:
    return round(percentile(reads.times_ms, share), 2)


class ReadBench:
    """Measures searches of one index. `seconds` is how long each number of clients asks."""

    def __init__(self, addresses: Addresses, index: str, folder: Path, worker_url: str | None, seconds: float) -> None:
        self._addresses, self._index, self._folder, self._seconds = addresses, index, folder, seconds
        self._environment = {
            **os.environ,
            **addresses.environment(),
            "ROWTIDE_ELASTICSEARCH_API_KEY": _read_only_key(addresses, index),
            "ROWTIDE_API_STATE": str(folder / "api.sqlite"),
            **({"ROWTIDE_WORKER_URL": worker_url} if worker_url else {}),
        }
        self._questions = questions(index)

    def run(self, write: Callable[[], object] | None = None) -> ReadFigures:
        """Measure each number of clients, Elasticsearch and the API in turns; then an export, then reads while `write` runs."""
        recorded, bodies = self._record()
        alone: list[Reads] = []
        through: list[Reads] = []
        with self._api(self._environment) as (url, pid):
            elasticsearch = self._addresses.elasticsearch_url
            for target, warming in ((elasticsearch, bodies), (url, recorded)):
                read(target, warming, 4, WARM_SECONDS)
            cpu = read_cpu(pid)
            for clients in CLIENTS:
                turns = [
                    (read(elasticsearch, bodies, clients, each), read(url, recorded, clients, each))
                    for each in [self._seconds / TURNS] * TURNS
                ]
                alone.append(together([figures for figures, _ in turns]))
                through.append(together([figures for _, figures in turns]))
            cpu = (read_cpu(pid) - cpu) * 1000 / sum(len(figures.times_ms) for figures in through)
            before = read_peak(pid)
            rows, size, seconds = self._export(url)
            busy = self._while(write, url, recorded) if write else None
            return ReadFigures(
                rows, through, alone, cpu, size / seconds / 1e6, rows / seconds, before, read_peak(pid), busy
            )

    def _while(self, write: Callable[[], object], url: str, recorded: Sequence[Asked]) -> Reads:
        done = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            writing.add_done_callback(lambda _: done.set())
            busy = read_until(url, recorded, done, PATIENCE_SECONDS)
            writing.result()
        return busy

    def _export(self, url: str) -> tuple[int, int, float]:
        """The slowest format over everything."""
        size, began = 0, perf_counter()
        address = f"{url}/v1/{self._index}/export?format=csv"
        with httpx.stream("GET", address, timeout=600, trust_env=False) as answer:
            answer.raise_for_status()
            rows = int(answer.headers["rowtide-rows"])
            for part in answer.iter_bytes():
                size += len(part)
        return rows, size, perf_counter() - began

    def _record(self) -> tuple[list[Asked], list[Asked]]:
        """Ask every question once, and take what the API makes of it.

        A question without hits is left out: the API then looks for similar words in a second search."""
        recorded: list[Asked] = []
        bodies: list[Asked] = []
        with recording(self._addresses.elasticsearch_url) as (recorder, seen):
            environment = self._environment | {"ROWTIDE_ELASTICSEARCH_URL": recorder}
            with self._api(environment) as (url, _), httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
                for question in self._questions:
                    seen.clear()
                    client.get(question.path).raise_for_status()
                    if len(seen) == 1:
                        recorded.append(question)
                        bodies.append(seen[0])
        if not recorded:
            raise RunnerError(f"No question has an answer in {self._index}; fill it with orders.")
        return recorded, bodies

    @contextmanager
    def _api(self, environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
        """The search API as a process: its address and its process id."""
        port = free_port()
        url = f"http://{LOOPBACK}:{port}"
        log = self._folder / "search.log"
        spec = LaunchSpec(
            command=SEARCH_API,
            directory=str(Path.cwd()),
            environment={**environment, "ROWTIDE_API_PORT": str(port)},
            log=str(log),
            identity={},
        )
        managed = ManagedProcess(spec)
        try:
            if (
                not wait_until(lambda: managed.exit_status is not None or _answers(url), 60.0)
                or managed.exit_status is not None
            ):
                raise RunnerError(f"The search API did not start; see the end of {log}:\n{tail(log)}")
            yield url, descendants(managed.process.pid)[0]
        finally:
            managed.stop(20.0)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _read_only_key(addresses: Addresses, index: str) -> str:
    administrator = ElasticsearchAccess(
        addresses.elasticsearch_url,
        username=addresses.elasticsearch_username,
        password=addresses.elasticsearch_password,
        timeout=30.0,
    )
    return create_api_key(administrator, key_body("rowtide-bench-reads", [index], days=1))
