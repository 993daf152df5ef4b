"""A whole pipeline on a stack: the order application, the connector, the worker and the search API."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import httpx
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from cdc.log.marker import MARKER_QUERY
from connections.wait import wait_until
from connections.worker import WorkerClient
from infra.errors import ServiceUnavailable
from infra.native.ports import LOOPBACK
from infra.native.stack import Stack
from infra.native.stack_ports import record_ports
from read_model.freshness import Freshness, Origin
from read_model.spec.file import load_spec
from rowtide.programs import ROWTIDE, SEARCH_API, WRITER, Program, Programs, with_credentials

DATABASE = "shop"
WORKER = "worker"
"""The name of the worker's port among those that a stack records."""
SHIPPED_SPEC = Path(__file__).with_name("examples") / "orders.yaml"
_DAYS = ("--days", "30")
"""How long the Elasticsearch keys of the programs are valid; each start creates new ones."""
_STEP_SECONDS = 300.0
_FRESH_SECONDS = 120.0

Report = Callable[[str, str], None]
"""Is given a part and its state."""


@dataclass(frozen=True)
class PipelinePorts:
    """The ports of the worker's endpoint and of the search API."""

    worker: int
    search: int


class LocalPipeline:
    """The order application and its documents. `stop` stops the programs it started, but not the stack."""

    def __init__(self, stack: Stack, spec: Path, ports: PipelinePorts, report: Report) -> None:
        """Read the names in the spec. Raises SpecError when it cannot be read."""
        self._stack = stack
        self._ports = ports
        self._report = report
        self.name, self.documents = _names(spec)
        self.dsn = make_conninfo(stack.addresses.postgres_dsn, dbname=DATABASE)
        self.worker_url = f"http://{LOOPBACK}:{ports.worker}"
        self.search_url = f"http://{LOOPBACK}:{ports.search}"
        data = stack.settings.data_directory
        self._secret = stack.addresses.elasticsearch_password
        self.programs = Programs(data / "logs", self._environment(spec, data))
        self.worker = WorkerClient(self.worker_url, origin=Origin(self.name, database=DATABASE))

    def _environment(self, spec: Path, data: Path) -> dict[str, str]:
        application = make_conninfo(self.dsn, user=DATABASE, password=self._secret)
        return {
            **self._stack.addresses.environment(),
            "ROWTIDE_POSTGRES_DSN": self.dsn,
            "ROWTIDE_WRITER_DSN": application,
            "ROWTIDE_SPEC": str(spec),
            "ROWTIDE_SECRETS_DIR": str(data / "secrets"),
            "ROWTIDE_WORKER_STORE": str(worker_folder(data)),
            "ROWTIDE_WORKER_PORT": str(self._ports.worker),
            "ROWTIDE_WORKER_URL": self.worker_url,
            "ROWTIDE_API_PORT": str(self._ports.search),
            "ROWTIDE_API_STATE": str(data / "api" / "state.db"),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop every program that this pipeline started."""
        self.programs.stop()
        self.worker.close()

    def fill(self, orders: int) -> None:
        """Create the application's role, database, schema and `orders` finished orders, unless they exist."""
        with database(self._stack.addresses.postgres_dsn) as connection:
            _create_database(connection, self._secret)
        if self.count_orders() == 0:
            self._report("application", f"writing {orders:,} orders")
            self.programs.run("writer-seed", (*WRITER, "seed", "--orders", str(orders)), _STEP_SECONDS)
        self._report("application", "ready")

    def count_orders(self) -> int:
        """Count the orders, archived ones included; 0 when the table does not exist yet."""
        with database(self.dsn) as connection:
            row = connection.execute("SELECT to_regclass('public.orders') IS NOT NULL").fetchone()
            if row != (True,):
                return 0
            counted = connection.execute("SELECT count(*) FROM orders").fetchone()
        return int(counted[0]) if counted else 0

    def capture(self) -> None:
        """Prepare the source and apply the connector. Changes nothing when that was done before."""
        self._report("connector", "rowtide init")
        self.programs.run("init", (*ROWTIDE, "init", "--marker"), _STEP_SECONDS)
        self._report("connector", "rowtide connectors apply")
        command = (*ROWTIDE, "connectors", "apply", "--wait", "60")
        self.programs.run("connectors-apply", command, _STEP_SECONDS)
        self._report("connector", "ready")

    def start_worker(self) -> Program:
        """Start the sync worker and return when the documents are up to date with the database as it is now."""
        self._report("worker", "rowtide worker")
        record_ports(self._stack.settings.data_directory, {WORKER: self._ports.worker})
        worker = self.programs.start("worker", with_credentials(("worker", *_DAYS), (*ROWTIDE, "worker")))
        self.wait_fresh(worker)
        self._report("worker", "ready")
        return worker

    def start_search(self) -> Program:
        """Start the search API, and return when it answers."""
        self._report("search", "starting")
        search = self.programs.start("search", with_credentials(("search", *_DAYS), SEARCH_API))
        self._wait(search, lambda: _answers(f"{self.search_url}/health"), "did not answer")
        self._report("search", "ready")
        return search

    def wait_fresh(self, worker: Program) -> None:
        """Return when everything committed until now is searchable.

        Raises ServiceUnavailable when there is no progress for two minutes.
        """
        with database(self.dsn) as connection:
            lsn = mark(connection)
        moved = monotonic()
        last: Freshness | None = None

        def settled() -> bool:
            nonlocal moved, last
            worker.check_runs()
            now = self.worker.freshness()
            if now is None:
                return monotonic() - moved > _FRESH_SECONDS
            self._report("worker", f"{now.state}, {now.pending:,} documents pending")
            if last is None or (now.state, now.pending, now.searchable) != (last.state, last.pending, last.searchable):
                moved, last = monotonic(), now
            fresh = now.searchable >= lsn and now.state in ("live", "degraded")
            return fresh or monotonic() - moved > _FRESH_SECONDS

        wait_until(settled, float("inf"), pause_seconds=0.1)
        if last is None or last.searchable < lsn:
            state = f"it is {last.state} with {last.pending:,} pending" if last else "it does not answer"
            raise ServiceUnavailable(
                f"The worker made no progress for {_FRESH_SECONDS:.0f} s: {state}."
                f" See {worker.log} and {self._stack.log('connect')}."
            )

    def _wait(self, program: Program, condition: Callable[[], bool], what: str) -> None:
        def settled() -> bool:
            program.check_runs()
            return condition()

        if not wait_until(settled, _STEP_SECONDS):
            raise ServiceUnavailable(f"{program.name} {what} within {_STEP_SECONDS:.0f} s; see {program.log}.")


def worker_folder(data: Path) -> Path:
    """Where the worker of a pipeline on a stack with this data folder has its files."""
    return data / "worker"


@contextmanager
def database(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in autocommit mode. Raises ServiceUnavailable when PostgreSQL does not answer or goes away."""
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        reason = str(error).strip().partition("\n")[0]
        raise ServiceUnavailable(f"PostgreSQL does not answer: {reason}. See its log, postgres.log.") from error


def mark(connection: psycopg.Connection[Any]) -> int:
    """Emit a marker and return its LSN: once that is searchable, so is every commit before it."""
    row = connection.execute(MARKER_QUERY).fetchone()
    assert row is not None
    return int(row[0])


def _names(spec: Path) -> tuple[str, list[str]]:
    loaded = load_spec(spec)
    return loaded.pipeline, [document.name for document in loaded.documents]


def _create_database(connection: psycopg.Connection[Any], password: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [DATABASE]).fetchone() is None:
        role = SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(DATABASE), Literal(password))
        connection.execute(role)
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
        statement = SQL("CREATE DATABASE {} OWNER {}").format(Identifier(DATABASE), Identifier(DATABASE))
        connection.execute(statement)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).is_success
    except httpx.TransportError:
        return False
