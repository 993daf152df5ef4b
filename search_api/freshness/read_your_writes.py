"""Makes an answer as fresh as its reader asked for: learns the position, waits for it, and says what came of it."""

import asyncio
import time

import msgspec

from read_model.freshness import Freshness
from search_api.freshness.consistency import ConsistencyRequest, EpochMismatch, NotYetConsistent, RequestedPosition
from search_api.freshness.marker import Marker, MarkerFailed
from search_api.freshness.view import FreshnessView, view
from search_api.freshness.worker import WorkerFreshness

AGAIN_SECONDS = 0.1
"""Between two tries to reach the database."""
SHORTEST_WAIT = 0.1
"""Seconds; who does not want to wait still gives the worker time to answer."""

NO_WORKER = "No worker is configured, so nobody can wait for it; set ROWTIDE_WORKER_URL."
NO_MARKER = "The API cannot learn how far the database is; set ROWTIDE_MARKER_DSN (see `rowtide init --marker`)."
NO_ANSWER = "The database does not say how far it is."
BEHIND = "The documents are not yet as far as was asked."
WENT_BACK = "The database is behind its own documents: it was restored or failed over, and positions do not compare."
TOO_MANY = "Too many readers wait already."
OTHER_EPOCH = "The token belongs to another epoch of the documents."


class ReadYourWrites:
    """`marker` is None when the API may not ask the database. At most `most` readers wait at the same time."""

    def __init__(self, worker: WorkerFreshness, marker: Marker | None, most: int) -> None:
        self._worker = worker
        self._marker = marker
        self._most = most
        self._waiting = 0

    async def reach(self, demand: ConsistencyRequest) -> FreshnessView:
        """How fresh an answer is that starts now. Raises NotYetConsistent or EpochMismatch, unless a stale answer will do.

        Where nobody can tell, because no worker or no marker is configured, the answer is degraded and says so."""
        if demand.level == "eventual":
            return await self._worker.freshness()
        began = time.monotonic()
        outcome = await self._outcome(demand)
        if isinstance(outcome, Freshness):
            said = view(outcome, time.time_ns() // 1_000_000)
            return _with(said, demand, began, met=True)
        said = _with(await self._worker.freshness(), demand, began, met=False, reason=outcome)
        if demand.stale or outcome in (NO_WORKER, NO_MARKER):
            return said
        raise EpochMismatch(said) if outcome == OTHER_EPOCH else NotYetConsistent(outcome, said)

    async def _outcome(self, demand: ConsistencyRequest) -> Freshness | str:
        """The freshness that meets the demand, or why there is none."""
        if not self._worker.configured:
            return NO_WORKER
        if demand.level == "now" and self._marker is None:
            return NO_MARKER
        if self._waiting >= self._most:
            return TOO_MANY
        self._waiting += 1
        try:
            return await self._wait(demand)
        finally:
            self._waiting -= 1

    async def _wait(self, demand: ConsistencyRequest) -> Freshness | str:
        before, position = self._worker.last, demand.position
        try:
            async with asyncio.timeout(max(demand.wait, SHORTEST_WAIT)):
                position = position or await self._now()
                fresh = await self._worker.reach(position)
        except TimeoutError:
            return BEHIND if position else NO_ANSWER
        if not position.seen_by(fresh):
            return OTHER_EPOCH
        if demand.level == "now" and before and before.epoch == fresh.epoch and before.searchable > position.lsn:
            return WENT_BACK  # A marker of now lies behind everything that was searchable before.
        return fresh

    async def _now(self) -> RequestedPosition:
        assert self._marker is not None
        while True:
            try:
                return RequestedPosition(await self._marker.position())
            except MarkerFailed:
                await asyncio.sleep(AGAIN_SECONDS)


def _with(
    said: FreshnessView, demand: ConsistencyRequest, began: float, *, met: bool, reason: str = ""
) -> FreshnessView:
    waited = round((time.monotonic() - began) * 1000)
    known = msgspec.structs.replace(said, consistency=demand.level, met=met, waited_ms=waited)
    return known if met else msgspec.structs.replace(known, degraded=True, reason=reason)
