"""`rowtide smoke`: the whole pipeline, finite and unattended: a fixed workload, then every document against the database."""

import json
import sys
from dataclasses import asdict, dataclass
from time import monotonic, time
from typing import Annotated

import typer

from connections.wait import wait_until
from infra.errors import RunnerError
from infra.native.ports import free_port, free_ports
from infra.native.stack import Stack
from infra.settings import StackSettings, read_settings
from rowtide.commands.servers import faults_told, stop_on_terminate
from rowtide.demo.log_follower import Follower
from rowtide.local_pipeline import SHIPPED_SPEC, Listens, Pipeline, Say, database, mark
from rowtide.programs import ROWTIDE, WRITER, Program, ProgramFailed, last_json
from rowtide.single_run import alone
from rowtide.stopwatch import Stopwatch, percentile, read_commits

ORDERS = 2000
LOADED_SHARE = 4
RATE = 10
RATED_SECONDS = 10.0
_LOAD_SECONDS = 300.0
_POLL_SECONDS = 0.003

# One transaction over every table: inserts, updates and deletes, and a cascade.
TRANSACTION = """
INSERT INTO tags (name) VALUES ('smoke');
INSERT INTO order_tags (order_id, tag_id) SELECT o.id, t.id FROM orders o, tags t WHERE t.name = 'smoke' AND o.id % 5 = 0;
UPDATE customers SET company = 'Smoke & Sons', updated_at = now() WHERE id % 7 = 0;
UPDATE addresses SET city = city || ' West' WHERE id % 9 = 0;
UPDATE categories SET name = name || ' & more' WHERE parent_id IS NOT NULL;
UPDATE products SET price = price + 1, attributes = attributes || '{"smoke": true}' WHERE id % 3 = 0;
UPDATE order_lines SET quantity = quantity + 1 WHERE order_id % 4 = 0;
UPDATE orders SET revision = revision + 1, notes = coalesce(notes, '') || ' Checked.' WHERE id % 4 = 0;
DELETE FROM payments WHERE kind = 'refund';
DELETE FROM shipments WHERE order_id % 50 = 0;
DELETE FROM orders WHERE id % 40 = 0;
"""


@dataclass(frozen=True)
class Size:
    """How much is written: orders before the snapshot, a quarter of that while the pipeline runs, then at a steady rate."""

    orders: int
    rated_seconds: float

    @property
    def loaded(self) -> int:
        """Orders that are placed at full speed."""
        return max(1, self.orders // LOADED_SHARE)


@dataclass(frozen=True)
class Result:
    """The last line of the output. `changes` are change events read from the log, the snapshot's rows included."""

    orders: int
    changes: int
    documents: int
    divergent: int
    latency_ms_p50: float
    latency_ms_p99: float
    events_per_s: float
    latencies: int
    seconds: float


def smoke(
    orders: Annotated[
        int, typer.Option(min=100, help="Orders before the snapshot; a quarter as many follow.")
    ] = ORDERS,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds of steady load, for the latency.")] = RATED_SECONDS,
) -> None:
    """Start everything anew, load a fixed workload, and compare every document with PostgreSQL. The last line is JSON."""
    with faults_told():
        stop_on_terminate()
        began = monotonic()
        say = _teller(began)
        settings = _settings()
        with alone(settings.data_directory.with_suffix(".lock")):
            tell(_run_anew(settings, Size(orders, seconds), say, began))


def tell(result: Result) -> None:
    """Print the result as one line of JSON; RunnerError when anything diverges."""
    sys.stdout.write(json.dumps(asdict(result)) + "\n")
    sys.stdout.flush()
    if result.divergent:
        raise RunnerError(f"{result.divergent} documents differ from the database.")


def _settings() -> StackSettings:
    home = read_settings().home
    return read_settings(stack="smoke", data=home / "stacks" / "smoke", **free_ports())


def _teller(began: float) -> Say:
    told: dict[str, str] = {}

    def say(part: str, state: str) -> None:
        if told.get(part) != state:
            told[part] = state
            sys.stderr.write(f"{monotonic() - began:6.1f} s  {part}: {state}\n")

    return say


def _run_anew(settings: StackSettings, size: Size, say: Say, began: float) -> Result:
    stack = Stack(settings, say)
    stack.end_all()
    stack.purge()
    with stack, Pipeline(stack, SHIPPED_SPEC, Listens(free_port(), free_port()), say) as pipeline:
        result = run(pipeline, size, say, began)
        say("services", "stopping")
    return result


def run(pipeline: Pipeline, size: Size, say: Say, began: float) -> Result:
    """Load the workload into a pipeline that was not started yet, and compare every document."""
    pipeline.fill(size.orders)
    pipeline.capture()
    worker = pipeline.start_worker()
    rate = _at_full_speed(pipeline, worker, size, say)
    latencies = _at_a_rate(pipeline, worker, size, say)
    pipeline.wait_fresh(worker)
    compared, divergent = _verify(pipeline, say)
    return Result(
        orders=pipeline.count_orders(),
        changes=_events(pipeline),
        documents=compared,
        divergent=divergent,
        latency_ms_p50=round(percentile(latencies, 0.50), 1),
        latency_ms_p99=round(percentile(latencies, 0.99), 1),
        events_per_s=round(rate, 1),
        latencies=len(latencies),
        seconds=round(monotonic() - began, 1),
    )


def _events(pipeline: Pipeline) -> int:
    return int(pipeline.worker.metrics().get("rowtide_events_total", 0))


def _at_full_speed(pipeline: Pipeline, worker: Program, size: Size, say: Say) -> float:
    """Load orders as fast as the writer can, then one large transaction. Returns change events a second until fresh."""
    say("workload", f"{size.loaded:,} orders with all that happens to them, at full speed")
    before, since = _events(pipeline), monotonic()
    load = (*WRITER, "load", "--orders", str(size.loaded), "--seed", "7")
    pipeline.programs.run("writer-load", load, _LOAD_SECONDS)
    say("workload", "one transaction over every table")
    with database(pipeline.dsn) as connection, connection.transaction():
        connection.execute(TRANSACTION)
    pipeline.wait_fresh(worker)
    return (_events(pipeline) - before) / (monotonic() - since)


def _at_a_rate(pipeline: Pipeline, worker: Program, size: Size, say: Say) -> list[float]:
    """Load at a steady rate; returns for each command about an order the milliseconds from its commit to searchable."""
    say("workload", f"{RATE} commands a second for {size.rated_seconds:g} s")
    rated = ("--rate", str(RATE), "--seconds", str(size.rated_seconds), "--seed", "8", "--each")
    load = pipeline.programs.start("writer-rated", (*WRITER, "load", *rated))
    follower, watch, found = Follower(load.log), Stopwatch(), list[float]()
    with database(pipeline.dsn) as connection:

        def turn() -> bool:
            worker.check_runs()
            load.check()
            over = load.exit_status is not None
            if commits := read_commits(follower.lines()):
                lsn = mark(connection)
                for commit in commits:
                    watch.start(commit, lsn)
            fresh = pipeline.worker.freshness() if watch.waiting else None
            if fresh:
                found.extend(each.milliseconds for each in watch.stop(fresh.searchable, time()))
            return over and not watch.waiting

        if not wait_until(turn, _LOAD_SECONDS, pause_seconds=_POLL_SECONDS):
            raise RunnerError(f"{len(watch.waiting)} commits were not searchable in time; see {worker.log}.")
    return found


def _verify(pipeline: Pipeline, say: Say) -> tuple[int, int]:
    """Compare everything; returns how many documents were compared and how many differ."""
    say("verify", "comparing every document with PostgreSQL")
    text = pipeline.programs.run("verify", (*ROWTIDE, "verify", "--output", "json"), _LOAD_SECONDS, accept=(0, 1))
    report = last_json(text)
    if report is None:
        raise ProgramFailed(f"verify gave no result:\n{text[-2000:]}")
    reports = report["documents"]
    for each in reports:
        say(f"verify {each['document']}", f"{each['compared']:,} compared, {each['divergent']} differ")
        for one in each["ids"][:20]:
            say(f"  {one['id']}", f"{one['what']} {', '.join(one['fields'])}")
    compared = sum(each["compared"] for each in reports)
    return compared, sum(each["divergent"] + each["unsettled"] for each in reports)
