"""Rate limits: a token bucket of cost per caller, in the memory of each server."""

import math
from collections import OrderedDict
from dataclasses import dataclass

MAX_BUCKETS = 10_000
"""The least recently used bucket is evicted; its caller starts again with a full one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` is the size of the bucket; `per_second` is added each second."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """The bucket after a request. `wait` is the number of seconds until a rejected request can succeed, 0 if it was
    accepted.
    """

    rate: Rate
    left: float
    wait: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After for a rejected request."""
        full = (self.rate.burst - self.left) / self.rate.per_second
        window = math.ceil(self.rate.burst / self.rate.per_second)
        fields = {
            "RateLimit-Policy": f'"cost";q={self.rate.burst};w={window}',
            "RateLimit": f'"cost";r={max(0, math.floor(self.left))};t={math.ceil(full)}',
        }
        return fields | ({"Retry-After": str(math.ceil(self.wait))} if self.wait else {})


class RateLimits:
    """The buckets by caller."""

    def __init__(self, rate: Rate, max_buckets: int = MAX_BUCKETS) -> None:
        self._rate = rate
        self._max_buckets = max_buckets
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, cost: int, now: float) -> RateLimitStatus:
        """Take `cost` from a bucket, at the time `now` in seconds of a monotonic clock.

        If there is not enough, nothing is taken and `wait` is positive. A cost larger than a bucket takes all of it.
        """
        rate = self._rate
        level = self._level(caller, now)
        needed = min(cost, rate.burst)
        enough = level >= needed
        self._keep(caller, level - needed if enough else level, now)
        return (
            RateLimitStatus(rate, level - needed)
            if enough
            else RateLimitStatus(rate, level, (needed - level) / rate.per_second)
        )

    def spend(self, caller: str, cost: int, now: float) -> RateLimitStatus:
        """Take what was already used. A debt of up to a whole bucket delays the next requests."""
        level = max(self._level(caller, now) - cost, -float(self._rate.burst))
        self._keep(caller, level, now)
        return RateLimitStatus(self._rate, level)

    def _level(self, caller: str, now: float) -> float:
        level, at = self._buckets.get(caller, (float(self._rate.burst), now))
        return min(float(self._rate.burst), level + (now - at) * self._rate.per_second)

    def _keep(self, caller: str, level: float, now: float) -> None:
        self._buckets[caller] = (level, now)
        self._buckets.move_to_end(caller)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
