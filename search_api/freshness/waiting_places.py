"""The places of requests that wait: limited in total and for each caller, so that no caller takes all of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Crowding = Literal["all", "own"]
"""Whose places are taken: those of all callers together, or the caller's own."""


class WaitingPlaces:
    """At most `total` requests wait at the same time, and at most `each` of one caller."""

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._taken: Counter[str] = Counter()

    def crowding(self, caller: str) -> Crowding | None:
        """Why the caller gets no place now; None if it gets one."""
        if self._taken[caller] >= self._each:
            return "own"
        return "all" if self._taken.total() >= self._total else None

    @contextmanager
    def take(self, caller: str) -> Iterator[None]:
        """Hold a place, which `crowding` has found free."""
        self._taken[caller] += 1
        try:
            yield
        finally:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]
