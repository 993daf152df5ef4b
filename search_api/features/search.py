"""What readers can ask, each as one function: the order of the steps, and nothing of HTTP."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import islice
from typing import Any, NamedTuple

from search_api.access.callers import Caller
from search_api.elasticsearch.reader import Reader
from search_api.elasticsearch.responses import Document, SearchPage, SearchResult, read_document, read_search
from search_api.elasticsearch.search_body import query_of, search_body
from search_api.errors import DocumentNotFound
from search_api.features.correction import corrected, similar_body
from search_api.features.explain import (
    Explanation,
    explain_body,
    missing_parts_body,
    read_explanation,
    read_missing_parts,
)
from search_api.features.histograms import Histogram, bars_body, extents_body, read_bars, read_extents
from search_api.features.suggestions import (
    FIELD_NAMES,
    MOST,
    Suggestions,
    asked_fields,
    comparisons,
    names,
    parse_typed,
    read_values,
    values_body,
)
from search_api.freshness.view import FreshnessView
from search_api.paging.cursor import CursorPosition
from search_api.paging.pager import Pager
from search_api.query.request import RawRequest, SearchRequest, check
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.validation import InvalidRequest

LONGEST_ID_BYTES = 512
"""Elasticsearch takes no longer ids, so no document has one."""


class _MultiGetDocument(NamedTuple):
    request: SearchRequest
    read: SearchResult


@dataclass(frozen=True, slots=True)
class Search:
    """The reading side of the pipeline, for one request.

    `freshness` was true before anything is read here, so it never promises too much (invariant 6)."""

    reader: Reader
    freshness: FreshnessView
    paging: Pager
    caller: Caller

    async def search(self, index: str, raw: RawRequest, cursor: str = "") -> SearchPage:
        """One page of hits. When nothing matches and a word may be mistyped, it is of the text that was meant, and says so."""
        schema = await self.reader.schema(index)
        place = await self.paging.place(index, raw, cursor)
        found = await self._hits(index, replace(raw, text=place.corrected) if place and place.corrected else raw, place)
        text = place.corrected if place else ""
        if not found.read.total.value and (place is None or place.after is None):
            better = await self._better(index, found.request, schema)
            other = await self._hits(index, replace(raw, text=better), place) if better else found
            if better and other.read.total.value:
                found, text = other, better
        request, read = found
        return SearchPage(
            items=read.items,
            total=read.total,
            facets=read.facets,
            previous_cursor=self.paging.previous(index, raw, read, place, text),
            next_cursor=await self.paging.next(index, raw, read, place, text),
            partial=read.partial,
            took_ms=read.took_ms,
            freshness=self.paging.fresh(place),
            corrected=text or None,
            as_words=request.box is not None and request.box.as_words,
        )

    async def _hits(self, index: str, raw: RawRequest, place: CursorPosition | None) -> _MultiGetDocument:
        schema = await self.reader.schema(index)
        request = check(raw, schema)
        if place is None:
            return _MultiGetDocument(request, await self._read(index, request, search_body(request, schema)))
        body = search_body(request, schema, place.after, backward=place.backward)
        read = await self._read(index, request, self.paging.body(body, place))
        return _MultiGetDocument(request, read.reversed if place.backward else read)

    async def _read(self, index: str, request: SearchRequest, body: Mapping[str, Any]) -> SearchResult:
        return read_search(await self.reader.search(index, body), request.facets)

    async def _better(self, index: str, request: SearchRequest, schema: IndexSchema) -> str | None:
        body = similar_body(request, schema)
        return corrected(request, schema, await self.reader.search(index, body)) if body else None

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

    async def suggest(self, index: str, text: str, filters: tuple[str, ...]) -> Suggestions:
        """How a text may go on. Its beginning narrows what is counted, if it can be read by itself."""
        schema = await self.reader.schema(index)
        typed = parse_typed(text, schema)
        kept = check(RawRequest(filters=filters), schema)
        with suppress(InvalidRequest):
            kept = check(RawRequest(typed.before, filters), schema)
        found = [*comparisons(typed), *islice(names(typed, schema), FIELD_NAMES)]
        if fields := asked_fields(typed, schema):
            answer = await self.reader.search(index, values_body(query_of(kept, schema), fields, typed.part))
            found += read_values(answer, typed, fields)
        return Suggestions(found[:MOST])

    async def explain(self, index: str, raw: RawRequest, document_id: str) -> Explanation:
        """Why a document matches and ranks where it does, or what it lacks; raises DocumentNotFound."""
        schema = await self.reader.schema(index)
        request = check(replace(raw, facets=()), schema)
        if not 0 < len(document_id.encode()) <= LONGEST_ID_BYTES:
            raise DocumentNotFound(document_id)
        answer = await self.reader.search(index, explain_body(request, schema, document_id))
        found = read_explanation(answer, document_id, schema, request.text)
        if found is None:
            answer = await self.reader.search(index, missing_parts_body(request, schema, document_id))
            found = read_missing_parts(answer, document_id, request, schema)
        if found is None:
            raise DocumentNotFound(document_id)
        return found

    async def document(self, index: str, document_id: str) -> Document:
        """A document as it is now; raises DocumentNotFound."""
        if not 0 < len(document_id.encode()) <= LONGEST_ID_BYTES:
            await self.reader.schema(index)
            raise DocumentNotFound(document_id)
        found = read_document(await self.reader.document(index, document_id), index, self.freshness)
        if found is None:
            raise DocumentNotFound(document_id)
        return found

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index."""
        return await self.reader.schema(index)

    async def indices(self) -> tuple[str, ...]:
        """The indexes that can be read."""
        return await self.reader.indices()

    async def ready(self) -> None:
        """Return if Elasticsearch answers; raises ElasticsearchUnavailable."""
        await self.reader.ready()
