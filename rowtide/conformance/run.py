"""Runs cases through the real pipeline: one database, connector and worker for all cases that can share them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from cdc.log.names import role_name
from connections.wait import wait_until
from connections.worker import WorkerClient
from infra.errors import RunnerError, ServiceUnavailable, WrongSettings
from infra.native.ports import LOOPBACK, free_port
from read_model.freshness import Freshness, Origin
from rowtide.conformance.case import Case
from rowtide.conformance.combined_spec import alias, combined_spec
from rowtide.conformance.comparison import Comparison
from rowtide.conformance.connector import ConnectorMonitor
from rowtide.conformance.faults import Faults
from rowtide.conformance.index import CaseIndex
from rowtide.conformance.result import CaseResult
from rowtide.conformance.servers import Servers
from rowtide.conformance.sql_sessions import CaseSqlError, SqlSessions
from rowtide.conformance.worker import CaseWorker
from rowtide.local_pipeline import database, mark
from rowtide.programs import ROWTIDE, Programs

STEP_SECONDS = 120.0
"""Limit for the changes of a step to become searchable."""
LOAD_SECONDS = 300.0
"""Limit for the first load, which creates an index for each document."""
_COMMAND_SECONDS = 300.0

Report = Callable[[str], None]
"""Is given a line of progress."""
StepDone = Callable[["Run", int], None]
"""Called after the first load (0) and after each step, once everything was compared."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where cases run. `parameters` are set for the runs' databases, but not in the cases' own sessions."""

    servers: Servers
    folder: Path
    report: Report
    parameters: Mapping[str, str] = field(default_factory=dict)


def run_cases(
    cases: Sequence[Case], surroundings: Surroundings, done: StepDone = lambda _run, _step: None
) -> list[CaseResult]:
    """Run cases, as many as possible in one pipeline.

    If a run of several cases fails as a whole, each half of them is run again, to find the case that caused it.
    """
    shared = [case for case in cases if not case.alone]
    results = _run_together(shared, surroundings, done) if shared else []
    for case in cases:
        if case.alone:
            results += _run_together([case], surroundings, done)
    order = {case.name: place for place, case in enumerate(cases)}
    return sorted(results, key=lambda result: order[result.case])


def _run_together(cases: Sequence[Case], surroundings: Surroundings, done: StepDone) -> list[CaseResult]:
    try:
        with Run(cases, surroundings) as run:
            return run.go(done)
    except (ServiceUnavailable, WrongSettings):
        raise
    except RunnerError as error:
        if len(cases) == 1:
            return [_result(cases[0], failure=str(error))]
        surroundings.report(f"The run failed; running each half again. {str(error).partition(chr(10))[0]}")
        half = len(cases) // 2
        return [result for part in (cases[:half], cases[half:]) for result in _run_together(part, surroundings, done)]


def _result(case: Case, failure: str = "") -> CaseResult:
    return CaseResult(case.name, case.title, len(case.steps), failure=failure)


class Run:
    """One pipeline. Leaving the context deletes everything that it created."""

    def __init__(self, cases: Sequence[Case], surroundings: Surroundings) -> None:
        servers, self._parameters = surroundings.servers, surroundings.parameters
        self.pipeline = f"case_{uuid4().hex[:10]}"
        self.cases = list(cases)
        self._servers, self._report = servers, surroundings.report
        self.own_schemas = not any(case.alone for case in cases)
        self.dsn = make_conninfo(servers.dsn, dbname=self.pipeline)
        self._folder = surroundings.folder / self.pipeline
        self._spec = self._folder / "spec.yaml"
        port = free_port()
        url = f"http://{LOOPBACK}:{port}"
        self.environment = {
            **servers.environment,
            **{name: value for case in cases for name, value in case.settings.items()},
            "ROWTIDE_POSTGRES_DSN": self.dsn,
            "ROWTIDE_SPEC": str(self._spec),
            "ROWTIDE_SECRETS_DIR": str(self._folder / "secrets"),
            "ROWTIDE_WORKER_STORE": str(self._folder / "store"),
            "ROWTIDE_WORKER_PORT": str(port),
            "ROWTIDE_WORKER_URL": url,
        }
        self._programs = Programs(self._folder / "logs", self.environment)
        self._client = WorkerClient(url, origin=Origin(self.pipeline))
        self._worker = CaseWorker(self._programs, self._client)
        self._connector = ConnectorMonitor(servers.connect, self.pipeline)
        self._sessions: dict[str, SqlSessions] = {}
        self.results: dict[str, CaseResult] = {case.name: _result(case) for case in cases}
        self._exit = ExitStack()

    def __enter__(self) -> "Run":
        with ExitStack() as opened:
            (self._folder / "logs").mkdir(parents=True)
            opened.callback(self._client.close)
            opened.callback(self._connector.close)
            opened.enter_context(_own_database(self._servers.dsn, self.pipeline, self._parameters))
            self.index = CaseIndex(self.environment)
            opened.callback(self.index.close)
            opened.callback(self.index.remove, self.pipeline)
            self._comparison = Comparison(self.pipeline, self._programs, self.index)
            self._faults = Faults(self._servers, self._worker, self.index, self.pipeline)
            if any(fault.network_fault for case in self.cases for fault in case.faults):
                self._worker.variables["ROWTIDE_ELASTICSEARCH_URL"] = self._faults.start_proxy(opened)
            opened.callback(self._delete_connector)
            opened.callback(self._programs.stop)
            for case in self.cases:
                sessions = SqlSessions(self.dsn, case, self.own_schemas, self._parameters)
                self._sessions[case.name] = opened.enter_context(sessions)
            self._exit = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def go(self, done: StepDone) -> list[CaseResult]:
        """Run all cases. Raises RunnerError if the pipeline as a whole cannot continue."""
        self._report(f"{len(self.cases)} {'case' if len(self.cases) == 1 else 'cases'}: creating tables and rows")
        running = [case for case in self.cases if self._succeeds(case, partial(self._create, case))]
        indexed = [case for case in running if not case.refused]
        for case in running:
            if case.refused:
                self._check_refusal(case)
        if indexed:
            self._load(indexed)
            self._after(0, indexed, done)
            for number in range(1, 1 + max(len(case.steps) for case in indexed)):
                self._step(number, indexed, done)
        return list(self.results.values())

    def _create(self, case: Case) -> None:
        self._sessions[case.name].create(case)

    def _succeeds(self, case: Case, act: Callable[[], None]) -> bool:
        """Whether the case's SQL did what it should. If not, its result gets the reason."""
        result = self.results[case.name]
        if not result.failure:
            try:
                act()
            except CaseSqlError as error:
                result.failure = str(error)
        return not result.failure

    def _check_refusal(self, case: Case) -> None:
        """`rowtide init` must fail with an error that contains the case's texts."""
        self._spec.write_text(combined_spec(self.pipeline, [case], self.own_schemas), encoding="utf-8")
        printed = self._programs.run("init", (*ROWTIDE, "init"), _COMMAND_SECONDS, accept=(0, 1, 2))
        result = self.results[case.name]
        missing = [text for text in case.refused if text not in printed]
        result.refused = not missing
        if missing:
            texts = "', '".join(missing)
            result.failure = f"`rowtide init` did not report '{texts}'. Its output: {printed.strip()[-1000:]}"

    def _load(self, cases: Sequence[Case]) -> None:
        self._report("first load")
        self._spec.write_text(combined_spec(self.pipeline, cases, self.own_schemas), encoding="utf-8")
        self._programs.run("init", (*ROWTIDE, "init"), _COMMAND_SECONDS)
        self._programs.run("apply", (*ROWTIDE, "connectors", "apply", "--wait", "60"), _COMMAND_SECONDS)
        self._worker.start()

    def _step(self, number: int, cases: Sequence[Case], done: StepDone) -> None:
        self._report(f"step {number:02}")
        faults = [fault for case in cases for fault in case.faults if fault.step == number]
        during = [fault for fault in faults if fault.during]
        for fault in faults:
            self._report(f"{fault.program}: {fault.how}")
        for fault in during:
            self._faults.inject(fault)
        for case in cases:
            for step in case.steps[number - 1 : number]:
                self._succeeds(case, partial(self._sessions[case.name].run, step.statements, step.file))
        for fault in during:
            self._faults.clear(fault)
        for fault in faults:
            if not fault.during:
                self._faults.inject(fault)
                self._faults.clear(fault)
        self._after(number, cases, done)

    def _after(self, number: int, cases: Sequence[Case], done: StepDone) -> None:
        """Wait until everything so far is searchable, then compare."""
        heals = any(number in case.heals for case in cases)
        with database(self.dsn) as connection:
            lsn = mark(connection)
        # A heartbeat follows the marker. With it, the worker notices changed table definitions.
        states = ("live",) if heals else ("live", "degraded")
        self.wait(lsn + heals, states, STEP_SECONDS if number else LOAD_SECONDS)
        shown = [case for case in cases if not self.results[case.name].failure]
        verified = self._comparison.with_database(number, shown)
        for case in shown:
            result = self.results[case.name]
            compared, deviations = verified[case.name]
            result.compared += compared
            result.deviations += deviations
            result.deviations += self._comparison.with_expected(number, case)
            if number == len(case.steps):
                result.deviations += self._comparison.with_flags(number, case)
        done(self, number)

    def wait(self, lsn: int, states: Sequence[str], seconds: float) -> None:
        """Return when everything up to the LSN is searchable and the worker is in one of the states."""
        last: Freshness | None = None

        def reached() -> bool:
            nonlocal last
            self._connector.check()
            last = self._worker.freshness()
            return last is not None and last.searchable >= lsn and last.state in states

        if not wait_until(reached, seconds):
            raise RunnerError(
                f"The documents were not up to date within {seconds:.0f} s. The worker's freshness: {last}"
            )

    def _delete_connector(self) -> None:
        command = (*ROWTIDE, "connectors", "delete", "--offsets", "--slot", "--topic")
        self._programs.run("delete", command, _COMMAND_SECONDS, accept=(0, 1, 2, 3))

    def alias(self, case: Case, document: str) -> str:
        """The name of a case's index."""
        return alias(self.pipeline, case, document)


@contextmanager
def _own_database(dsn: str, name: str, parameters: Mapping[str, str]) -> Iterator[None]:
    """A database for the run. At the end it is dropped, with its slots and the connector's role."""
    with database(dsn) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(Identifier(name)))
        for parameter, value in parameters.items():
            # SET search_path takes a list, and no text in quotes is one.
            setting = SQL("ALTER DATABASE {} SET {} = {}").format(
                Identifier(name), Identifier(parameter), SQL(", ").join(map(Literal, value.split(",")))
            )
            connection.execute(setting)
    try:
        yield
    finally:
        with database(dsn) as connection:
            _drop(connection, name)


def _drop(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    slots = "FROM pg_replication_slots WHERE database = %s"
    connection.execute(f"SELECT pg_terminate_backend(active_pid, 5000) {slots} AND active_pid IS NOT NULL", [name])
    connection.execute(f"SELECT pg_drop_replication_slot(slot_name) {slots}", [name])
    connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
    connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role_name(name))))
