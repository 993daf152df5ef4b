"""Waiting for freshness: asks the worker's endpoint until an LSN is searchable."""

import threading
import time

import httpx
import msgspec

from cdc.lsn import Lsn, format_lsn
from read_model.freshness import Freshness
from sync_worker.errors import ServiceMissing, WorkerError

POLL_SECONDS = 0.02


class FreshnessClient:
    """Reads a worker's freshness."""

    def __init__(self, worker_url: str) -> None:
        self._url = worker_url
        self._http = httpx.Client(base_url=worker_url, timeout=10)

    def read(self) -> Freshness:
        """The freshness of now. ServiceMissing when no worker answers."""
        try:
            answer = self._http.get("/freshness")
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise ServiceMissing(
                f"the worker at {self._url} does not answer: start it (rowtide worker) or correct ROWTIDE_WORKER_URL"
            ) from error
        return msgspec.json.decode(answer.content, type=Freshness)

    def wait(self, lsn: Lsn, seconds: float) -> Freshness:
        """Return when everything up to `lsn` is searchable; WorkerError when that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while True:
            fresh = self.read()
            if fresh.searchable >= lsn:
                return fresh
            if time.monotonic() > deadline:
                raise WorkerError(
                    f"the documents did not reach {format_lsn(lsn)} within {seconds:.0f} s: the worker is {fresh.state}"
                    f" at {format_lsn(fresh.searchable)}, {fresh.pending} documents are pending"
                )
            pause.wait(POLL_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
