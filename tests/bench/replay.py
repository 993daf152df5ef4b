"""Elasticsearch by itself: the same bulk bodies sent again, over as many connections as the worker has senders."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from types import TracebackType
from typing import Any, Self

import httpx

from infra.addresses import Addresses
from infra.errors import RunnerError
from tests.bench.bulk_bodies import Bodies
from tests.bench.clients import elasticsearch_client
from tests.bench.report import Rate

CONNECTIONS = 3


class Replay:
    """An index of its own, with the documents' settings and mapping; removed at the end."""

    def __init__(self, addresses: Addresses, index: str, body: dict[str, Any]) -> None:
        self._index = index
        self._body = body
        self._http = elasticsearch_client(addresses)

    def __enter__(self) -> Self:
        self._request("PUT", f"/{self._index}", json=self._body)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._request("DELETE", f"/{self._index}")
        self._http.close()

    def play(self, bodies: Bodies) -> Rate:
        """Send everything and refresh; the time covers both."""
        with bodies.path.open("rb") as file, ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="replay") as pool:
            send = self._sender(file.fileno())
            began = monotonic()
            for taken in pool.map(send, bodies.places):
                if not taken:
                    raise RunnerError(
                        "Elasticsearch refused a document of the replayed bulks; see its log in the stack."
                    )
            self._request("POST", f"/{self._index}/_refresh")
            return Rate(bodies.documents, monotonic() - began)

    def _sender(self, file: int) -> Callable[[tuple[int, int]], bool]:
        def send(place: tuple[int, int]) -> bool:
            at, length = place
            answer = self._request(
                "POST",
                f"/{self._index}/_bulk",
                params={"filter_path": "errors"},
                content=os.pread(file, length, at),
                headers={"content-type": "application/x-ndjson"},
            )
            return bool(answer.json() == {"errors": False})

        return send

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.TransportError as error:
            raise RunnerError(f"Elasticsearch did not answer {method} {path}: {error}") from error
        if not answer.is_success:
            raise RunnerError(f"Elasticsearch answered {method} {path} with {answer.status_code}: {answer.text[:500]}")
        return answer
