"""Commit to searchable under a live writer: one thread commits, one observes freshness, and their times are combined
afterwards; a third changes an order at a time and searches for it."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic

import httpx

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
_SEARCH_SECONDS = 0.02
"""Between two searches for a change."""
_LAST_WAIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Finder:
    """Searches for single orders. `source` is a connection of its own."""

    source: Source
    elasticsearch: httpx.Client
    index: str

    def find(self, done: threading.Event) -> list[float]:
        """Change one order after the other until `done`; returns how long each took to be found, in milliseconds."""
        times_ms: list[float] = []
        while not done.is_set():
            order, revision, at = self.source.change_order(len(times_ms))
            query: Mapping[str, object] = {
                "bool": {"filter": [{"ids": {"values": [str(order)]}}, {"range": {"revision": {"gte": revision}}}]}
            }
            if not wait_until(
                lambda: self._shows(query) or self.source.is_archived(order),  # noqa: B023
                _LAST_WAIT_SECONDS,
                pause_seconds=_SEARCH_SECONDS,
            ):
                raise RunnerError(f"The change of order {order} was not found after {_LAST_WAIT_SECONDS:.0f} s.")
            if not self.source.is_archived(order):
                times_ms.append((monotonic() - at) * 1000)
        return times_ms

    def _shows(self, query: Mapping[str, object]) -> bool:
        response = self.elasticsearch.post(f"/{self.index}/_count", json={"query": query}).raise_for_status()
        return bool(response.json()["count"])


def measure(
    worker: RunningWorker, source: Source, finder: Finder, programs: Programs, seconds: int, awaited: bool
) -> Live:
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
    with ThreadPoolExecutor(3, thread_name_prefix="bench-live") as pool:
        load = pool.submit(programs.run, "writer-load", command, patience)
        load.add_done_callback(lambda _: writer_done.set())
        committing = pool.submit(_commit, source, writer_done)
        finding = pool.submit(finder.find, writer_done)
        wait_until(lambda: looked() > 0 and committing.done(), patience, pause_seconds=pause)
        commits, load_figures, found_ms = committing.result(), last_json(load.result()) or {}, finding.result()
    last = commits[-1][0]
    if not wait_until(lambda: looked() >= last, _LAST_WAIT_SECONDS, pause_seconds=pause):
        raise RunnerError(f"The last change was not searchable {_LAST_WAIT_SECONDS:.0f} s after it; see worker.log.")
    return Live(latencies_ms(commits, seen), float(load_figures.get("per_second", 0)), found_ms)


def _commit(source: Source, done: threading.Event) -> list[tuple[int, float]]:
    commits: list[tuple[int, float]] = []
    while not done.wait(1 / COMMITS_PER_S):
        at = source.change_one(len(commits))
        commits.append((source.marker(), at))
    return commits
