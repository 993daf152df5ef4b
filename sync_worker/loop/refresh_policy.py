"""When to refresh: soon for those who wait, seldom while a backlog is worked off. Pure: the caller brings the clock.

Each refresh makes a segment that Elasticsearch has to merge away again
(docs/decisions/20261125-refresh-seldom-while-behind.md has the measurement).
"""

from dataclasses import dataclass

SHARE = 4
"""After a refresh that took t, the next one begins 4 t later: about a fifth of the time is refreshing."""

LONGEST = 1.0
"""Seconds; what Elasticsearch does by default."""

LONGEST_WHILE_BEHIND = 5.0
"""Seconds. While many documents wait, a refresh takes from Elasticsearch what it needs to catch up."""

BEHIND = 10_000
"""So many pending documents take seconds in any case: a backlog, and not the traffic of the moment."""

SHORTEST = 0.02
"""Seconds; for those who wait. Half of the time is refreshing then, at most."""


@dataclass(slots=True)
class RefreshPolicy:
    """How long after one refresh the next may begin. Times are seconds of one monotonic clock; `after` is the least pause."""

    after: float
    _began: float = 0.0
    _ended: float = float("-inf")
    _took: float = 0.0

    def begin(self, now: float) -> None:
        """A refresh begins."""
        self._began = now

    def end(self, now: float) -> None:
        """It is over, done or failed."""
        self._ended, self._took = now, now - self._began

    def due(self, now: float, *, awaited: bool, pending: int) -> bool:
        """Whether the next one may begin, if there is something to see. `awaited`: somebody waits for it."""
        return now - self._ended >= self._pause(awaited, pending)

    def _pause(self, awaited: bool, pending: int) -> float:
        if awaited:
            return max(SHORTEST, self._took)
        if pending >= BEHIND:
            return LONGEST_WHILE_BEHIND
        return max(self.after, min(LONGEST, SHARE * self._took))
