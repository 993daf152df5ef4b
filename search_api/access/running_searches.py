"""Which searches run in Elasticsearch at the same time: so much in total, and of each caller only a share of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from search_api.errors import ElasticsearchUnavailable, RateLimitExceeded

SHARE = 3
"""A caller gets one part in so many of the total."""
RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    caller: str
    cost: int
    come: asyncio.Future[None]


class RunningSearches:
    """Searches wait for their turn, each caller's behind its own. `total` is the cost that may run at the same time.

    A search that costs more than its caller's share runs when none of that caller's does.
    """

    def __init__(self, total: int, wait_seconds: float) -> None:
        self._total = total
        self._each = max(1, total // SHARE)
        self._wait_seconds = wait_seconds
        self._running: Counter[str] = Counter()
        self._waiting: list[_Turn] = []

    @asynccontextmanager
    async def turn(self, caller: str, cost: int) -> AsyncIterator[None]:
        """Wait for a turn, and hold it. Raises RateLimitExceeded when only the caller's own searches are in the way,
        and ElasticsearchUnavailable when there are too many of all callers.
        """
        await self._enter(_Turn(caller, cost, asyncio.get_running_loop().create_future()))
        try:
            yield
        finally:
            self._leave(caller, cost)

    async def _enter(self, turn: _Turn) -> None:
        self._waiting.append(turn)
        self._admit()
        if turn.come.done():  # The usual case needs no timer.
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn.come
        except BaseException as error:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif turn.come.done() and not turn.come.cancelled():
                self._leave(turn.caller, turn.cost)
            if not isinstance(error, TimeoutError):
                raise
            if self._has_share_for(turn):
                raise ElasticsearchUnavailable("Too many searches run at the same time.") from None
            raise RateLimitExceeded(str(RETRY_SECONDS)) from None

    def _leave(self, caller: str, cost: int) -> None:
        self._running[caller] -= cost
        if not self._running[caller]:
            del self._running[caller]
        self._admit()

    def _admit(self) -> None:
        """Let all go whose turn has come. One that waits for its caller's own searches is passed over; one that waits
        for others' is not, so that its turn comes.
        """
        for turn in [*self._waiting]:
            if not self._has_share_for(turn):
                continue
            running = self._running.total()
            if running and running + turn.cost > self._total:
                break
            self._waiting.remove(turn)
            if turn.come.done():  # It was cancelled.
                continue
            self._running[turn.caller] += turn.cost
            turn.come.set_result(None)

    def _has_share_for(self, turn: _Turn) -> bool:
        own = self._running[turn.caller]
        return not own or own + turn.cost <= self._each
