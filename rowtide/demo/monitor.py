"""Watches a running demo: the state of each stage, the figures, and when each commit becomes searchable."""

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
from read_model.freshness import Freshness
from rowtide.demo.log_follower import LogFollower
from rowtide.demo.stopwatch import Stopwatch, read_commits
from rowtide.demo.view import DemoState, Stage
from rowtide.local_pipeline import LocalPipeline, mark
from rowtide.programs import Program

_POLL_SECONDS = 1.0
_KEPT_COMMITS = 100
_RATE_POLLS = 6


class DemoMonitor:
    """`turn` is quick and called often. What takes longer is read in a thread, once a second."""

    def __init__(
        self, stack: Stack, pipeline: LocalPipeline, connection: psycopg.Connection[Any], programs: tuple[Program, ...]
    ) -> None:
        """`programs` are those that must keep running; the last one is the writer."""
        self._stack = stack
        self._pipeline = pipeline
        self._programs = programs
        self._follower = LogFollower(programs[-1].log)
        self._stopwatch = Stopwatch()
        self._connection = connection
        self._probes = {service: probe(service, stack.addresses) for service in SERVICES}
        self._http = httpx.Client(timeout=3.0, trust_env=False)
        self._poller = ThreadPoolExecutor(1, thread_name_prefix="poll")
        self._poll: Future[None] | None = None
        self._polled = 0.0
        self._counted: deque[tuple[float, float]] = deque(maxlen=_RATE_POLLS)
        self._commands = 0
        self._began = monotonic()
        self.state = DemoState(url=f"{pipeline.search_url}/{pipeline.documents[0]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._poller.shutdown(wait=True, cancel_futures=True)
        self._http.close()

    def turn(self) -> None:
        """Read new commits, and which are searchable by now. Raises ProgramFailed when a program has ended."""
        for program in self._programs:
            program.check_runs()
        if commits := read_commits(self._follower.lines()):
            self._commands += len(commits)
            lsn = mark(self._connection)
            for commit in commits:
                self._stopwatch.start(commit, lsn)
        if self._stopwatch.waiting:
            self._settle()
        self.state.waiting = len(self._stopwatch.waiting)
        self.state.seconds = monotonic() - self._began
        self._poll_when_due()

    def _settle(self) -> None:
        fresh = self._pipeline.worker.freshness()
        if fresh:
            searchable = self.state.searchable + self._stopwatch.stop(fresh.searchable, time())
            self.state.searchable = searchable[-_KEPT_COMMITS:]

    def _poll_when_due(self) -> None:
        if self._poll is not None and self._poll.done():
            self._poll.result()
            self._poll = None
        if self._poll is None and monotonic() - self._polled >= _POLL_SECONDS:
            self._polled = monotonic()
            self._poll = self._poller.submit(self._read_all)

    def _read_all(self) -> None:
        fresh = self._pipeline.worker.freshness()
        self._read_worker(fresh)
        documents = {name: self._count(name) for name in self._pipeline.documents}
        stages = self._stages(documents, fresh)
        self.state.documents, self.state.stages = documents, stages

    def _read_worker(self, fresh: Freshness | None) -> None:
        events = self._pipeline.worker.metrics().get("rowtide_events_total")
        if events is not None:
            self._counted.append((monotonic(), events))
            (since, before), (now, after) = self._counted[0], self._counted[-1]
            self.state.changes_per_s = (after - before) / (now - since) if now > since else 0.0
        if fresh:
            self.state.pending = fresh.pending
            self.state.quarantined = fresh.quarantined
            self.state.lag_s = max(0.0, time() - fresh.as_of_ms / 1000) if fresh.as_of_ms else None

    def _stages(self, documents: dict[str, int], fresh: Freshness | None) -> list[Stage]:
        settings = self._stack.settings
        connector = self._connector()
        state = fresh.state if fresh else "does not answer"
        search_ready = self._get_json(f"{self._pipeline.search_url}/health") is not None
        counts = ", ".join(f"{count:,} {name}" for name, count in documents.items())
        return [
            self._service("postgres", "PostgreSQL", f"port {settings.postgres_port}"),
            self._service("kafka", "Kafka", f"port {settings.kafka_port}, topic {changes_topic(self._pipeline.name)}"),
            Stage("Connect", connector, connector == "running", f"connector {connector_name(self._pipeline.name)}"),
            self._service("elasticsearch", "Elasticsearch", counts),
            Stage("Sync worker", state, state == "live", fresh.reason if fresh else ""),
            Stage(
                "Search API", "ready" if search_ready else "does not answer", search_ready, self._pipeline.search_url
            ),
            Stage("Writer", "running", True, f"{self._commands:,} changes to orders in this run"),
        ]

    def _service(self, service: Any, name: str, detail: str) -> Stage:
        is_ready: Callable[[], bool] = self._probes[service]
        ready = is_ready()
        return Stage(name, "ready" if ready else "does not answer", ready, detail)

    def _connector(self) -> str:
        connect = self._stack.addresses.connect
        login = (connect.username or "", connect.password or "")
        status = self._get_json(f"{connect.url}/connectors/{connector_name(self._pipeline.name)}/status", login)
        if status is None:
            return "does not answer"
        states = [status["connector"]["state"], *(task["state"] for task in status["tasks"])]
        worst = next((state for state in states if state != "RUNNING"), "RUNNING")
        return str(worst).lower()

    def _count(self, alias: str) -> int:
        addresses = self._stack.addresses
        login = (addresses.elasticsearch_username, addresses.elasticsearch_password)
        answer = self._get_json(f"{addresses.elasticsearch_url}/{alias}/_count", login)
        return int(answer["count"]) if answer else 0

    def _get_json(self, url: str, login: tuple[str, str] | None = None) -> dict[str, Any] | None:
        try:
            response = self._http.get(url, auth=login)
        except httpx.TransportError:
            return None
        value: dict[str, Any] | None = response.json() if response.is_success else None
        return value
