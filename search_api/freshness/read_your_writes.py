"""Makes a response as fresh as its request requires: learns the position, waits for it, and reports the outcome."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

import msgspec

from read_model.elasticsearch.index_owner import IndexOwner
from read_model.freshness import Freshness
from search_api.freshness.consistency import ConsistencyRequest, EpochMismatch, NotYetConsistent, RequestedPosition
from search_api.freshness.marker import Marker, MarkerFailed
from search_api.freshness.view import FreshnessView, view
from search_api.freshness.waiting_places import WaitingPlaces
from search_api.freshness.worker import WorkerFreshness, foreign

RETRY_SECONDS = 0.1
"""Between two attempts to reach the database."""
MIN_WAIT_SECONDS = 0.1
"""Even a request that does not wait leaves the worker time to respond."""


class Unmet(StrEnum):
    """Why the requested consistency was not reached."""

    NO_WORKER = "no_worker"
    NO_MARKER = "no_marker"
    SOURCE_UNREACHABLE = "source_unreachable"
    BEHIND = "behind"
    SOURCE_WENT_BACK = "source_went_back"
    TOO_MANY_WAITING = "too_many_waiting"
    TOO_MANY_OF_CALLER = "too_many_of_caller"
    OTHER_EPOCH = "other_epoch"
    OTHER_WORKER = "other_worker"
    OTHER_DATABASE = "other_database"


NOT_CONFIGURED = frozenset({Unmet.NO_WORKER, Unmet.NO_MARKER, Unmet.OTHER_WORKER, Unmet.OTHER_DATABASE})
"""Waiting is of no use; the request is answered, with a degraded freshness."""

COMPARED = frozenset({Unmet.BEHIND, Unmet.SOURCE_WENT_BACK, Unmet.OTHER_EPOCH})
"""Outcomes of a comparison of positions, which means nothing if they are those of two databases."""

ReadOwner = Callable[[], Awaitable[IndexOwner | None]]
"""Reads whose documents an index has. It is called after waiting, so that whoever waits for a place needs no index."""


async def no_owner() -> IndexOwner | None:
    """For requests that read no index."""
    return None


UNMET_TEXTS: Mapping[Unmet, str] = {
    Unmet.NO_WORKER: "No worker is configured, so the API cannot wait for it; set ROWTIDE_WORKER_URL.",
    Unmet.NO_MARKER: (
        "The API cannot read the database's current position; set ROWTIDE_MARKER_DSN (see `rowtide init --marker`)."
    ),
    Unmet.SOURCE_UNREACHABLE: "The database did not report its current position in time.",
    Unmet.BEHIND: "The index has not caught up with the requested position yet.",
    Unmet.SOURCE_WENT_BACK: (
        "The database is behind its own documents: it was restored or failed over, and positions cannot be compared."
    ),
    Unmet.TOO_MANY_WAITING: "Too many requests are already waiting.",
    Unmet.TOO_MANY_OF_CALLER: "Too many requests of this caller are already waiting.",
    Unmet.OTHER_EPOCH: "The token belongs to another epoch of the documents.",
    Unmet.OTHER_WORKER: "The worker at ROWTIDE_WORKER_URL does not write this index, so its freshness is not known.",
    Unmet.OTHER_DATABASE: (
        "ROWTIDE_MARKER_DSN names another database than the one that the worker at ROWTIDE_WORKER_URL follows."
    ),
}


class ReadYourWrites:
    """Waits until the index is as fresh as a request requires. `marker` is None if the API cannot reach the database.
    A request waits only if there is a place for its caller."""

    def __init__(self, worker: WorkerFreshness, marker: Marker | None, places: WaitingPlaces) -> None:
        self._worker = worker
        self._marker = marker
        self._places = places

    async def reach(self, request: ConsistencyRequest, caller: str, read_owner: ReadOwner = no_owner) -> FreshnessView:
        """The freshness of a search of this caller that starts now (invariant 6), in an index whose owner `read_owner`
        reads.

        Raises NotYetConsistent or EpochMismatch, unless a stale result is accepted. Without a configured worker or
        marker, or with those of another pipeline or database, the freshness is degraded instead."""
        if request.level == "eventual":
            return await self._worker.freshness(await read_owner())
        started = time.monotonic()
        outcome = await self._outcome(request, caller)
        owner = await read_owner()
        outcome = self._mismatch(outcome, owner) or outcome
        if isinstance(outcome, Freshness):
            return _with_outcome(view(outcome, time.time_ns() // 1_000_000), request, started)
        freshness = _with_outcome(await self._worker.freshness(owner), request, started, outcome)
        if request.stale or outcome in NOT_CONFIGURED:
            return freshness
        if outcome is Unmet.OTHER_EPOCH:
            raise EpochMismatch(freshness)
        raise NotYetConsistent(UNMET_TEXTS[outcome], freshness)

    async def _outcome(self, request: ConsistencyRequest, caller: str) -> Freshness | Unmet:
        if not self._worker.configured:
            return Unmet.NO_WORKER
        if request.level == "now" and self._marker is None:
            return Unmet.NO_MARKER
        if crowding := self._places.crowding(caller):
            return Unmet.TOO_MANY_OF_CALLER if crowding == "own" else Unmet.TOO_MANY_WAITING
        with self._places.take(caller):
            return await self._wait(request)

    async def _wait(self, request: ConsistencyRequest) -> Freshness | Unmet:
        before, position = self._worker.last, request.position
        try:
            async with asyncio.timeout(max(request.wait, MIN_WAIT_SECONDS)):
                position = position or await self._current_position()
                freshness = await self._worker.reach(position)
        except TimeoutError:
            return Unmet.BEHIND if position else Unmet.SOURCE_UNREACHABLE
        if not position.seen_by(freshness):
            return Unmet.OTHER_EPOCH
        # A new marker is after everything that was searchable before; if it is not, the source went back.
        same_epoch = before is not None and before.epoch == freshness.epoch
        if request.level == "now" and before is not None and same_epoch and before.searchable > position.lsn:
            return Unmet.SOURCE_WENT_BACK
        return freshness

    def _mismatch(self, outcome: Freshness | Unmet, owner: IndexOwner | None) -> Unmet | None:
        """Why the positions that were compared say nothing about the index; None when they may."""
        freshness = outcome if isinstance(outcome, Freshness) else self._worker.last
        if freshness is None or (isinstance(outcome, Unmet) and outcome not in COMPARED):
            return None
        if foreign(freshness, owner):
            return Unmet.OTHER_WORKER
        if self._marker is not None and self._marker.origin.contradicts(freshness.origin):
            return Unmet.OTHER_DATABASE
        return None

    async def _current_position(self) -> RequestedPosition:
        assert self._marker is not None
        while True:
            try:
                return RequestedPosition(await self._marker.position())
            except MarkerFailed:
                await asyncio.sleep(RETRY_SECONDS)


def _with_outcome(
    freshness: FreshnessView, request: ConsistencyRequest, started: float, unmet: Unmet | None = None
) -> FreshnessView:
    waited = round((time.monotonic() - started) * 1000)
    known = msgspec.structs.replace(freshness, consistency=request.level, met=unmet is None, waited_ms=waited)
    return known if unmet is None else msgspec.structs.replace(known, degraded=True, reason=UNMET_TEXTS[unmet])
