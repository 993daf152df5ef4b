"""What keeps Elasticsearch from taking documents, once it has lasted: nobody should have to guess why documents stay old."""

import threading
import time
from collections.abc import Callable

DEGRADED_AFTER = 5.0
"""Seconds without an acknowledged document before freshness says so."""


class Hindrance:
    """By what was asked of Elasticsearch (documents of an alias, a refresh). For several threads at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._met: dict[str, tuple[float, str]] = {}

    def met(self, asked: str, why: str) -> None:
        """It was asked in vain."""
        with self._lock:
            since, _ = self._met.get(asked, (self._clock(), ""))
            self._met[asked] = (since, why)

    def passed(self, asked: str) -> None:
        """It was asked, and did it."""
        with self._lock:
            self._met.pop(asked, None)

    @property
    def reason(self) -> str:
        """What has lasted longest; empty while nothing has lasted for long."""
        with self._lock:
            since, why = min(self._met.values(), default=(self._clock(), ""))
            return why if self._clock() - since >= DEGRADED_AFTER else ""
