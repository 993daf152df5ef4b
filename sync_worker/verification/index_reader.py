"""Reads documents from Elasticsearch byte for byte: a parsed response would round numbers."""

from collections.abc import Collection, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
import msgspec

from connections.elasticsearch import ElasticsearchAccess, httpx_options, is_credentials_refusal
from read_model.elasticsearch.index_owner import OWNER, IndexOwner, owner_in
from read_model.elasticsearch.unindexed_values import unindexed_body, unindexed_counts
from sync_worker.elasticsearch.access import credentials_refused, unreachable
from sync_worker.errors import WorkerError

PAGE = 500
"""Documents per request."""
ID_PAGE = 10_000
"""Ids per request: `index.max_result_window`, the largest page that Elasticsearch allows."""
KEEP_ALIVE = "2m"


class Indexed(NamedTuple):
    """A document of the index; `source` is the JSON exactly as it was sent."""

    id: str
    version: int
    source: bytes


class Entry(NamedTuple):
    """The id and version of an indexed document."""

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


class _Mappings(msgspec.Struct, rename={"meta": "_meta"}):
    meta: dict[str, Any] = {}


class _Mapped(msgspec.Struct):
    mappings: _Mappings


_page = msgspec.json.Decoder(_Page)
_mapped = msgspec.json.Decoder(dict[str, _Mapped])


class IndexReader:
    """A read-only client. Methods raise ServiceMissing, SettingsError (credentials) or WorkerError (refused)."""

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
        """Ids and versions of all documents at one point in time, one page at a time, in no particular order."""
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
                page = _page.decode(self._call("POST", "/_search", body))
                if not page.hits.hits:
                    return
                yield [Entry(hit.id, hit.version) for hit in page.hits.hits]
                pit, after = page.pit_id or pit, page.hits.hits[-1].sort
        finally:
            self._call("DELETE", "/_pit", {"id": pit})

    def find(self, alias: str, ids: Sequence[str]) -> Iterator[Indexed]:
        """Those documents with these ids that a search sees now. Holds one page in memory."""
        ids = [id_ for id_ in ids if id_]  # Elasticsearch rejects an empty id in a query, and cannot store one.
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
        """Ids of up to `count` random documents; the same `seed` picks the same ones."""
        picked = {"function_score": {"random_score": {"seed": seed, "field": "_seq_no"}}}
        body = {"size": min(count, ID_PAGE), "_source": False, "track_total_hits": False, "query": picked}
        return [hit.id for hit in self._search(alias, body)]

    def count(self, alias: str) -> int:
        """The number of documents that a search sees."""
        return int(msgspec.json.decode(self._call("GET", f"/{alias}/_count"))["count"])

    def unindexed(self, alias: str, paths: Collection[str]) -> dict[str, int]:
        """How many documents have a value of each of these fields that is not indexed; only counts above 0."""
        if not paths:
            return {}
        return unindexed_counts(msgspec.json.decode(self._call("POST", f"/{alias}/_search", unindexed_body(paths))))

    def owner(self, alias: str) -> IndexOwner | None:
        """Whose documents a search of the alias sees; None when the index does not exist or does not say."""
        path = f"/{alias}/_mapping?ignore_unavailable=true&allow_no_indices=true&filter_path=*.mappings._meta.{OWNER}"
        indexes = _mapped.decode(self._call("GET", path))
        owners = [owner for name in sorted(indexes) if (owner := owner_in(indexes[name].mappings.meta))]
        return owners[-1] if owners else None

    def _search(self, alias: str, body: object) -> Iterator[Indexed]:
        page = _page.decode(self._call("POST", f"/{alias}/_search", body))
        for hit in page.hits.hits:
            yield Indexed(hit.id, hit.version, bytes(hit.source))

    def _call(self, method: str, path: str, body: object = None) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        try:
            response = self._http.request(method, path, content=content, headers={"content-type": "application/json"})
        except httpx.TransportError as error:
            raise unreachable(self._url, error) from error
        if is_credentials_refusal(response.status_code, _error_body(response)):
            raise credentials_refused(self._url)
        if response.status_code >= 400:
            raise WorkerError(
                f"Elasticsearch at {self._url} returned {response.status_code} for {method}"
                f" {path.split('?', maxsplit=1)[0]}."
            )
        return response.content


def _error_body(response: httpx.Response) -> Any:
    """The JSON of an error response; None when there is none."""
    try:
        return msgspec.json.decode(response.content) if response.is_error else None
    except msgspec.MsgspecError:
        return None
