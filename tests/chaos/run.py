"""One run of the chaos suite: load, faults and readers on a stack of its own; then peace, and every document compared."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from cdc.log.names import connector_name
from connections.wait import wait_until
from infra.errors import RunnerError, ServiceUnavailable
from infra.native.ports import free_port
from infra.native.stack import Stack
from infra.settings import SERVICES
from read_model.freshness import Freshness
from rowtide.conformance.fault_proxy import FaultProxy
from rowtide.local_pipeline import SHIPPED_SPEC, LocalPipeline, PipelinePorts, database, mark
from rowtide.programs import ROWTIDE, WRITER
from tests.chaos.fault_injector import Torment, revive
from tests.chaos.final_check import Ending, compare
from tests.chaos.reader import Access, Prober, Reader
from tests.chaos.restarting_program import NO_SERVICE, Supervised
from tests.chaos.schedule import Fault, schedule
from tests.chaos.sessions import Sessions
from tests.chaos.supervisor import Caretaker

HERE = Path(__file__).parent
ORDERS = 800
SESSIONS = 4
PROBERS = 6
WRITER_RATE = "15"
FIRST_SECONDS = 400.0
STILL_SECONDS = 240.0
"""So long nothing may move while everything runs again; then the run has not converged."""
WORKER = {
    "ROWTIDE_WORKER_SPOOL_AFTER": "300",  # So that large transactions go through the spool.
    "ROWTIDE_WORKER_BULK_DOCUMENTS": "150",
}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """What to run: everything random comes from `seed`; faults come for `seconds`."""

    seed: int
    seconds: float
    orders: int = ORDERS


class Chaos:
    """The parts of a run, opened one after the other and closed in the other order."""

    def __init__(self, stack: Stack, task: Task, say: Say) -> None:
        self._stack = stack
        self._task = task
        self._say = say
        self._spec = _write_spec(stack.settings.data_directory)
        addresses = stack.addresses
        self._access = Access(
            addresses.elasticsearch_url, (addresses.elasticsearch_username, addresses.elasticsearch_password)
        )

    def run(self) -> dict[str, Any]:
        """The result, ready for JSON."""
        began = monotonic()
        with ExitStack() as opened:
            self._open(opened)
            opened.callback(self._report_sightings)
            faults = schedule(self._task.seed, self._task.seconds)
            self._announce(faults)
            self._torment.run(faults, self._broken)
            self._say("the faults are over")
            tormented = monotonic() - began
            self._peace()
            self._reader.stop()
            for prober in self._probers:
                prober.stop()
            ending = compare(self._pipeline, self._access, self._stack, self._say)
            return self._result(ending, tormented, monotonic() - began)

    def _open(self, opened: ExitStack) -> None:
        task, stack = self._task, self._stack
        self._pipeline = pipeline = opened.enter_context(
            LocalPipeline(
                stack,
                self._spec,
                PipelinePorts(free_port(), free_port()),
                lambda part, state: self._say(f"{part}: {state}"),
            )
        )
        pipeline.fill(task.orders)
        with database(pipeline.dsn) as connection:
            connection.execute((HERE / "schema.sql").read_bytes())
        self._sessions = Sessions(pipeline.dsn, task.seed, SESSIONS)
        self._sessions.start()
        opened.callback(self._sessions.stop)
        load = (*WRITER, "load", "--rate", WRITER_RATE, "--seed", str(task.seed))
        self._writer = Supervised(pipeline.programs, "writer", load, accepted=(0, 1, NO_SERVICE))
        self._writer.watch()
        opened.callback(self._writer.stop)
        pipeline.capture()
        self._open_worker(opened)

    def _open_worker(self, opened: ExitStack) -> None:
        pipeline, seed = self._pipeline, self._task.seed
        self._wire = opened.enter_context(_wire(self._access.url))
        for name, value in {**WORKER, "ROWTIDE_ELASTICSEARCH_URL": self._wire.url}.items():
            pipeline.programs.set_variable(name, value)
        self._worker = Supervised(pipeline.programs, "worker", (*ROWTIDE, "worker"), accepted=(NO_SERVICE,))
        self._worker.watch()
        opened.callback(self._worker.stop)
        self._until(lambda fresh: fresh.state in ("live", "degraded"), FIRST_SECONDS)
        self._reader = Reader(self._access, seed)
        self._probers = [
            Prober(self._access, pipeline.dsn, pipeline.worker_url, seed, place) for place in range(PROBERS)
        ]
        readers: list[Reader | Prober] = [self._reader, *self._probers]
        for each in readers:
            each.start()
            opened.callback(each.stop)
        connector = connector_name(pipeline.name)
        self._torment = Torment(self._stack, self._worker, self._wire, connector, self._say)
        self._care = Caretaker(self._stack, connector, self._torment, self._say)
        self._care.start()
        opened.callback(self._care.stop)

    def _announce(self, faults: list[Fault]) -> None:
        self._say(f"seed {self._task.seed}: {len(faults)} faults in {self._task.seconds:.0f} s")
        for fault in faults:
            self._say(f"  planned {fault}")

    def _report_sightings(self) -> None:
        for sighting in (*self._reader.contradictions, *self._ahead):
            self._say(f"seen: {sighting}")

    def _broken(self) -> bool:
        return bool(self._failures or self._reader.half_seen or self._ahead)

    @property
    def _ahead(self) -> list[str]:
        return [sighting for prober in self._probers for sighting in prober.ahead]

    @property
    def _failures(self) -> list[str]:
        """What must not happen to the worker, the load and the readers."""
        faults = [self._reader.fault, *(prober.fault for prober in self._probers)]
        return [each for each in (*self._worker.failures, *self._sessions.faults, *faults) if each]

    def _peace(self) -> None:
        """Everything runs, nothing is written, and the documents catch up."""
        self._wire.set_mode("pass")
        for service in SERVICES:
            revive(self._stack, service, self._say)
        self._writer.stop()
        self._sessions.stop()
        self._say("the load is over")
        with database(self._pipeline.dsn) as connection:
            lsn = mark(connection)
        self._until(lambda fresh: fresh.searchable >= lsn and fresh.state in ("live", "degraded"), STILL_SECONDS)
        self._say("everything is searchable")

    def _until(self, reached: Callable[[Freshness], bool], still_seconds: float) -> None:
        """Wait while anything moves; ServiceUnavailable when nothing does for long, or the worker failed."""
        moved, reported = monotonic(), 0.0
        last: Freshness | None = None

        def settled() -> bool:
            nonlocal moved, last, reported
            now = self._pipeline.worker.freshness()
            if now is not None and (last is None or (now.searchable, now.pending) != (last.searchable, last.pending)):
                moved, last = monotonic(), now
            if monotonic() - reported > 10.0:
                reported = monotonic()
                self._say(f"worker: {f'{now.state}, {now.pending:,} pending' if now else 'no answer'}")
            if self._worker.failures:
                raise RunnerError(self._worker.failures[0])
            return (now is not None and reached(now)) or monotonic() - moved > still_seconds

        wait_until(settled, float("inf"), pause_seconds=0.1)
        now = self._pipeline.worker.freshness()
        if now is None or not reached(now):
            raise ServiceUnavailable(f"The documents do not catch up: nothing moved for {still_seconds:.0f} s ({now}).")

    def _result(self, ending: Ending, tormented: float, took: float) -> dict[str, Any]:
        probes = sum((prober.probes for prober in self._probers), Counter[str]())
        wrong = [*self._failures, ending.log.fault, *ending.notes, *self._reader.contradictions, *self._ahead]
        return {
            "seed": self._task.seed,
            "minutes": round(self._task.seconds / 60, 2),
            "divergent": ending.divergent,
            "resurrected": ending.extra,
            "half_transactions_seen": self._reader.half_seen,
            "freshness_ahead": len(self._ahead),
            "faults": self._torment.done.total(),
            "changes": ending.log.changes,
            "documents": ending.documents,
            "read_by_readers": self._reader.seen,
            "probes": probes["seen"],
            "worker_starts": self._worker.starts,
            "transactions": dict(self._sessions.counts),
            "log": dict(ending.log.counts),
            "by_fault": dict(sorted(self._torment.done.items())),
            "care": dict(self._care.done),
            "searches": dict(self._reader.searches),
            "not_probed": {name: count for name, count in probes.items() if name != "seen"},
            "seconds": round(took, 1),
            "tormented_seconds": round(tormented, 1),
            "wrong": [each for each in wrong if each],
        }


def _write_spec(folder: Path) -> Path:
    """The shipped documents and those of the second schema, in one pipeline."""
    spec = folder / "spec.yaml"
    text = SHIPPED_SPEC.read_text(encoding="utf-8") + (HERE / "documents.yaml").read_text(encoding="utf-8")
    spec.write_text(text, encoding="utf-8")
    return spec


@contextmanager
def _wire(upstream: str) -> Iterator[FaultProxy]:
    wire = FaultProxy(upstream, free_port())
    wire.start()
    try:
        yield wire
    finally:
        wire.stop()
