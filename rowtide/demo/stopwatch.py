"""Measures how long after its commit a change is searchable. Pure: LSNs and times come from outside."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil


@dataclass(frozen=True)
class Commit:
    """A committed command on an order, as the writer printed it. `at` is in seconds since 1970."""

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
    """Read the commits in the writer's output, which has other lines as well."""
    commits = []
    for line in lines:
        if line.startswith('{"order"'):
            printed = json.loads(line)
            at = datetime.fromisoformat(printed["committed_at"]).timestamp()
            commits.append(Commit(printed["order"], printed["command"], at, printed["gone"]))
    return commits


@dataclass
class Stopwatch:
    """The commits that are not searchable yet, with an LSN after each, in the order of their commits."""

    waiting: list[tuple[int, Commit]] = field(default_factory=list)

    def start(self, commit: Commit, lsn: int) -> None:
        """Add a commit; `lsn` is any position after it."""
        self.waiting.append((lsn, commit))

    def stop(self, searchable: int, now: float) -> list[Searchable]:
        """Remove and return the commits up to the LSN `searchable`. `now` is in seconds since 1970."""
        done = [Searchable(commit, (now - commit.at) * 1000) for lsn, commit in self.waiting if lsn <= searchable]
        self.waiting = [(lsn, commit) for lsn, commit in self.waiting if lsn > searchable]
        return done


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed; 0 when there are no values."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)] if values else 0.0
