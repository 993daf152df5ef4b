"""The points in time that are open in Elasticsearch for readers who page. Each pins old segments, so their number is limited."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class _Open:
    caller: str
    until: float


@dataclass(slots=True)
class PointInTimePool:
    """A caller that opens more than `each` loses the one that it has not used for longest. `keep` is in seconds."""

    keep: float
    each: int
    _open: dict[str, _Open] = field(default_factory=dict)

    def used(self, caller: str, point: str, now: float | None = None) -> list[str]:
        """Note that a caller opened or used a point. The answer are the points that must be closed for it."""
        at = time.monotonic() if now is None else now
        self._open.pop(point, None)
        for old in [one for one, open_ in self._open.items() if open_.until < at]:
            del self._open[old]
        self._open[point] = _Open(caller, at + self.keep)
        own = [one for one, open_ in self._open.items() if open_.caller == caller]
        surplus = own[: -self.each]
        for one in surplus:
            del self._open[one]
        return surplus

    def closed(self, point: str) -> None:
        """Note that a point is closed."""
        self._open.pop(point, None)

    def __len__(self) -> int:
        return len(self._open)
