"""What readers can ask, each as one function: the order of the steps, and nothing of HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import Raw, json

from search_api.callers import Caller
from search_api.cursors import read_cursor, write_cursor
from search_api.errors import DocumentUnknown
from search_api.freshness import FreshnessView
from search_api.queries import search_body
from search_api.results import Document, SearchPage, read_document, read_search
from search_api.schema import IndexSchema
from search_api.search_request import RawRequest, check

LONGEST_ID_BYTES = 512
"""Elasticsearch takes no longer ids, so no document has one."""


class Reader(Protocol):
    """Elasticsearch, as one caller may read it."""

    async def indices(self) -> tuple[str, ...]:
        """The names that can be read, sorted."""

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index."""

    async def search(self, index: str, body: Mapping[str, Any]) -> bytes:
        """Run a search on an index whose schema was asked for."""

    async def document(self, index: str, document_id: str) -> bytes:
        """Look one document up: the answer of a multi-get."""

    async def ready(self) -> None:
        """Return if Elasticsearch answers."""


@dataclass(frozen=True, slots=True)
class Search:
    """The reading side of the pipeline, for one request. `secret` signs cursors, and is the caller's own.

    `freshness` was true before anything is read here, so it never promises too much (invariant 6)."""

    reader: Reader
    freshness: FreshnessView
    secret: bytes
    caller: Caller

    async def search(self, index: str, raw: RawRequest, cursor: str = "") -> SearchPage:
        """One page of hits."""
        schema = await self.reader.schema(index)
        request = check(raw, schema)
        after = read_cursor(self.secret, index, raw, cursor) if cursor else None
        body = search_body(request, schema, Raw(after) if after is not None else None)
        read = read_search(await self.reader.search(index, body), request.facets)
        return SearchPage(
            items=read.items,
            total=read.total,
            facets=read.facets,
            next_cursor=self._next(index, raw, read.last) if len(read.items) == request.size else None,
            partial=read.partial,
            took_ms=read.took_ms,
            freshness=self.freshness,
        )

    async def document(self, index: str, document_id: str) -> Document:
        """A document as it is now; raises DocumentUnknown."""
        if not 0 < len(document_id.encode()) <= LONGEST_ID_BYTES:
            await self.reader.schema(index)
            raise DocumentUnknown(document_id)
        found = read_document(await self.reader.document(index, document_id), index, self.freshness)
        if found is None:
            raise DocumentUnknown(document_id)
        return found

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index."""
        return await self.reader.schema(index)

    async def indices(self) -> tuple[str, ...]:
        """The indexes that can be read."""
        return await self.reader.indices()

    async def ready(self) -> None:
        """Return if Elasticsearch answers; raises ElasticsearchAway."""
        await self.reader.ready()

    def _next(self, index: str, raw: RawRequest, last: Raw) -> str:
        return write_cursor(self.secret, index, raw, Raw(json.encode(last)))
