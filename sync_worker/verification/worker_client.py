"""Asks a running worker to do something, through its endpoint."""

from types import TracebackType
from typing import Any, Self

import httpx

from sync_worker.errors import ServiceMissing, WorkerError
from sync_worker.verification.repair import RowsReread


class WorkerClient:
    """One worker's endpoint. ServiceMissing when it does not answer, WorkerError when it cannot do what is asked."""

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
        """Have set-aside documents built again; how many they are."""
        return int(self._post("/quarantine/retry", {"document": document, "id": id_})["retried"])

    def reread(self, document: str, ids: list[str]) -> RowsReread:
        """Have the rows of these documents read anew; returns when the row store has them."""
        answer = self._post("/repairs", {"document": document, "ids": ids})
        return RowsReread(answer["lsn"], answer["rows"], answer["changed"])

    def remove(self, document: str, ids: list[str], lsn: int) -> None:
        """Have documents deleted that the source did not have at `lsn`."""
        self._post("/removals", {"document": document, "ids": ids, "lsn": lsn})

    def _post(self, path: str, body: object) -> dict[str, Any]:
        try:
            answer = self._http.post(path, json=body)
        except httpx.HTTPError as error:
            raise ServiceMissing(
                f"the worker at {self._url} does not answer: start it (rowtide worker) or correct ROWTIDE_WORKER_URL"
            ) from error
        if answer.is_error:
            raise WorkerError(f"the worker at {self._url} refuses: {_detail(answer)}")
        return dict(answer.json()) if answer.content else {}


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
