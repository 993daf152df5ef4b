"""The run: servers, data, and one measurement after the other. Each step leaves the log read to its end."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from connections.wait import wait_until
from infra.errors import RunnerError
from infra.native import supervisor
from infra.native.ports import LOOPBACK, free_ports
from infra.native.stack import Stack
from read_model.elasticsearch.index_body import index_body
from read_model.plan.model import DocumentPlan, PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.parser import parse_spec
from rowtide.programs import ROWTIDE, WRITER, Programs
from tests.bench import latency
from tests.bench.bulk_bodies import write_bodies
from tests.bench.clients import elasticsearch_client
from tests.bench.log import LogReader, Stretch
from tests.bench.reads import ReadBench
from tests.bench.replay import Replay
from tests.bench.report import Drain, Live, Rate, Results
from tests.bench.source import Source, create_database
from tests.bench.usage import machine, read_cpu
from tests.bench.worker import RunningWorker

DATABASE = "bench"
STORE = "worker"
"""The folder of the row store."""
FEW_ORDERS = 100
"""The documents that the coalesced changes touch."""
PATIENCE_SECONDS = 600.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much. `turns` is how often each of the few orders changes for the coalesced rate."""

    orders: int = 100_000
    rounds: int = 3
    turns: int = 1_500
    live_seconds: int = 20
    read_seconds: float = 15.0


class Bench:
    """A running stack with a filled database, a connector, and programs to be measured."""

    def __init__(self, stack: Stack, spec: Path, size: Size, report: Report) -> None:
        self._stack, self._size, self._report = stack, size, report
        self._root = stack.settings.data_directory
        self._spec = spec
        dsn = self._dsn = create_database(stack.addresses.postgres_dsn, DATABASE)
        port = free_ports()["connect_port"]
        self._worker_url = f"http://{LOOPBACK}:{port}"
        self._environment = {
            **os.environ,
            **stack.addresses.environment(),
            "ROWTIDE_POSTGRES_DSN": dsn,
            "ROWTIDE_WRITER_DSN": dsn,
            "ROWTIDE_WORKER_PORT": str(port),
            "ROWTIDE_SPEC": str(spec.absolute()),
            "ROWTIDE_SECRETS_DIR": str(self._root / "secrets"),
        }
        self._programs = Programs(self._root / "logs", self._environment)
        self._peak = 0
        self._plan: PipelinePlan
        with ExitStack() as opened:
            self._source = opened.enter_context(Source(dsn))
            self._close = opened.pop_all()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._programs.stop()
        self._close.close()

    def run(self) -> Results:
        """Do everything, in the order in which each step needs the one before."""
        began, host = monotonic(), machine()
        cold, initial = self._first_load()
        steady, alone = self._steady_and_alone()
        debezium, coalesced = self._coalesced()
        live_figures, awaited = self._live(awaited=False), self._live(awaited=True)
        reads = self._reads()
        return Results(
            orders=self._size.orders,
            debezium=debezium,
            initial_cold=cold,
            initial=initial,
            steady=steady,
            coalesced=coalesced,
            elasticsearch_initial=alone[0],
            elasticsearch=alone[1:],
            live=live_figures,
            awaited=awaited,
            worker_peak_rss=self._peak,
            seconds=monotonic() - began,
            machine=host,
            reads=reads,
        )

    def run_reads(self) -> dict[str, object]:
        """Fill the index, and measure only searches."""
        self._first_load()
        return self._reads()

    def _first_load(self) -> tuple[Drain, Drain]:
        self._report(f"writing {self._size.orders:,} orders")
        self._run("writer-seed", *WRITER, "seed", "--orders", str(self._size.orders))
        self._plan = resolve(parse_spec(self._spec.read_text(), str(self._spec)), self._source.catalog())
        self._run("init", *ROWTIDE, "init")
        self._report("Debezium takes the snapshot")
        self._run("connectors-apply", *ROWTIDE, "connectors", "apply", "--wait", "120")
        if not wait_until(self._source.has_slot, PATIENCE_SECONDS):
            raise RunnerError("The connector made no slot; see connect.log of the stack.")
        self._log = LogReader(self._stack.addresses.kafka, self._plan.pipeline)
        self._close.callback(self._log.close)
        marker = self._source.marker()
        stretch = self._log.until(marker, PATIENCE_SECONDS)
        self._report(
            "the worker loads the snapshot: into servers that have just started, then again into a new row store"
        )
        return self._drain(stretch, marker, "worker-cold"), self._drain(stretch, marker)

    def _steady_and_alone(self) -> tuple[list[Drain], list[Rate]]:
        """The pipeline and Elasticsearch by itself, in turns: the JVM keeps compiling, which affects both alike."""
        steady, body = [], index_body(self._orders())
        with Replay(self._stack.addresses, "bench-replay", body) as replay:
            alone = [self._alone(replay, 1)]
            for turn in range(self._size.rounds):
                steady.append(self._steady_round(turn))
                alone.append(self._alone(replay, turn + 2))
        return steady, alone

    def _steady_round(self, turn: int) -> Drain:
        self._report(f"steady, round {turn + 1} of {self._size.rounds}: every change another document")
        self._source.change_every_order()
        marker = self._source.marker()
        return self._drain(self._log.until(marker, PATIENCE_SECONDS), marker)

    def _coalesced(self) -> tuple[Rate, Drain]:
        self._report(f"{FEW_ORDERS * self._size.turns:,} changes of {FEW_ORDERS} orders: Debezium, then the worker")
        self._run("connectors-pause", *ROWTIDE, "connectors", "pause", "--wait", "60")
        self._source.change_few_often(FEW_ORDERS, self._size.turns)
        marker = self._source.marker()
        self._run("connectors-resume", *ROWTIDE, "connectors", "resume", "--wait", "60")
        stretch = self._log.until(marker, PATIENCE_SECONDS)
        return Rate(stretch.events, stretch.seconds), self._drain(stretch, marker)

    def _drain(self, stretch: Stretch, marker: int, store: str = STORE) -> Drain:
        with self._worker(store) as worker:
            before = worker.cpu_seconds
            seconds = worker.wait(marker, PATIENCE_SECONDS)
            return Drain(stretch.events, worker.documents, seconds, worker.cpu_seconds - before)

    def _alone(self, replay: Replay, version: int) -> Rate:
        self._report("Elasticsearch by itself: the same bulk bodies" + (" again" if version > 1 else ""))
        store = self._root / STORE / f"{self._plan.pipeline}.sqlite"
        bodies = write_bodies(store, self._orders(), version, self._root / "bulks")
        before = self._elasticsearch_cpu()
        rate = replay.play(bodies)
        return replace(rate, cpu_seconds=self._elasticsearch_cpu() - before)

    def _elasticsearch_cpu(self) -> float:
        process = self._stack.process("elasticsearch")
        return sum(read_cpu(pid) for pid in supervisor.descendants(process.pid)) if process else 0.0

    def _orders(self) -> DocumentPlan:
        return next(document for document in self._plan.documents if document.name == "orders")

    def _live(self, awaited: bool) -> Live:
        how = "a reader waits" if awaited else "no reader waits"
        self._report(f"{latency.COMMANDS_PER_S} commands a second for {self._size.live_seconds} s; {how}")
        with self._worker() as worker, Source(self._dsn) as source, elasticsearch_client(self._stack.addresses) as http:
            worker.wait(self._source.marker(), PATIENCE_SECONDS)
            finder = latency.Finder(source, http, "orders")
            return latency.measure(worker, self._source, finder, self._programs, self._size.live_seconds, awaited)

    def _reads(self) -> dict[str, object]:
        self._report(
            "searches: Elasticsearch by itself and the API in turns, an export, then searches next to a writer at full speed"
        )

        def write() -> None:
            command = (*WRITER, "load", "--seconds", str(self._size.live_seconds))
            self._programs.run("writer-load-fast", command, self._size.live_seconds * 2.0 + 60.0)

        with self._worker() as worker:
            worker.wait(self._source.marker(), PATIENCE_SECONDS)
            root = self._root / "reads"
            root.mkdir(exist_ok=True)
            bench = ReadBench(self._stack.addresses, "orders", root, self._worker_url, self._size.read_seconds)
            return bench.run(write).as_json()

    def _run(self, name: str, *command: str) -> None:
        self._programs.run(name, command, PATIENCE_SECONDS)

    @contextmanager
    def _worker(self, store: str = STORE) -> Iterator[RunningWorker]:
        environment = {**self._environment, "ROWTIDE_WORKER_STORE": str(self._root / store)}
        with RunningWorker(environment, self._worker_url, self._root / "logs" / "worker.log") as worker:
            yield worker
        self._peak = max(self._peak, worker.peak_bytes)
