"""The operations of the API as functions: the order of the steps, without HTTP."""

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
    MAX_FIELD_NAMES,
    MAX_SUGGESTIONS,
    Suggestions,
    comparisons,
    field_names,
    parse_typed,
    read_values,
    value_fields,
    values_body,
)
from search_api.freshness.view import FreshnessView
from search_api.paging.cursor import CursorPosition
from search_api.paging.pager import Pager
from search_api.query.request import RawRequest, SearchRequest, check
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.validation import InvalidRequest

MAX_ID_BYTES = 512
"""Elasticsearch's limit; no document has a longer id."""


class _Hits(NamedTuple):
    request: SearchRequest
    result: SearchResult


@dataclass(frozen=True, slots=True)
class Search:
    """The operations for one request.

    `freshness` was read before anything is read here, so it never promises too much (invariant 6). All methods raise
    InvalidRequest and what `reader` raises.
    """

    reader: Reader
    freshness: FreshnessView
    pager: Pager
    caller: Caller

    async def search(self, index: str, raw: RawRequest, cursor: str = "") -> SearchPage:
        """One page of hits. If nothing matches and a word may be misspelled, the hits are those of the corrected
        text."""
        schema = await self.reader.schema(index)
        place = await self.pager.place(index, raw, cursor)
        corrected = place.corrected if place else ""
        hits = await self._hits(index, schema, replace(raw, text=corrected) if corrected else raw, place)
        if not hits.result.total.value and (place is None or place.after is None):
            correction = await self._correction(index, hits.request, schema)
            corrected_hits = (
                await self._hits(index, schema, replace(raw, text=correction), place) if correction else hits
            )
            if correction and corrected_hits.result.total.value:
                hits, corrected = corrected_hits, correction
        request, result = hits
        return SearchPage(
            items=result.items,
            total=result.total,
            facets=result.facets,
            previous_cursor=self.pager.previous(index, raw, result, place, corrected),
            next_cursor=await self.pager.next(index, raw, result, place, corrected),
            partial=result.partial,
            took_ms=result.took_ms,
            freshness=self.pager.freshness_of(place),
            corrected=corrected or None,
            as_words=request.parsed is not None and request.parsed.as_words,
        )

    async def _hits(self, index: str, schema: IndexSchema, raw: RawRequest, place: CursorPosition | None) -> _Hits:
        request = check(raw, schema)
        if place is None:
            return _Hits(request, await self._read(index, request, search_body(request, schema)))
        body = search_body(request, schema, place.after, backward=place.backward)
        result = await self._read(index, request, self.pager.body(body, place.point))
        return _Hits(request, result.reversed if place.backward else result)

    async def _read(self, index: str, request: SearchRequest, body: Mapping[str, Any]) -> SearchResult:
        return read_search(await self.reader.search(index, body), request.facets)

    async def _correction(self, index: str, request: SearchRequest, schema: IndexSchema) -> str | None:
        body = similar_body(request, schema)
        return corrected(request, schema, await self.reader.search(index, body)) if body else None

    async def histograms(
        self, index: str, raw: RawRequest, fields: Sequence[IndexField], zone: tzinfo
    ) -> list[Histogram]:
        """Histograms of the matching documents along these fields; days begin in the time zone."""
        schema = await self.reader.schema(index)
        request = check(raw, schema)
        if not fields:
            return []
        body = extents_body(request, schema, fields)
        extents = read_extents(await self.reader.search(index, body), fields)
        if not extents:
            return []
        return read_bars(await self.reader.search(index, bars_body(request, schema, extents, zone)), schema, extents)

    async def suggest(self, index: str, text: str, filters: tuple[str, ...]) -> Suggestions:
        """Completions of a text. Its beginning narrows the counted documents, if it is a valid search by itself."""
        schema = await self.reader.schema(index)
        typed = parse_typed(text, schema)
        context = check(RawRequest(filters=filters), schema)
        with suppress(InvalidRequest):
            context = check(RawRequest(typed.before, filters), schema)
        suggestions = [*comparisons(typed), *islice(field_names(typed, schema), MAX_FIELD_NAMES)]
        if fields := value_fields(typed, schema):
            answer = await self.reader.search(index, values_body(query_of(context, schema), fields, typed.part))
            suggestions += read_values(answer, typed, fields)
        return Suggestions(suggestions[:MAX_SUGGESTIONS])

    async def explain(self, index: str, raw: RawRequest, document_id: str) -> Explanation:
        """Why a document matches and ranks where it does, or which parts it lacks. Raises DocumentNotFound."""
        schema = await self.reader.schema(index)
        request = check(replace(raw, facets=()), schema)
        if not 0 < len(document_id.encode()) <= MAX_ID_BYTES:
            raise DocumentNotFound(document_id)
        answer = await self.reader.search(index, explain_body(request, schema, document_id))
        explanation = read_explanation(answer, document_id, schema, request.text)
        if explanation is None:
            answer = await self.reader.search(index, missing_parts_body(request, schema, document_id))
            explanation = read_missing_parts(answer, document_id, request, schema)
        if explanation is None:
            raise DocumentNotFound(document_id)
        return explanation

    async def document(self, index: str, document_id: str) -> Document:
        """A document at this moment, before a refresh makes it searchable. Raises DocumentNotFound."""
        if not 0 < len(document_id.encode()) <= MAX_ID_BYTES:
            await self.reader.schema(index)
            raise DocumentNotFound(document_id)
        document = read_document(await self.reader.document(index, document_id), index, self.freshness)
        if document is None:
            raise DocumentNotFound(document_id)
        return document

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index that exist for the caller."""
        return await self.reader.schema(index)

    async def indices(self) -> tuple[str, ...]:
        """The indexes that the caller can read."""
        return await self.reader.indices()

    async def ready(self) -> None:
        """Return if Elasticsearch responds. Raises ElasticsearchUnavailable."""
        await self.reader.ready()
