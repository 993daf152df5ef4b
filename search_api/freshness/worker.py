"""Polls the worker's freshness over HTTP. Without the worker the API still responds, with a degraded freshness."""

import asyncio
import time
from typing import Any

import httpx
import msgspec

from read_model.elasticsearch.index_owner import IndexOwner
from read_model.freshness import Freshness
from search_api.freshness.consistency import RequestedPosition
from search_api.freshness.view import FreshnessView, token_of, unknown, view

REQUEST_TIMEOUT = 0.5
"""Seconds by which reading the freshness may delay a response."""
CACHE_SECONDS = 0.1
"""An older freshness only promises less, so it may be reused for a moment."""
ERROR_CACHE_SECONDS = 1.0
LONG_POLL_SECONDS = 2.0
"""How long one request waits for the freshness to change."""
PAUSE_SECONDS = 0.05
"""After a worker that failed to respond, or responded without waiting."""


def foreign(freshness: Freshness, owner: IndexOwner | None) -> str:
    """Why this freshness says nothing about an index; empty when it may, or the index does not say whose it is."""
    if owner is None or owner.serves(freshness.origin, freshness.epoch):
        return ""
    if owner.origin.contradicts(freshness.origin):
        return (
            f"The worker at ROWTIDE_WORKER_URL is that of {freshness.origin}, and the index has the documents of"
            f" {owner.origin}."
        )
    return (
        f"The worker at ROWTIDE_WORKER_URL has epoch {freshness.epoch}, and the index was created in epoch {owner.epoch}:"
        " another worker writes it."
    )


class FreshnessUnavailable(Exception):
    """The worker did not report the freshness; the message is for people."""


class WorkerFreshness:
    """Reads the worker's freshness. `http` is None if no worker is configured.

    Read it before a search starts, never after: the search sees what was searchable before (invariant 6). All waiting
    requests share one request to the worker.
    """

    def __init__(self, http: httpx.AsyncClient | None) -> None:
        self._http = http
        self._latest: Freshness | FreshnessUnavailable = FreshnessUnavailable("The worker has not been contacted yet.")
        self._expires = 0.0
        self._polling: asyncio.Task[Freshness | FreshnessUnavailable] | None = None
        self._waiting: dict[asyncio.Future[Freshness], RequestedPosition] = {}
        self._following: asyncio.Task[None] | None = None
        self._followed: Freshness | None = None
        """The latest freshness while requests wait; current until the worker reports a change."""

    @property
    def configured(self) -> bool:
        """Whether there is a worker to read from."""
        return self._http is not None

    @property
    def last(self) -> Freshness | None:
        """The last freshness that the worker reported, however old."""
        return self._latest if isinstance(self._latest, Freshness) else None

    async def freshness(self, owner: IndexOwner | None = None) -> FreshnessView:
        """The freshness of a search that starts now, in an index of this owner. Never raises."""
        if self._http is None:
            return unknown("No worker is configured; set ROWTIDE_WORKER_URL to see how fresh the documents are.")
        if time.monotonic() >= self._expires:
            if self._polling is None or self._polling.done():
                self._polling = asyncio.create_task(self._get(self._http, {}, REQUEST_TIMEOUT))
            self._store(await asyncio.shield(self._polling))
        if not isinstance(self._latest, Freshness):
            return unknown(str(self._latest))
        if reason := foreign(self._latest, owner):
            return unknown(reason)
        return view(self._latest, time.time_ns() // 1_000_000)

    async def reach(self, position: RequestedPosition) -> Freshness:
        """Return when the position is searchable or belongs to another epoch. The caller sets the timeout."""
        if self._followed is not None and _settled(position, self._followed):
            return self._followed
        future: asyncio.Future[Freshness] = asyncio.get_running_loop().create_future()
        self._waiting[future] = position
        if self._http is not None and (self._following is None or self._following.done()):
            self._following = asyncio.create_task(self._follow(self._http))
        try:
            return await future
        finally:
            self._waiting.pop(future, None)

    @property
    def waiting(self) -> int:
        """The number of waiting requests."""
        return len(self._waiting)

    async def close(self) -> None:
        """Cancel all requests to the worker."""
        for task in (self._following, self._polling):
            if task is not None:
                task.cancel()

    async def _follow(self, http: httpx.AsyncClient) -> None:
        """Long-poll the worker while any request waits."""
        try:
            while self._waiting:
                self._followed = await self._next_freshness(http, self._followed)
                if self._followed is not None:
                    self._release(self._followed)
        finally:
            self._followed = None

    async def _next_freshness(self, http: httpx.AsyncClient, known: Freshness | None) -> Freshness | None:
        params: dict[str, Any] = {"beyond": token_of(known), "wait": LONG_POLL_SECONDS} if known else {}
        outcome = await self._get(http, params, REQUEST_TIMEOUT + (LONG_POLL_SECONDS if known else 0))
        self._store(outcome)
        if isinstance(outcome, FreshnessUnavailable) or outcome.state == "stopped":
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        if known is not None and token_of(known) == token_of(outcome):
            await asyncio.sleep(PAUSE_SECONDS)
        return outcome

    def _release(self, freshness: Freshness) -> None:
        for future in [waiter for waiter, position in self._waiting.items() if _settled(position, freshness)]:
            del self._waiting[future]
            if not future.done():
                future.set_result(freshness)

    def _store(self, outcome: Freshness | FreshnessUnavailable) -> None:
        self._latest = outcome
        self._expires = time.monotonic() + (CACHE_SECONDS if isinstance(outcome, Freshness) else ERROR_CACHE_SECONDS)

    async def _get(
        self, http: httpx.AsyncClient, params: dict[str, Any], seconds: float
    ) -> Freshness | FreshnessUnavailable:
        try:
            response = await http.get("/freshness", params=params, timeout=seconds)
            response.raise_for_status()
            return msgspec.json.decode(response.content, type=Freshness)
        except httpx.HTTPError:
            return FreshnessUnavailable(
                "The worker is not responding; searches show what it last wrote. See its log, and restart it if it has"
                " stopped."
            )
        except msgspec.DecodeError:
            return FreshnessUnavailable("The worker's response could not be decoded; the documents may be out of date.")


def _settled(position: RequestedPosition, freshness: Freshness) -> bool:
    """Whether waiting longer would change nothing."""
    return position.seen_by(freshness) or position.epoch not in (None, freshness.epoch)
