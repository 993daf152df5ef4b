"""Waits for freshness: polls the worker's endpoint until an LSN is searchable."""

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

ReportWaiting = Callable[[str], None]
"""Called with a sentence for the user when a command starts to wait."""


class WorkerNotStarted(ServiceMissing):
    """Nothing listens at the worker's address; the worker may be about to start."""


class FreshnessClient:
    """Reads a worker's freshness. Calls `report_waiting` once if it has to wait for the worker to start."""

    def __init__(self, worker_url: str, report_waiting: ReportWaiting = lambda _: None) -> None:
        self._url = worker_url
        self._report_waiting = report_waiting
        self._http = httpx.Client(base_url=worker_url, timeout=10)

    def read(self) -> Freshness:
        """The current freshness. Raises ServiceMissing when no worker answers, SettingsError when the URL is invalid."""
        try:
            response = self._http.get("/freshness")
            response.raise_for_status()
            return msgspec.json.decode(response.content, type=Freshness)
        except (httpx.HTTPStatusError, msgspec.DecodeError) as error:
            raise ServiceMissing(
                f"the server at {self._url} is not a Rowtide worker; correct ROWTIDE_WORKER_URL"
            ) from error
        except httpx.UnsupportedProtocol as error:
            raise SettingsError(
                f"ROWTIDE_WORKER_URL {self._url} is not a valid URL; use the form http://host:port"
            ) from error
        except httpx.TransportError as error:
            raise WorkerNotStarted(
                f"the worker at {self._url} does not answer: start it (rowtide worker) or correct ROWTIDE_WORKER_URL"
            ) from error

    def wait(self, lsn: Lsn, seconds: float) -> Freshness:
        """Return once everything up to `lsn` is searchable.

        Raises WorkerError when that takes longer than `seconds`, and ServiceMissing when the worker does not start within
        the same time."""
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
        """The freshness, once the worker answers. Raises ServiceMissing when it does not start within `seconds`."""
        return self._read_by(time.monotonic() + seconds, seconds)

    def _read_by(self, deadline: float, seconds: float) -> Freshness:
        pause = threading.Event()
        reported = False
        while True:
            try:
                return self.read()
            except WorkerNotStarted:
                if time.monotonic() > deadline:
                    raise
            if not reported:
                self._report_waiting(
                    f"the worker at {self._url} does not answer yet; waiting up to {seconds:.0f} s for it to start"
                )
                reported = True
            pause.wait(STARTING_POLL_SECONDS)

    def close(self) -> None:
        """Close the HTTP connection."""
        self._http.close()
