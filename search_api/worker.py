"""Asks the worker over HTTP. Without the worker the API still answers: degraded, and saying so."""

import time

import httpx
import msgspec

from read_model.freshness import Freshness
from search_api.freshness import FreshnessView, unknown, view

ASK_TIMEOUT = 0.5
"""Seconds that an answer may be held up by asking how fresh it is."""
KEEP_SECONDS = 0.1
"""An older answer is only more careful, so it may serve a little longer."""
KEEP_FAULT_SECONDS = 1.0


class FreshnessFault(Exception):
    """The worker did not say how fresh the documents are."""


class Worker:
    """Asks the worker for its freshness. `http` is None when no worker is configured.

    Ask before a search starts, never after: what was searchable before is seen by the search."""

    def __init__(self, http: httpx.AsyncClient | None) -> None:
        self._http = http
        self._kept: Freshness | FreshnessFault = FreshnessFault("The worker was not asked yet.")
        self._until = 0.0

    async def freshness(self) -> FreshnessView:
        """How fresh an answer is that starts now; never raises."""
        if self._http is None:
            return unknown("No worker is configured; set ROWTIDE_WORKER_URL to see how fresh the documents are.")
        if time.monotonic() >= self._until:
            self._kept = await self._ask(self._http)
            self._until = time.monotonic() + (KEEP_SECONDS if isinstance(self._kept, Freshness) else KEEP_FAULT_SECONDS)
        if isinstance(self._kept, Freshness):
            return view(self._kept, time.time_ns() // 1_000_000)
        return unknown(str(self._kept))

    async def _ask(self, http: httpx.AsyncClient) -> Freshness | FreshnessFault:
        try:
            answer = await http.get("/freshness", timeout=ASK_TIMEOUT)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=Freshness)
        except httpx.HTTPError:
            return FreshnessFault("The worker does not answer; the documents may be out of date.")
        except msgspec.DecodeError:
            return FreshnessFault("The worker's answer could not be read; the documents may be out of date.")
