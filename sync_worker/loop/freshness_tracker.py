"""What readers may rely on: the LSN up to which everything is searchable. Pure.

A document that is acknowledged is not searchable before a refresh that began after the acknowledgement (invariant 6).
"""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field

CLOCK_POINTS = 4096
"""(LSN, time) points of the log that are kept to translate an LSN into a time."""


@dataclass(slots=True)
class FreshnessTracker:
    """Tracks the LSNs of changes that are acknowledged, but not searchable yet."""

    acknowledged: list[int] = field(default_factory=list)
    refreshing: list[int] = field(default_factory=list)
    published: int = 0
    _clock: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=CLOCK_POINTS))

    def acknowledge(self, first_lsn: int) -> None:
        """The sink acknowledged a bulk whose oldest change is `first_lsn`."""
        self.acknowledged.append(first_lsn)

    @property
    def dirty(self) -> bool:
        """Whether a refresh would make something searchable."""
        return bool(self.acknowledged)

    def begin_refresh(self) -> None:
        """A refresh begins: it covers what is acknowledged now."""
        self.refreshing, self.acknowledged = self.refreshing + self.acknowledged, []

    def end_refresh(self, done: bool) -> None:
        """The refresh is over. If it failed, its changes wait for the next one."""
        if not done:
            self.acknowledged = self.refreshing + self.acknowledged
        self.refreshing = []

    def tick(self, lsn: int, at_ms: int) -> None:
        """At `lsn` the source's clock was at `at_ms` (Unix ms)."""
        if at_ms and (not self._clock or lsn > self._clock[-1][0]):
            self._clock.append((lsn, at_ms))

    def searchable(self, watermark: int, unsent: list[int]) -> int:
        """The LSN to publish, which never goes back. `unsent` are the oldest LSNs of what is pending or in flight."""
        open_lsns = [*unsent, *self.acknowledged, *self.refreshing]
        lsn = min(open_lsns) - 1 if open_lsns else watermark
        self.published = max(self.published, min(lsn, watermark))
        return self.published

    def passed(self, lsn: int, unsent: list[int]) -> bool:
        """Whether every change up to this LSN is searchable, whatever was published before."""
        return all(each > lsn for each in (*unsent, *self.acknowledged, *self.refreshing))

    def as_of_ms(self, lsn: int) -> int:
        """The source's time (Unix ms) at the last known point at or below `lsn`; 0 when there is none."""
        place = bisect_right(self._clock, lsn, key=lambda point: point[0])
        return self._clock[place - 1][1] if place else 0
