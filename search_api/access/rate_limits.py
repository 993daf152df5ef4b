"""How much a caller may ask for: a bucket of cost that fills again by the second. In memory, for each server by itself."""

import math
from collections import OrderedDict
from dataclasses import dataclass

MOST_BUCKETS = 10_000
"""A caller whose bucket fell out, because so many others came since, starts with a full one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` can be spent at once; `per_second` comes back each second."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """What is left after a request: in how many seconds the bucket is full, and when refused, in how many there is enough."""

    rate: Rate
    left: float
    wait: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After for a request that was refused."""
        full = (self.rate.burst - self.left) / self.rate.per_second
        window = math.ceil(self.rate.burst / self.rate.per_second)
        fields = {
            "RateLimit-Policy": f'"cost";q={self.rate.burst};w={window}',
            "RateLimit": f'"cost";r={max(0, math.floor(self.left))};t={math.ceil(full)}',
        }
        return fields | ({"Retry-After": str(math.ceil(self.wait))} if self.wait else {})


class RateLimits:
    """The buckets, by who takes from them."""

    def __init__(self, rate: Rate, most: int = MOST_BUCKETS) -> None:
        self._rate = rate
        self._most = most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, cost: int, now: float) -> RateLimitStatus:
        """Take from a bucket, at the time `now` in seconds of any clock that does not go back. `wait` is not 0 when
        there was not enough; then nothing is taken. What costs more than a whole bucket takes all of it."""
        rate = self._rate
        level = self._level(who, now)
        needed = min(cost, rate.burst)
        enough = level >= needed
        self._keep(who, level - needed if enough else level, now)
        return (
            RateLimitStatus(rate, level - needed)
            if enough
            else RateLimitStatus(rate, level, (needed - level) / rate.per_second)
        )

    def spend(self, who: str, cost: int, now: float) -> RateLimitStatus:
        """Take from a bucket what was used already; a debt of up to a whole bucket delays what is asked next."""
        level = max(self._level(who, now) - cost, -float(self._rate.burst))
        self._keep(who, level, now)
        return RateLimitStatus(self._rate, level)

    def _level(self, who: str, now: float) -> float:
        level, at = self._buckets.get(who, (float(self._rate.burst), now))
        return min(float(self._rate.burst), level + (now - at) * self._rate.per_second)

    def _keep(self, who: str, level: float, now: float) -> None:
        self._buckets[who] = (level, now)
        self._buckets.move_to_end(who)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
