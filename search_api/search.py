"""What readers can ask, each as one function: the order of the steps, and nothing of HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from search_api.callers import Caller
from search_api.errors import DocumentUnknown
from search_api.freshness import FreshnessView
from search_api.histograms import Histogram, bars_body, extents_body, read_bars, read_extents
from search_api.paging import Paging
from search_api.queries import search_body
from search_api.reader import Reader
from search_api.results import Document, SearchPage, read_document, read_search
from search_api.schema import IndexField, IndexSchema
from search_api.search_request import RawRequest, check

LONGEST_ID_BYTES = 512
"""Elasticsearch takes no longer ids, so no document has one."""


@dataclass(frozen=True, slots=True)
class Search:
    """The reading side of the pipeline, for one request.

    `freshness` was true before anything is read here, so it never promises too much (invariant 6)."""

    reader: Reader
    freshness: FreshnessView
    paging: Paging
    caller: Caller

    async def search(self, index: str, raw: RawRequest, cursor: str = "") -> SearchPage:
        """One page of hits."""
        schema = await self.reader.schema(index)
        request = check(raw, schema)
        place = await self.paging.place(index, raw, cursor)
        body = search_body(request, schema, place.after if place else None)
        answer = await self.reader.search(index, self.paging.body(body, place) if place else body)
        read = read_search(answer, request.facets)
        last = read.last if len(read.items) == request.size else None
        return SearchPage(
            items=read.items,
            total=read.total,
            facets=read.facets,
            next_cursor=await self.paging.next(index, raw, last, place, read.point),
            partial=read.partial,
            took_ms=read.took_ms,
            freshness=self.paging.fresh(place),
        )

    async def histograms(
        self, index: str, raw: RawRequest, fields: Sequence[IndexField], zone: tzinfo
    ) -> list[Histogram]:
        """How the matching documents lie along these fields, in the days of a time zone."""
        schema = await self.reader.schema(index)
        request = check(raw, schema)
        if not fields:
            return []
        asked = extents_body(request, schema, fields)
        extents = read_extents(await self.reader.search(index, asked), fields)
        if not extents:
            return []
        return read_bars(await self.reader.search(index, bars_body(request, schema, extents, zone)), schema, extents)

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
