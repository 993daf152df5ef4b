"""Measures how long after its commit a change is searchable. Pure: LSNs and times come from outside."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil


@dataclass(frozen=True)
class Commit:
    """A committed command about an order, as the writer printed it. `at` is in seconds since 1970."""

    order: str
    command: str
    at: float
    gone: bool


@dataclass(frozen=True)
class Searchable:
    """A commit that searches see, `milliseconds` after it was made."""

    commit: Commit
    milliseconds: float


def read_commits(lines: Iterable[str]) -> list[Commit]:
    """Pick the writer's commits out of its output."""
    commits = []
    for line in lines:
        if line.startswith('{"order"'):
            said = json.loads(line)
            at = datetime.fromisoformat(said["committed_at"]).timestamp()
            commits.append(Commit(said["order"], said["command"], at, said["gone"]))
    return commits


@dataclass
class Stopwatch:
    """Holds the commits that wait for their LSN to become searchable, in the order of their commits."""

    waiting: list[tuple[int, Commit]] = field(default_factory=list)

    def start(self, commit: Commit, lsn: int) -> None:
        """Note a commit; `lsn` is any position after it."""
        self.waiting.append((lsn, commit))

    def stop(self, searchable: int, now: float) -> list[Searchable]:
        """Return what is searchable by now (seconds since 1970)."""
        there = [Searchable(commit, (now - commit.at) * 1000) for lsn, commit in self.waiting if lsn <= searchable]
        self.waiting = [each for each in self.waiting if each[0] > searchable]
        return there


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed; 0 when there is none."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)] if values else 0.0
