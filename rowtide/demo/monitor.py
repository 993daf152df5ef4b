"""Watches a running demo: each stage's state, the figures, and the way of each commit into the search."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, time
from types import TracebackType
from typing import Any, Self

import httpx
import psycopg

from cdc.log.names import changes_topic, connector_name
from infra.native.readiness import probe
from infra.native.stack import Stack
from infra.settings import SERVICES
from rowtide.demo.log_follower import Follower
from rowtide.demo.view import Picture, Stage
from rowtide.local_pipeline import Pipeline, mark
from rowtide.programs import Program
from rowtide.stopwatch import Stopwatch, read_commits

_LOOK_SECONDS = 1.0
_REMEMBERED = 100
_RATE_LOOKS = 6


class DemoWatch:
    """`turn` is quick and called often; the slow questions are asked by a thread, once a second."""

    def __init__(
        self, stack: Stack, pipeline: Pipeline, connection: psycopg.Connection[Any], programs: tuple[Program, ...]
    ) -> None:
        """`programs` are those that must run; the last of them is the writer."""
        self._stack = stack
        self._pipeline = pipeline
        self._programs = programs
        self._follower = Follower(programs[-1].log)
        self._stopwatch = Stopwatch()
        self._connection = connection
        self._probes = {service: probe(service, stack.addresses) for service in SERVICES}
        self._http = httpx.Client(timeout=3.0, trust_env=False)
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._look: Future[None] | None = None
        self._looked = 0.0
        self._counted: deque[tuple[float, float]] = deque(maxlen=_RATE_LOOKS)
        self._commands = 0
        self._began = monotonic()
        self.picture = Picture(url=f"{pipeline.search_url}/{pipeline.documents[0]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._looker.shutdown(wait=True, cancel_futures=True)
        self._http.close()

    def turn(self) -> None:
        """Take note of new commits and of those that are searchable now. ProgramFailed when a program has ended."""
        for program in self._programs:
            program.check_runs()
        if commits := read_commits(self._follower.lines()):
            self._commands += len(commits)
            lsn = mark(self._connection)
            for commit in commits:
                self._stopwatch.start(commit, lsn)
        if self._stopwatch.waiting:
            self._settle()
        self.picture.waiting = len(self._stopwatch.waiting)
        self.picture.seconds = monotonic() - self._began
        self._look_when_due()

    def _settle(self) -> None:
        fresh = self._pipeline.worker.freshness()
        if fresh:
            found = self.picture.found + self._stopwatch.stop(fresh.searchable, time())
            self.picture.found = found[-_REMEMBERED:]

    def _look_when_due(self) -> None:
        if self._look is not None and self._look.done():
            self._look.result()
            self._look = None
        if self._look is None and monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = monotonic()
            self._look = self._looker.submit(self._ask_all)

    def _ask_all(self) -> None:
        self._ask_worker()
        documents = {name: self._count(name) for name in self._pipeline.documents}
        stages = self._stages(documents)
        self.picture.documents, self.picture.stages = documents, stages

    def _ask_worker(self) -> None:
        events = self._pipeline.worker.metrics().get("rowtide_events_total")
        if events is not None:
            self._counted.append((monotonic(), events))
            (since, before), (now, after) = self._counted[0], self._counted[-1]
            self.picture.changes_per_s = (after - before) / (now - since) if now > since else 0.0
        fresh = self._pipeline.worker.freshness()
        if fresh:
            self.picture.pending = fresh.pending
            self.picture.quarantined = fresh.quarantined
            self.picture.lag_s = max(0.0, time() - fresh.as_of_ms / 1000) if fresh.as_of_ms else None

    def _stages(self, documents: dict[str, int]) -> list[Stage]:
        settings = self._stack.settings
        connector = self._connector()
        fresh = self._pipeline.worker.freshness()
        state = fresh.state if fresh else "does not answer"
        searching = self._answer(f"{self._pipeline.search_url}/health") is not None
        counts = ", ".join(f"{count:,} {name}" for name, count in documents.items())
        return [
            self._service("postgres", "PostgreSQL", f"port {settings.postgres_port}"),
            self._service("kafka", "Kafka", f"port {settings.kafka_port}, topic {changes_topic(self._pipeline.name)}"),
            Stage("Connect", connector, connector == "running", f"connector {connector_name(self._pipeline.name)}"),
            self._service("elasticsearch", "Elasticsearch", counts),
            Stage("Sync worker", state, state == "live", fresh.reason if fresh else ""),
            Stage("Search API", "ready" if searching else "does not answer", searching, self._pipeline.search_url),
            Stage("Writer", "running", True, f"{self._commands:,} changes to orders in this run"),
        ]

    def _service(self, service: Any, name: str, detail: str) -> Stage:
        ready: Callable[[], bool] = self._probes[service]
        good = ready()
        return Stage(name, "ready" if good else "does not answer", good, detail)

    def _connector(self) -> str:
        found = self._answer(
            f"{self._stack.addresses.connect_url}/connectors/{connector_name(self._pipeline.name)}/status"
        )
        if found is None:
            return "does not answer"
        states = [found["connector"]["state"], *(task["state"] for task in found["tasks"])]
        worst = next((state for state in states if state != "RUNNING"), "RUNNING")
        return str(worst).lower()

    def _count(self, alias: str) -> int:
        addresses = self._stack.addresses
        login = (addresses.elasticsearch_username, addresses.elasticsearch_password)
        found = self._answer(f"{addresses.elasticsearch_url}/{alias}/_count", login)
        return int(found["count"]) if found else 0

    def _answer(self, url: str, login: tuple[str, str] | None = None) -> dict[str, Any] | None:
        try:
            answer = self._http.get(url, auth=login)
        except httpx.TransportError:
            return None
        found: dict[str, Any] | None = answer.json() if answer.is_success else None
        return found
