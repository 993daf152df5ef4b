"""Which requests to a sink keep failing, and why: reported once the failures have lasted for a while."""

import threading
import time
from collections.abc import Callable

DEGRADED_AFTER = 5.0
"""Seconds that a request has to keep failing before freshness reports it."""


class SinkHealth:
    """Failing requests by name (the documents of an alias, a refresh). Safe for use by several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: dict[str, tuple[float, str]] = {}

    def failed(self, request: str, reason: str) -> None:
        """Record a failed attempt. The time counts from the first one; the reason is that of the last."""
        with self._lock:
            since, _ = self._failing.get(request, (self._clock(), ""))
            self._failing[request] = (since, reason)

    def succeeded(self, request: str) -> None:
        """Forget earlier failures of this request."""
        with self._lock:
            self._failing.pop(request, None)

    @property
    def reason(self) -> str:
        """The reason of the request that has been failing longest; empty before DEGRADED_AFTER."""
        with self._lock:
            since, reason = min(self._failing.values(), default=(self._clock(), ""))
            return reason if self._clock() - since >= DEGRADED_AFTER else ""
