"""One run of the chaos suite: load, faults and readers on a private stack; then quiet, and every document is compared."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from cdc.log.names import connector_name
from infra.native.ports import free_port
from infra.native.stack import Stack
from infra.settings import SERVICES
from read_model.freshness import Freshness
from rowtide.conformance.fault_proxy import FaultProxy
from rowtide.local_pipeline import SHIPPED_SPEC, LocalPipeline, PipelinePorts, database, mark
from rowtide.programs import ROWTIDE, WRITER
from tests.chaos.definition_changes import DefinitionChanges
from tests.chaos.fault_injector import FaultInjector, revive
from tests.chaos.final_check import FinalReport, compare
from tests.chaos.hostile_login import HostileLogin
from tests.chaos.log import newest_messages
from tests.chaos.publication_edits import prove
from tests.chaos.reader import Access, Prober, Reader
from tests.chaos.restarting_program import NO_SERVICE, RestartingProgram
from tests.chaos.schedule import Fault, schedule
from tests.chaos.second_pipeline import SecondPipeline
from tests.chaos.sessions import Sessions
from tests.chaos.settling import STILL_SECONDS, settle
from tests.chaos.supervisor import Supervisor

HERE = Path(__file__).parent
ORDERS = 800
SESSIONS = 4
PROBERS = 6
WRITER_RATE = "15"
NEWEST_RECORDS = 2_000
"""Among which the hostile login looks for messages to copy."""
FIRST_SECONDS = 400.0
WORKER = {
    "ROWTIDE_WORKER_SPOOL_AFTER": "300",  # So that large transactions go through the spool.
    "ROWTIDE_WORKER_BULK_DOCUMENTS": "150",
}
Report = Callable[[str], None]


@dataclass(frozen=True)
class Scenario:
    """What to run: everything random comes from `seed`; faults come for `seconds`. `alone` on its database, the
    pipeline has no second one beside it."""

    seed: int
    seconds: float
    alone: bool = False
    orders: int = ORDERS


class Chaos:
    """The parts of a run, opened one after the other and closed in the other order."""

    def __init__(self, stack: Stack, scenario: Scenario, report: Report) -> None:
        self._stack = stack
        self._scenario = scenario
        self._report = report
        self._unnoticed: list[str] = []
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
            faults = schedule(self._scenario.seed, self._scenario.seconds)
            self._announce(faults)
            self._injector.run(faults, self._broken)
            self._report("no more faults")
            fault_seconds = monotonic() - began
            self._settle_down()
            self._reader.stop()
            for prober in self._probers:
                prober.stop()
            ending = compare(
                (self._pipeline, *(each.pipeline for each in self._seconds)), self._access, self._stack, self._report
            )
            return self._result(ending, fault_seconds, monotonic() - began)

    def _open(self, opened: ExitStack) -> None:
        scenario, stack = self._scenario, self._stack
        self._pipeline = pipeline = opened.enter_context(
            LocalPipeline(
                stack,
                self._spec,
                PipelinePorts(free_port(), free_port()),
                lambda part, state: self._report(f"{part}: {state}"),
            )
        )
        pipeline.fill(scenario.orders)
        with database(pipeline.dsn) as connection:
            for schema in ("schema.sql", "definitions.sql"):
                connection.execute((HERE / schema).read_bytes())
        self._sessions = Sessions(pipeline.dsn, scenario.seed, SESSIONS)
        self._sessions.start()
        opened.callback(self._sessions.stop)
        load = (*WRITER, "load", "--rate", WRITER_RATE, "--seed", str(scenario.seed))
        self._writer = RestartingProgram(pipeline.programs, "writer", load, accepted=(0, 1, NO_SERVICE))
        self._writer.watch()
        opened.callback(self._writer.stop)
        pipeline.capture()
        self._open_worker(opened)

    def _open_worker(self, opened: ExitStack) -> None:
        pipeline, seed = self._pipeline, self._scenario.seed
        self._proxy = opened.enter_context(_wire(self._access.url))
        for name, value in {**WORKER, "ROWTIDE_ELASTICSEARCH_URL": self._proxy.url}.items():
            pipeline.programs.set_variable(name, value)
        self._worker = RestartingProgram(pipeline.programs, "worker", (*ROWTIDE, "worker"), accepted=(NO_SERVICE,))
        self._worker.watch()
        opened.callback(self._worker.stop)
        self._until(lambda fresh: fresh.state in ("live", "degraded"), FIRST_SECONDS)
        self._open_neighbours(opened)
        self._reader = Reader(self._access, seed)
        self._probers = [
            Prober(self._access, pipeline.dsn, pipeline.worker_url, seed, place) for place in range(PROBERS)
        ]
        readers: list[Reader | Prober] = [self._reader, *self._probers]
        for each in readers:
            each.start()
            opened.callback(each.stop)
        self._hostile = self._hostile_login()
        self._hostile.start()
        opened.callback(self._hostile.stop)
        connector = connector_name(pipeline.name)
        connectors = (connector, *(each.connector for each in self._seconds))
        self._injector = FaultInjector(self._stack, self._worker, self._proxy, connector, self._report)
        self._supervisor = Supervisor(self._stack, connectors, self._injector, self._report)
        self._supervisor.start()
        opened.callback(self._supervisor.stop)
        self._definitions.start()
        opened.callback(self._definitions.stop)

    def _open_neighbours(self, opened: ExitStack) -> None:
        """Who shares the database with the pipeline, and who changes it."""
        self._seconds = [] if self._scenario.alone else [SecondPipeline(self._stack, self._report, opened)]
        for each in self._seconds:
            each.settle(lambda fresh: fresh.state in ("live", "degraded"))
        self._definitions = DefinitionChanges(self._pipeline, self._scenario.seed, self._report)

    def _hostile_login(self) -> HostileLogin:
        pipeline, addresses = self._pipeline, self._stack.addresses
        read = partial(newest_messages, addresses.kafka, pipeline.name, NEWEST_RECORDS)
        return HostileLogin(
            addresses.postgres_dsn, pipeline.dsn, pipeline.name, pipeline.worker_url, self._scenario.seed, read
        )

    def _announce(self, faults: list[Fault]) -> None:
        self._report(f"seed {self._scenario.seed}: {len(faults)} faults in {self._scenario.seconds:.0f} s")
        for fault in faults:
            self._report(f"  planned {fault}")

    def _report_sightings(self) -> None:
        for sighting in (*self._reader.contradictions, *self._ahead):
            self._report(f"seen: {sighting}")

    def _broken(self) -> bool:
        return bool(self._failures or self._reader.half_seen or self._ahead)

    @property
    def _ahead(self) -> list[str]:
        return [sighting for prober in self._probers for sighting in prober.ahead]

    @property
    def _failures(self) -> list[str]:
        """What must not happen to the worker, the load and the readers."""
        faults = [self._reader.fault, *(prober.fault for prober in self._probers)]
        faults += [self._hostile.fault, self._definitions.fault, *self._unnoticed]
        harm = (
            *self._worker.failures,
            *(failure for each in self._seconds for failure in each.worker.failures),
            *self._supervisor.too_large,
            *self._hostile.accepted,
        )
        return [each for each in (*harm, *self._sessions.faults, *faults) if each]

    def _settle_down(self) -> None:
        """Everything runs, nothing is written, and the documents catch up."""
        self._proxy.set_mode("pass")
        for service in SERVICES:
            revive(self._stack, service, self._report)
        self._writer.stop()
        self._definitions.stop()
        self._sessions.stop()
        self._hostile.stop()
        self._report("the load has stopped")
        with database(self._pipeline.dsn) as connection:
            lsn = mark(connection)
        self._until(lambda fresh: fresh.searchable >= lsn and fresh.state == "live")
        self._unnoticed = prove(self._pipeline, self._report)
        with database(self._pipeline.dsn) as connection:
            lsn = mark(connection)
        for wait in (self._until, *(each.settle for each in self._seconds)):
            wait(lambda fresh: fresh.searchable >= lsn and fresh.state == "live")
        self._report("everything is searchable")

    def _until(self, reached: Callable[[Freshness], bool], still_seconds: float = STILL_SECONDS) -> None:
        settle(self._pipeline, self._worker, self._report, reached, still_seconds)

    def _result(self, ending: FinalReport, fault_seconds: float, took: float) -> dict[str, Any]:
        probes = sum((prober.probes for prober in self._probers), Counter[str]())
        wrong = [*self._failures, ending.log.fault, *ending.notes, *self._reader.contradictions, *self._ahead]
        return {
            "seed": self._scenario.seed,
            "minutes": round(self._scenario.seconds / 60, 2),
            "divergent": ending.divergent,
            "resurrected": ending.extra,
            "half_transactions_seen": self._reader.half_seen,
            "freshness_ahead": len(self._ahead),
            "faults": self._injector.done.total(),
            "changes": ending.log.changes,
            "documents": ending.documents,
            "read_by_readers": self._reader.seen,
            "probes": probes["seen"],
            "attacks": dict(sorted(self._hostile.counts.items())),
            "changes_of_definitions": dict(sorted(self._definitions.done.items())),
            "actions": dict(sorted(self._sessions.actions.items())),
            "worker_starts": self._worker.starts,
            "starts_of_the_second_worker": sum(each.worker.starts for each in self._seconds),
            "transactions": dict(self._sessions.counts),
            "log": dict(ending.log.counts),
            "by_fault": dict(sorted(self._injector.done.items())),
            "care": dict(self._supervisor.done),
            "searches": dict(self._reader.searches),
            "not_probed": {name: count for name, count in probes.items() if name != "seen"},
            "seconds": round(took, 1),
            "tormented_seconds": round(fault_seconds, 1),
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
