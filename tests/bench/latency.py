"""Commit to searchable under a live writer: one thread commits, one observes freshness, and their times are combined afterwards."""

import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from connections.wait import wait_until
from infra.errors import RunnerError
from rowtide.programs import WRITER, Programs, last_json
from tests.bench.report import Live, latencies_ms
from tests.bench.source import Source
from tests.bench.worker import RunningWorker

COMMANDS_PER_S = 50
COMMITS_PER_S = 20
_GLANCE_SECONDS = 0.02
"""A look costs the worker about a millisecond of its time."""
_LAST_WAIT_SECONDS = 120.0


def measure(worker: RunningWorker, source: Source, programs: Programs, seconds: int, awaited: bool) -> Live:
    """Let the writer work for so many seconds, and commit our own changes meanwhile.

    The time of a change runs from the return of its COMMIT. A marker follows it; the change is searchable when the marker is,
    at the latest. `awaited`: a reader waits, so that the worker hurries; otherwise it is only observed."""
    look, pause = (worker.news, 0.0) if awaited else (worker.searchable, _GLANCE_SECONDS)

    def looked() -> int:
        seen.append((look(), monotonic()))
        return seen[-1][0]

    writer_done = threading.Event()
    seen: list[tuple[int, float]] = []
    command = (*WRITER, "load", "--rate", str(COMMANDS_PER_S), "--seconds", str(seconds))
    patience = seconds * 2.0 + 60.0
    with ThreadPoolExecutor(2, thread_name_prefix="bench-live") as pool:
        load = pool.submit(programs.run, "writer-load", command, patience)
        load.add_done_callback(lambda _: writer_done.set())
        committing = pool.submit(_commit, source, writer_done)
        wait_until(lambda: looked() > 0 and committing.done(), patience, pause_seconds=pause)
        commits, load_figures = committing.result(), last_json(load.result()) or {}
    last = commits[-1][0]
    if not wait_until(lambda: looked() >= last, _LAST_WAIT_SECONDS, pause_seconds=pause):
        raise RunnerError(f"The last change was not searchable {_LAST_WAIT_SECONDS:.0f} s after it; see worker.log.")
    return Live(latencies_ms(commits, seen), float(load_figures.get("per_second", 0)))


def _commit(source: Source, done: threading.Event) -> list[tuple[int, float]]:
    commits: list[tuple[int, float]] = []
    while not done.wait(1 / COMMITS_PER_S):
        at = source.change_one(len(commits))
        commits.append((source.marker(), at))
    return commits
