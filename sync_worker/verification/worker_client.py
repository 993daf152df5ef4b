"""Sends requests to a running worker's endpoint: retries, repairs and removals."""

from types import TracebackType
from typing import Any, Self

import httpx

from sync_worker.errors import ServiceMissing, WorkerError
from sync_worker.verification.repair import RowsReread


class WorkerClient:
    """A client of one worker. Methods raise ServiceMissing when it does not answer, WorkerError when it rejects a request."""

    def __init__(self, worker_url: str, timeout: float = 600) -> None:
        self._url = worker_url
        self._http = httpx.Client(base_url=worker_url, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def retry(self, document: str | None, id_: str | None) -> int:
        """Build quarantined documents again. Returns how many."""
        return int(self._post("/quarantine/retry", {"document": document, "id": id_})["retried"])

    def reread(self, document: str, ids: list[str]) -> RowsReread:
        """Re-read the rows of these documents from the source; returns when the row store has them."""
        outcome = self._post("/repairs", {"document": document, "ids": ids})
        return RowsReread(outcome["lsn"], outcome["rows"], outcome["changed"])

    def remove(self, document: str, ids: list[str], lsn: int) -> None:
        """Delete documents that the source did not have at `lsn`."""
        self._post("/removals", {"document": document, "ids": ids, "lsn": lsn})

    def _post(self, path: str, body: object) -> dict[str, Any]:
        try:
            response = self._http.post(path, json=body)
        except httpx.HTTPError as error:
            raise ServiceMissing(
                f"the worker at {self._url} does not answer: start it (rowtide worker) or correct ROWTIDE_WORKER_URL"
            ) from error
        if response.is_error:
            raise WorkerError(f"the worker at {self._url} rejected the request: {_detail(response)}")
        return dict(response.json()) if response.content else {}


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
