"""When to refresh: soon for those who wait, rarely while there is a backlog. Pure: the caller supplies the time.

Each refresh creates a segment that Elasticsearch has to merge later
(docs/decisions/20261125-refresh-seldom-while-behind.md has the measurement).
"""

from dataclasses import dataclass

SHARE = 4
"""After a refresh that took t, the next one begins 4 t later: refreshing takes about a fifth of the time."""

LONGEST = 1.0
"""Seconds between two refreshes; the default of Elasticsearch."""

LONGEST_WHILE_BEHIND = 5.0
"""Seconds. While many documents are pending, a refresh takes resources that Elasticsearch needs to catch up."""

BEHIND = 10_000
"""Pending documents from which on they are a backlog: they take seconds in any case."""

SHORTEST = 0.02
"""Seconds, while a reader waits. Refreshing then takes up to half of the time."""


@dataclass(slots=True)
class RefreshPolicy:
    """Decides when the next refresh may begin. Times are seconds of one monotonic clock; `after` is the shortest
    pause."""

    after: float
    _began: float = 0.0
    _ended: float = float("-inf")
    _took: float = 0.0

    def begin(self, now: float) -> None:
        """A refresh begins."""
        self._began = now

    def end(self, now: float) -> None:
        """The refresh is over, whether it succeeded or failed."""
        self._ended, self._took = now, now - self._began

    def due(self, now: float, *, awaited: bool, pending: int) -> bool:
        """Whether the next refresh may begin. `awaited`: a reader waits for it; `pending` is the number of pending
        documents."""
        return now - self._ended >= self._pause(awaited, pending)

    def _pause(self, awaited: bool, pending: int) -> float:
        if awaited:
            return max(SHORTEST, self._took)
        if pending >= BEHIND:
            return LONGEST_WHILE_BEHIND
        return max(self.after, min(LONGEST, SHARE * self._took))
