"""Runs cases through the real pipeline: one database, one connector and one worker for as many cases as go together."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.names import role_name
from connections.wait import wait_until
from connections.worker import WorkerClient
from infra.errors import RunnerError, ServiceUnavailable, WrongSettings
from infra.native.ports import LOOPBACK, free_port
from read_model.freshness import Freshness
from rowtide.conformance.case import Case
from rowtide.conformance.combined_spec import alias, combined_spec
from rowtide.conformance.comparison import Comparison
from rowtide.conformance.connector import Connector
from rowtide.conformance.faults import Faults
from rowtide.conformance.index import Index
from rowtide.conformance.result import Result
from rowtide.conformance.servers import Servers
from rowtide.conformance.sql_sessions import CaseFailed, Sessions
from rowtide.conformance.worker import CaseWorker
from rowtide.local_pipeline import database, mark
from rowtide.programs import ROWTIDE, Programs

STEP_SECONDS = 120.0
"""A step's changes are searchable after so long, or something stands still."""
LOAD_SECONDS = 300.0
"""The same for the first load, which makes an index for every kind of document."""
_COMMAND_SECONDS = 300.0

Tell = Callable[[str], None]
Done = Callable[["Run", int], None]
"""Called after the first load (0) and after each step, when everything was compared."""


def run_cases(
    cases: Sequence[Case], servers: Servers, folder: Path, tell: Tell, done: Done = lambda _run, _step: None
) -> list[Result]:
    """Run cases, together where they allow it. When a run of several breaks off, its halves are run again, to find out whose fault it is."""
    together = [case for case in cases if not case.alone]
    results = _run_apart(together, servers, folder, tell, done) if together else []
    for case in cases:
        if case.alone:
            results += _run_apart([case], servers, folder, tell, done)
    order = {case.name: place for place, case in enumerate(cases)}
    return sorted(results, key=lambda result: order[result.case])


def _run_apart(cases: Sequence[Case], servers: Servers, folder: Path, tell: Tell, done: Done) -> list[Result]:
    try:
        with Run(cases, servers, folder, tell) as run:
            return run.go(done)
    except (ServiceUnavailable, WrongSettings):
        raise
    except RunnerError as error:
        if len(cases) == 1:
            return [_result(cases[0], failure=str(error))]
        tell(f"the run broke off; running its halves: {str(error).partition(chr(10))[0]}")
        half = len(cases) // 2
        return [
            result for part in (cases[:half], cases[half:]) for result in _run_apart(part, servers, folder, tell, done)
        ]


def _result(case: Case, failure: str = "") -> Result:
    return Result(case.name, case.title, len(case.steps), failure=failure)


class Run:
    """One pipeline. Leaving the context takes away everything that it made."""

    def __init__(self, cases: Sequence[Case], servers: Servers, folder: Path, tell: Tell) -> None:
        self.pipeline = f"case_{uuid4().hex[:10]}"
        self.cases = list(cases)
        self._servers, self._tell = servers, tell
        self.own_schemas = not any(case.alone for case in cases)
        self.dsn = make_conninfo(servers.dsn, dbname=self.pipeline)
        self._folder = folder / self.pipeline
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
        self._programs = Programs(self._folder / "logs", {**os.environ, **self.environment})
        self._client = WorkerClient(url)
        self._worker = CaseWorker(self._programs, self._client)
        self._connector = Connector(servers.environment["ROWTIDE_CONNECT_URL"], self.pipeline)
        self._sessions: dict[str, Sessions] = {}
        self.results: dict[str, Result] = {case.name: _result(case) for case in cases}
        self._exit = ExitStack()

    def __enter__(self) -> "Run":
        with ExitStack() as opened:
            (self._folder / "logs").mkdir(parents=True)
            opened.callback(self._client.close)
            opened.enter_context(_own_database(self._servers.dsn, self.pipeline))
            self.index = Index(self.environment)
            opened.callback(self.index.close)
            opened.callback(self.index.remove, self.pipeline)
            self._comparison = Comparison(self.pipeline, self._programs, self.index)
            self._faults = Faults(self._servers, self._worker, self.index, self.pipeline)
            if any(fault.on_the_way for case in self.cases for fault in case.faults):
                self._worker.instead["ROWTIDE_ELASTICSEARCH_URL"] = self._faults.open_way(opened)
            opened.callback(self._delete_connector)
            opened.callback(self._programs.stop)
            for case in self.cases:
                self._sessions[case.name] = opened.enter_context(Sessions(self.dsn, case, self.own_schemas))
            self._exit = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def go(self, done: Done) -> list[Result]:
        """Run everything. RunnerError when the pipeline as a whole cannot go on."""
        self._tell(f"{len(self.cases)} {'case' if len(self.cases) == 1 else 'cases'}: tables and first rows")
        running = [case for case in self.cases if self._guarded(case, partial(self._create, case))]
        wanted = [case for case in running if not case.refused]
        for case in running:
            if case.refused:
                self._refuse(case)
        if wanted:
            self._load(wanted)
            self._after(0, wanted, done)
            for number in range(1, 1 + max(len(case.steps) for case in wanted)):
                self._step(number, wanted, done)
        return list(self.results.values())

    def _create(self, case: Case) -> None:
        self._sessions[case.name].create(case)

    def _guarded(self, case: Case, act: Callable[[], None]) -> bool:
        """Whether the case's SQL did what it should; if not, its result says why."""
        result = self.results[case.name]
        if not result.failure:
            try:
                act()
            except CaseFailed as error:
                result.failure = str(error)
        return not result.failure

    def _refuse(self, case: Case) -> None:
        """The case wants `rowtide init` to end with an error that holds its texts."""
        self._spec.write_text(combined_spec(self.pipeline, [case], self.own_schemas), encoding="utf-8")
        said = self._programs.run("init", (*ROWTIDE, "init"), _COMMAND_SECONDS, accept=(0, 1, 2))
        result = self.results[case.name]
        missing = [text for text in case.refused if text not in said]
        result.refused = not missing
        if missing:
            wanted = "', '".join(missing)
            result.failure = f"`rowtide init` does not refuse it with '{wanted}'; it says: {said.strip()[-1000:]}"

    def _load(self, cases: Sequence[Case]) -> None:
        self._tell("first load")
        self._spec.write_text(combined_spec(self.pipeline, cases, self.own_schemas), encoding="utf-8")
        self._programs.run("init", (*ROWTIDE, "init"), _COMMAND_SECONDS)
        self._programs.run("apply", (*ROWTIDE, "connectors", "apply", "--wait", "60"), _COMMAND_SECONDS)
        self._worker.start()

    def _step(self, number: int, cases: Sequence[Case], done: Done) -> None:
        self._tell(f"step {number:02}")
        faults = [fault for case in cases for fault in case.faults if fault.step == number]
        during = [fault for fault in faults if fault.during]
        for fault in faults:
            self._tell(f"{fault.program}: {fault.how}")
        for fault in during:
            self._faults.strike(fault)
        for case in cases:
            for step in case.steps[number - 1 : number]:
                self._guarded(case, partial(self._sessions[case.name].run, step.statements, step.file))
        for fault in during:
            self._faults.mend(fault)
        for fault in faults:
            if not fault.during:
                self._faults.strike(fault)
                self._faults.mend(fault)
        self._after(number, cases, done)

    def _after(self, number: int, cases: Sequence[Case], done: Done) -> None:
        """Wait until everything so far is searchable, then compare."""
        heals = any(number in case.heals for case in cases)
        with database(self.dsn) as connection:
            lsn = mark(connection)
        # What comes after the marker is a heartbeat: it tells the worker of tables that are defined anew.
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
        """Return when everything up to the LSN is searchable, and the worker is in one of the states."""
        last: Freshness | None = None

        def reached() -> bool:
            nonlocal last
            self._connector.check()
            last = self._worker.freshness()
            return last is not None and last.searchable >= lsn and last.state in states

        if not wait_until(reached, seconds):
            raise RunnerError(f"the documents did not get up to date within {seconds:.0f} s; the worker says: {last}")

    def _delete_connector(self) -> None:
        command = (*ROWTIDE, "connectors", "delete", "--offsets", "--slot", "--topic")
        self._programs.run("delete", command, _COMMAND_SECONDS, accept=(0, 1, 2, 3))

    def alias(self, case: Case, document: str) -> str:
        """The name of a case's index."""
        return alias(self.pipeline, case, document)


@contextmanager
def _own_database(dsn: str, name: str) -> Iterator[None]:
    """A database for the run; at the end it goes, with its slots and the connector's role."""
    with database(dsn) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(Identifier(name)))
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
