"""Waits for a worker to catch up, for as long as anything moves."""

from collections.abc import Callable
from time import monotonic

from connections.wait import wait_until
from infra.errors import RunnerError, ServiceUnavailable
from read_model.freshness import Freshness
from rowtide.local_pipeline import LocalPipeline
from tests.chaos.restarting_program import RestartingProgram

STILL_SECONDS = 240.0
"""So long nothing may move while everything runs again; then the run has not converged."""
_REPORT_SECONDS = 10.0


def settle(
    pipeline: LocalPipeline,
    worker: RestartingProgram,
    report: Callable[[str], None],
    reached: Callable[[Freshness], bool],
    still_seconds: float = STILL_SECONDS,
) -> None:
    """Return when it is reached. ServiceUnavailable when nothing moves for long, RunnerError when the worker failed."""
    moved, reported = monotonic(), 0.0
    last: Freshness | None = None

    def settled() -> bool:
        nonlocal moved, last, reported
        now = pipeline.worker.freshness()
        if now is not None and (last is None or (now.searchable, now.pending) != (last.searchable, last.pending)):
            moved, last = monotonic(), now
        if monotonic() - reported > _REPORT_SECONDS:
            reported = monotonic()
            report(f"worker of {pipeline.name}: {f'{now.state}, {now.pending:,} pending' if now else 'no answer'}")
        if worker.failures:
            raise RunnerError(worker.failures[0])
        return (now is not None and reached(now)) or monotonic() - moved > still_seconds

    wait_until(settled, float("inf"), pause_seconds=0.1)
    now = pipeline.worker.freshness()
    if now is None or not reached(now):
        raise ServiceUnavailable(
            f"The documents do not catch up: there was no progress for {still_seconds:.0f} s ({now})."
        )
