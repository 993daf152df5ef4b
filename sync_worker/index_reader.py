"""Reads documents back from Elasticsearch byte for byte: numbers keep every digit, which a parsed response would lose."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
import msgspec

from sync_worker.errors import ServiceMissing, WorkerError
from sync_worker.index import Access

PAGE = 1000
KEEP_ALIVE = "2m"


class Indexed(NamedTuple):
    """A document of the index: its id, its version and its source as it was sent."""

    id: str
    version: int
    source: bytes


class _Hit(msgspec.Struct, rename={"id": "_id", "version": "_version", "source": "_source"}):
    id: str
    version: int = 0
    source: msgspec.Raw = msgspec.Raw(b"null")
    sort: list[Any] = []
    found: bool = True


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Page(msgspec.Struct):
    hits: _Hits
    pit_id: str = ""


class _Docs(msgspec.Struct):
    docs: list[_Hit]


class IndexReader:
    """A read-only client of one Elasticsearch."""

    def __init__(self, access: Access) -> None:
        headers = {"authorization": f"ApiKey {access.api_key}"} if access.api_key else {}
        login = (access.username, access.password or "") if access.username and not access.api_key else None
        self._http = httpx.Client(base_url=access.url, headers=headers, auth=login, timeout=access.timeout)
        self._url = access.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def scan(self, alias: str) -> Iterator[Indexed]:
        """All documents as of one point in time, in no particular order. Memory holds one page."""
        pit = msgspec.json.decode(self._call("POST", f"/{alias}/_pit?keep_alive={KEEP_ALIVE}"))["id"]
        try:
            after: list[Any] | None = None
            while True:
                body = {
                    "size": PAGE,
                    "version": True,
                    "track_total_hits": False,
                    "sort": ["_shard_doc"],
                    "pit": {"id": pit, "keep_alive": KEEP_ALIVE},
                    **({"search_after": after} if after else {}),
                }
                page = msgspec.json.decode(self._call("POST", "/_search", body), type=_Page)
                if not page.hits.hits:
                    return
                for hit in page.hits.hits:
                    yield Indexed(hit.id, hit.version, bytes(hit.source))
                pit, after = page.pit_id or pit, page.hits.hits[-1].sort
        finally:
            self._call("DELETE", "/_pit", {"id": pit})

    def fetch(self, alias: str, ids: list[str]) -> dict[str, Indexed]:
        """The documents with these ids that exist, as they are now."""
        found: dict[str, Indexed] = {}
        for start in range(0, len(ids), PAGE):
            answer = self._call("POST", f"/{alias}/_mget", {"ids": ids[start : start + PAGE]})
            for hit in msgspec.json.decode(answer, type=_Docs).docs:
                if hit.found:
                    found[hit.id] = Indexed(hit.id, hit.version, bytes(hit.source))
        return found

    def _call(self, method: str, path: str, body: object = None) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._http.request(method, path, content=content, headers={"content-type": "application/json"})
        except httpx.TransportError as error:
            raise ServiceMissing(f"Elasticsearch at {self._url} does not answer: {error}") from error
        if answer.status_code >= 400:
            raise WorkerError(
                f"Elasticsearch at {self._url} answers {answer.status_code} to {method} {path.split('?', maxsplit=1)[0]}"
            )
        return answer.content
