"""Asks the worker over HTTP. Without the worker the API still answers: degraded, and saying so."""

import asyncio
import time
from typing import Any

import httpx
import msgspec

from read_model.freshness import Freshness
from search_api.freshness.consistency import RequestedPosition
from search_api.freshness.view import FreshnessView, token_of, unknown, view

ASK_TIMEOUT = 0.5
"""Seconds that an answer may be held up by asking how fresh it is."""
KEEP_SECONDS = 0.1
"""An older answer is only more careful, so it may serve a little longer."""
KEEP_FAULT_SECONDS = 1.0
NEWS_SECONDS = 2.0
"""How long one request waits for news."""
PAUSE_SECONDS = 0.05
"""After a worker that did not answer, or could not wait."""


class FreshnessUnavailable(Exception):
    """The worker did not say how fresh the documents are."""


class WorkerFreshness:
    """Asks the worker for its freshness. `http` is None when no worker is configured.

    Ask before a search starts, never after: what was searchable before is seen by the search.
    All who wait share one request to the worker."""

    def __init__(self, http: httpx.AsyncClient | None) -> None:
        self._http = http
        self._kept: Freshness | FreshnessUnavailable = FreshnessUnavailable("The worker was not asked yet.")
        self._until = 0.0
        self._asking: asyncio.Task[Freshness | FreshnessUnavailable] | None = None
        self._waiting: dict[asyncio.Future[Freshness], RequestedPosition] = {}
        self._following: asyncio.Task[None] | None = None
        self._heard: Freshness | None = None
        """What those who wait have heard so far; it holds until the worker has news."""

    @property
    def configured(self) -> bool:
        """Whether there is a worker to ask at all."""
        return self._http is not None

    @property
    def last(self) -> Freshness | None:
        """What the worker said last, however long ago."""
        return self._kept if isinstance(self._kept, Freshness) else None

    async def freshness(self) -> FreshnessView:
        """How fresh an answer is that starts now; never raises."""
        if self._http is None:
            return unknown("No worker is configured; set ROWTIDE_WORKER_URL to see how fresh the documents are.")
        if time.monotonic() >= self._until:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask(self._http, {}, ASK_TIMEOUT))
            self._keep(await asyncio.shield(self._asking))
        if isinstance(self._kept, Freshness):
            return view(self._kept, time.time_ns() // 1_000_000)
        return unknown(str(self._kept))

    async def reach(self, position: RequestedPosition) -> Freshness:
        """Return when the position is searchable, or belongs to another epoch. The caller sets the time limit."""
        if self._heard is not None and _settled(position, self._heard):
            return self._heard
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
        """How many readers wait."""
        return len(self._waiting)

    async def close(self) -> None:
        """Stop asking."""
        for task in (self._following, self._asking):
            if task is not None:
                task.cancel()

    async def _follow(self, http: httpx.AsyncClient) -> None:
        """Ask for news for as long as anybody waits."""
        try:
            while self._waiting:
                self._heard = await self._news(http, self._heard)
                if self._heard is not None:
                    self._release(self._heard)
        finally:
            self._heard = None

    async def _news(self, http: httpx.AsyncClient, heard: Freshness | None) -> Freshness | None:
        params: dict[str, Any] = {"beyond": token_of(heard), "wait": NEWS_SECONDS} if heard else {}
        asked = await self._ask(http, params, ASK_TIMEOUT + (NEWS_SECONDS if heard else 0))
        self._keep(asked)
        if isinstance(asked, FreshnessUnavailable) or asked.state == "stopped":
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        if heard is not None and token_of(heard) == token_of(asked):
            await asyncio.sleep(PAUSE_SECONDS)
        return asked

    def _release(self, fresh: Freshness) -> None:
        for future in [one for one, position in self._waiting.items() if _settled(position, fresh)]:
            del self._waiting[future]
            if not future.done():
                future.set_result(fresh)

    def _keep(self, asked: Freshness | FreshnessUnavailable) -> None:
        self._kept = asked
        self._until = time.monotonic() + (KEEP_SECONDS if isinstance(asked, Freshness) else KEEP_FAULT_SECONDS)

    async def _ask(
        self, http: httpx.AsyncClient, params: dict[str, Any], seconds: float
    ) -> Freshness | FreshnessUnavailable:
        try:
            answer = await http.get("/freshness", params=params, timeout=seconds)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=Freshness)
        except httpx.HTTPError:
            return FreshnessUnavailable(
                "The worker does not answer; what it last wrote can be searched. Its log says more; if it ended, start it again."
            )
        except msgspec.DecodeError:
            return FreshnessUnavailable("The worker's answer could not be read; the documents may be out of date.")


def _settled(position: RequestedPosition, fresh: Freshness) -> bool:
    """Whether waiting longer would change nothing."""
    return position.seen_by(fresh) or position.epoch not in (None, fresh.epoch)
