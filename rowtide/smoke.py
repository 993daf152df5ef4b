"""The smoke test: a fixed workload on a new pipeline, then every document is compared with the database."""

from dataclasses import dataclass
from time import monotonic, time

from connections.wait import wait_until
from infra.errors import RunnerError
from infra.native.ports import free_port, free_ports
from infra.native.stack import Stack
from infra.settings import StackSettings, read_settings
from rowtide.demo.log_follower import LogFollower
from rowtide.demo.stopwatch import Stopwatch, percentile, read_commits
from rowtide.local_pipeline import SHIPPED_SPEC, LocalPipeline, PipelinePorts, Report, database, mark
from rowtide.programs import WRITER, Program, run_verify

ORDERS = 2000
LOADED_SHARE = 4
RATE = 10
RATED_SECONDS = 10.0
_LOAD_SECONDS = 300.0
_POLL_SECONDS = 0.003

# One transaction on every table: inserts, updates, deletes and a cascade.
TRANSACTION = """
INSERT INTO tags (name) VALUES ('smoke');
INSERT INTO order_tags (order_id, tag_id)
    SELECT o.id, t.id FROM orders o, tags t WHERE t.name = 'smoke' AND o.id % 5 = 0;
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
    """The size of the workload: orders before the snapshot, a quarter as many at full speed, then a steady rate."""

    orders: int
    rated_seconds: float

    @property
    def loaded(self) -> int:
        """Orders placed at full speed."""
        return max(1, self.orders // LOADED_SHARE)


@dataclass(frozen=True)
class SmokeResult:
    """The figures of a run. `changes` counts change events in the log, the rows of the snapshot included."""

    orders: int
    changes: int
    documents: int
    divergent: int
    latency_ms_p50: float
    latency_ms_p99: float
    events_per_s: float
    latencies: int
    seconds: float


def smoke_settings() -> StackSettings:
    """The settings of the smoke test's own stack, on free ports."""
    home = read_settings().home
    return read_settings(stack="smoke", data=home / "stacks" / "smoke", **free_ports())


def run_new(settings: StackSettings, size: Size, report: Report, began: float) -> SmokeResult:
    """Run on new servers without data, and stop them. `began` is a reading of the monotonic clock."""
    stack = Stack(settings, report)
    stack.end_all()
    stack.purge()
    with stack, LocalPipeline(stack, SHIPPED_SPEC, PipelinePorts(free_port(), free_port()), report) as pipeline:
        result = run(pipeline, size, report, began)
        report("services", "stopping")
    return result


def run(pipeline: LocalPipeline, size: Size, report: Report, began: float) -> SmokeResult:
    """Run the workload on a pipeline that is not started yet, and compare every document."""
    pipeline.fill(size.orders)
    pipeline.capture()
    worker = pipeline.start_worker()
    rate = _at_full_speed(pipeline, worker, size, report)
    latencies = _at_a_rate(pipeline, worker, size, report)
    pipeline.wait_fresh(worker)
    compared, divergent = _verify(pipeline, report)
    return SmokeResult(
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


def _events(pipeline: LocalPipeline) -> int:
    return int(pipeline.worker.metrics().get("rowtide_events_total", 0))


def _at_full_speed(pipeline: LocalPipeline, worker: Program, size: Size, report: Report) -> float:
    """Load orders at full speed, then one large transaction. Returns events per second until all is searchable."""
    report("workload", f"{size.loaded:,} orders and their later changes, at full speed")
    before, since = _events(pipeline), monotonic()
    load = (*WRITER, "load", "--orders", str(size.loaded), "--seed", "7")
    pipeline.programs.run("writer-load", load, _LOAD_SECONDS)
    report("workload", "one transaction on every table")
    with database(pipeline.dsn) as connection, connection.transaction():
        connection.execute(TRANSACTION)
    pipeline.wait_fresh(worker)
    return (_events(pipeline) - before) / (monotonic() - since)


def _at_a_rate(pipeline: LocalPipeline, worker: Program, size: Size, report: Report) -> list[float]:
    """Load at a steady rate. Returns, for each change of an order, the milliseconds from commit to searchable."""
    report("workload", f"{RATE} changes per second for {size.rated_seconds:g} s")
    rated = ("--rate", str(RATE), "--seconds", str(size.rated_seconds), "--seed", "8", "--each")
    load = pipeline.programs.start("writer-rated", (*WRITER, "load", *rated))
    follower, stopwatch, latencies = LogFollower(load.log), Stopwatch(), list[float]()
    with database(pipeline.dsn) as connection:

        def turn() -> bool:
            worker.check_runs()
            load.check()
            over = load.exit_status is not None
            if commits := read_commits(follower.lines()):
                lsn = mark(connection)
                for commit in commits:
                    stopwatch.start(commit, lsn)
            fresh = pipeline.worker.freshness() if stopwatch.waiting else None
            if fresh:
                latencies.extend(commit.milliseconds for commit in stopwatch.stop(fresh.searchable, time()))
            return over and not stopwatch.waiting

        if not wait_until(turn, _LOAD_SECONDS, pause_seconds=_POLL_SECONDS):
            raise RunnerError(f"{len(stopwatch.waiting)} commits were not searchable in time; see {worker.log}.")
    return latencies


def _verify(pipeline: LocalPipeline, report: Report) -> tuple[int, int]:
    """Compare everything. Returns how many documents were compared and how many differ."""
    report("verify", "comparing every document with PostgreSQL")
    reports = run_verify(pipeline.programs, _LOAD_SECONDS)
    for document in reports:
        report(f"verify {document['document']}", f"{document['compared']:,} compared, {document['divergent']} differ")
        for difference in document["ids"][:20]:
            report(f"  {difference['id']}", f"{difference['what']} {', '.join(difference['fields'])}")
    compared = sum(document["compared"] for document in reports)
    return compared, sum(document["divergent"] + document["unsettled"] for document in reports)
