"""Waiting for freshness: asks the worker's endpoint until an LSN is searchable."""

import threading
import time
from collections.abc import Callable

import httpx
import msgspec

from cdc.log.lsn import Lsn, format_lsn
from read_model.freshness import Freshness
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError

POLL_SECONDS = 0.02
STARTING_POLL_SECONDS = 0.2


class NotThereYet(ServiceMissing):
    """Nobody listens where the worker should: it may be about to start."""


class FreshnessClient:
    """Reads a worker's freshness. `told` hears that the worker is not there yet, when that is waited for."""

    def __init__(self, worker_url: str, told: Callable[[str], None] = lambda _: None) -> None:
        self._url = worker_url
        self._told = told
        self._http = httpx.Client(base_url=worker_url, timeout=10)

    def read(self) -> Freshness:
        """The freshness of now. ServiceMissing when no worker answers."""
        try:
            answer = self._http.get("/freshness")
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=Freshness)
        except (httpx.HTTPStatusError, msgspec.DecodeError) as error:
            raise ServiceMissing(f"what answers at {self._url} is no worker; correct ROWTIDE_WORKER_URL") from error
        except httpx.UnsupportedProtocol as error:
            raise SettingsError(f"ROWTIDE_WORKER_URL {self._url} is no URL; write http://host:port") from error
        except httpx.TransportError as error:
            raise NotThereYet(
                f"the worker at {self._url} does not answer: start it (rowtide worker) or correct ROWTIDE_WORKER_URL"
            ) from error

    def wait(self, lsn: Lsn, seconds: float) -> Freshness:
        """Return when everything up to `lsn` is searchable; WorkerError when that takes longer than `seconds`.

        A worker that does not listen yet has the same time to start; ServiceMissing when it did not."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while True:
            fresh = self._read_by(deadline, seconds)
            if fresh.searchable >= lsn:
                return fresh
            if time.monotonic() > deadline:
                raise WorkerError(
                    f"the documents did not reach {format_lsn(lsn)} within {seconds:.0f} s: the worker is {fresh.state}"
                    f" at {format_lsn(fresh.searchable)}, {fresh.pending} documents are pending"
                )
            pause.wait(POLL_SECONDS)

    def wait_until_started(self, seconds: float) -> Freshness:
        """The freshness of now, of a worker that has so many seconds to start. ServiceMissing when it did not."""
        return self._read_by(time.monotonic() + seconds, seconds)

    def _read_by(self, deadline: float, seconds: float) -> Freshness:
        pause = threading.Event()
        told = False
        while True:
            try:
                return self.read()
            except NotThereYet:
                if time.monotonic() > deadline:
                    raise
            if not told:
                self._told(f"the worker at {self._url} does not answer yet; waiting for it, {seconds:.0f} s at most")
                told = True
            pause.wait(STARTING_POLL_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
