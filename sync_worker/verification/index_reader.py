"""Reads documents back from Elasticsearch byte for byte: numbers keep every digit, which a parsed response would lose."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
import msgspec

from connections.elasticsearch import ElasticsearchAccess, httpx_options, is_credentials_refusal
from sync_worker.elasticsearch.access import credentials_refused, unreachable
from sync_worker.errors import WorkerError

PAGE = 500
"""Documents read at a time."""
ID_PAGE = 10_000
"""Ids read at a time: Elasticsearch's own limit of a page."""
KEEP_ALIVE = "2m"


class Indexed(NamedTuple):
    """A document of the index: its id, its version and its source as it was sent."""

    id: str
    version: int
    source: bytes


class Entry(NamedTuple):
    """A document without its source."""

    id: str
    version: int


class _Hit(msgspec.Struct, rename={"id": "_id", "version": "_version", "source": "_source"}):
    id: str
    version: int = 0
    source: msgspec.Raw = msgspec.Raw(b"null")
    sort: list[Any] = []


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Page(msgspec.Struct):
    hits: _Hits
    pit_id: str = ""


class IndexReader:
    """A read-only client of one Elasticsearch."""

    def __init__(self, access: ElasticsearchAccess) -> None:
        self._http = httpx.Client(**httpx_options(access))
        self._url = access.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def scan_ids(self, alias: str) -> Iterator[list[Entry]]:
        """Ids and versions of all documents as of one point in time, in no particular order, a page at a time."""
        pit = msgspec.json.decode(self._call("POST", f"/{alias}/_pit?keep_alive={KEEP_ALIVE}"))["id"]
        try:
            after: list[Any] | None = None
            while True:
                body = {
                    "size": ID_PAGE,
                    "version": True,
                    "_source": False,
                    "track_total_hits": False,
                    "sort": ["_shard_doc"],
                    "pit": {"id": pit, "keep_alive": KEEP_ALIVE},
                    **({"search_after": after} if after else {}),
                }
                page = msgspec.json.decode(self._call("POST", "/_search", body), type=_Page)
                if not page.hits.hits:
                    return
                yield [Entry(hit.id, hit.version) for hit in page.hits.hits]
                pit, after = page.pit_id or pit, page.hits.hits[-1].sort
        finally:
            self._call("DELETE", "/_pit", {"id": pit})

    def find(self, alias: str, ids: Sequence[str]) -> Iterator[Indexed]:
        """The documents with these ids, as a search sees them now; those that exist. Memory holds one page."""
        ids = [id_ for id_ in ids if id_]  # Elasticsearch refuses to look for an empty one, and cannot hold one.
        for start in range(0, len(ids), PAGE):
            body = {
                "size": PAGE,
                "version": True,
                "track_total_hits": False,
                "query": {"bool": {"filter": {"ids": {"values": ids[start : start + PAGE]}}}},
                "sort": ["_doc"],
            }
            yield from self._search(alias, body)

    def sample(self, alias: str, count: int, seed: int) -> list[str]:
        """Ids of so many documents, picked at random."""
        picked = {"function_score": {"random_score": {"seed": seed, "field": "_seq_no"}}}
        body = {"size": min(count, ID_PAGE), "_source": False, "track_total_hits": False, "query": picked}
        return [hit.id for hit in self._search(alias, body)]

    def count(self, alias: str) -> int:
        """How many documents a search sees."""
        return int(msgspec.json.decode(self._call("GET", f"/{alias}/_count"))["count"])

    def _search(self, alias: str, body: object) -> Iterator[Indexed]:
        page = msgspec.json.decode(self._call("POST", f"/{alias}/_search", body), type=_Page)
        for hit in page.hits.hits:
            yield Indexed(hit.id, hit.version, bytes(hit.source))

    def _call(self, method: str, path: str, body: object = None) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._http.request(method, path, content=content, headers={"content-type": "application/json"})
        except httpx.TransportError as error:
            raise unreachable(self._url, error) from error
        if is_credentials_refusal(answer.status_code, _body(answer)):
            raise credentials_refused(self._url)
        if answer.status_code >= 400:
            raise WorkerError(
                f"Elasticsearch at {self._url} answers {answer.status_code} to {method} {path.split('?', maxsplit=1)[0]}"
            )
        return answer.content


def _body(answer: httpx.Response) -> Any:
    """What a refusal says, if it is JSON."""
    try:
        return msgspec.json.decode(answer.content) if answer.is_error else None
    except msgspec.MsgspecError:
        return None
