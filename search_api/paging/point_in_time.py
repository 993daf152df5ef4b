"""The points in time that are open in Elasticsearch for paging. Each pins old segments, so their number is limited."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class _OpenPoint:
    caller: str
    until: float


@dataclass(slots=True)
class PointInTimePool:
    """The open points in time of all callers. A caller that opens more than `limit` loses its least recently used one.
    `keep_alive` is in seconds.
    """

    keep_alive: float
    limit: int
    _points: dict[str, _OpenPoint] = field(default_factory=dict)

    def used(self, caller: str, point: str, now: float | None = None) -> list[str]:
        """Note that a caller opened or used a point, at `now` in seconds. Returns the points that must be closed for
        it.
        """
        at = time.monotonic() if now is None else now
        self._points.pop(point, None)
        for old in [expired for expired, open_point in self._points.items() if open_point.until < at]:
            del self._points[old]
        self._points[point] = _OpenPoint(caller, at + self.keep_alive)
        own = [opened for opened, open_point in self._points.items() if open_point.caller == caller]
        surplus = own[: -self.limit]
        for oldest in surplus:
            del self._points[oldest]
        return surplus

    def closed(self, point: str) -> None:
        self._points.pop(point, None)

    def __len__(self) -> int:
        return len(self._points)
