"""The operations of the API as functions: the order of the steps, without HTTP."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import islice
from typing import NamedTuple

from search_api.access.callers import Caller
from search_api.elasticsearch.reader import Reader
from search_api.elasticsearch.responses import (
    Document,
    OmittedPart,
    SearchPage,
    SearchResult,
    read_document,
    read_search,
)
from search_api.elasticsearch.search_body import query_of, search_body
from search_api.elasticsearch.search_cost import within_cost
from search_api.elasticsearch.text_query import Query
from search_api.errors import DocumentNotFound, OutOfMemory, SearchTooExpensive
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
from search_api.query.limits import MAX_COST
from search_api.query.request import RawRequest, SearchRequest, check
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.validation import InvalidRequest

MAX_ID_BYTES = 512
"""Elasticsearch's limit; no document has a longer id."""


class _Hits(NamedTuple):
    """The hits of a request; `omitted` are the parts that their search does without."""

    request: SearchRequest
    result: SearchResult
    omitted: tuple[OmittedPart, ...] = ()


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
            hits, corrected = await self._corrected(index, schema, raw, place, hits)
        request, result, omitted = hits
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
            omitted=list(omitted),
        )

    async def _hits(self, index: str, schema: IndexSchema, raw: RawRequest, place: CursorPosition | None) -> _Hits:
        """The hits, if need be without their optional parts."""
        request = check(raw, schema)
        body = self._page_body(request, schema, place)
        omitted: tuple[OmittedPart, ...] = ()
        try:
            answer = await self.reader.search(index, body)
        except (SearchTooExpensive, OutOfMemory) as error:
            body, omitted = within_cost(body, MAX_COST if isinstance(error, SearchTooExpensive) else 0)
            if not omitted:
                raise
            answer = await self.reader.search(index, body)
        return _read(request, place, answer, omitted)

    def _page_body(self, request: SearchRequest, schema: IndexSchema, place: CursorPosition | None) -> Query:
        if place is None:
            return search_body(request, schema)
        body = search_body(request, schema, place.after, backward=place.backward)
        return self.pager.body(body, place.point)

    async def _corrected(
        self, index: str, schema: IndexSchema, raw: RawRequest, place: CursorPosition | None, hits: _Hits
    ) -> tuple[_Hits, str]:
        """The hits of the corrected text and this text, if there are any; else the given ones and ""."""
        without_correction = hits._replace(omitted=(*hits.omitted, "correction")), ""
        try:
            body = similar_body(hits.request, schema)
        except SearchTooExpensive:
            return without_correction
        if body is None:
            return hits, ""
        answer = await self.reader.search_if_affordable(index, body)
        if answer is None:
            return without_correction
        text = corrected(hits.request, schema, answer)
        if not text:
            return hits, ""
        request = check(replace(raw, text=text), schema)
        page_body, omitted = within_cost(self._page_body(request, schema, place), MAX_COST)
        answer = await self.reader.search_if_affordable(index, page_body)
        if answer is None:
            return without_correction
        corrected_hits = _read(request, place, answer, omitted)
        return (corrected_hits, text) if corrected_hits.result.total.value else (hits, "")

    async def count(self, index: str, raw: RawRequest) -> int | None:
        """The number of hits, up to Elasticsearch's limit of counting; None if it cannot be had cheaply."""
        schema = await self.reader.schema(index)
        body = search_body(check(replace(raw, size=1), schema), schema)
        answer = await self.reader.search_if_affordable(index, body | {"size": 0})
        return None if answer is None else read_search(answer).total.value

    async def histograms(
        self, index: str, raw: RawRequest, fields: Sequence[IndexField], zone: tzinfo
    ) -> list[Histogram]:
        """Histograms of the matching documents along these fields; days begin in the time zone. None if they fail or
        would cost too much.
        """
        schema = await self.reader.schema(index)
        request = check(raw, schema)
        if not fields:
            return []
        answer = await self.reader.search_if_affordable(index, extents_body(request, schema, fields))
        extents = read_extents(answer, fields) if answer is not None else {}
        if not extents:
            return []
        bars = await self.reader.search_if_affordable(index, bars_body(request, schema, extents, zone))
        return read_bars(bars, schema, extents) if bars is not None else []

    async def suggest(self, index: str, text: str, filters: tuple[str, ...]) -> Suggestions:
        """Completions of a text. Its beginning narrows the counted documents, if it is a valid search by itself."""
        schema = await self.reader.schema(index)
        typed = parse_typed(text, schema)
        context = check(RawRequest(filters=filters), schema)
        with suppress(InvalidRequest):
            context = check(RawRequest(typed.before, filters), schema)
        suggestions = [*comparisons(typed), *islice(field_names(typed, schema), MAX_FIELD_NAMES)]
        partial = False
        if fields := value_fields(typed, schema):
            try:
                answer = await self.reader.search(index, values_body(query_of(context, schema), fields, typed.part))
                suggestions += read_values(answer, typed, fields)
            except (SearchTooExpensive, OutOfMemory):
                partial = True
        return Suggestions(suggestions[:MAX_SUGGESTIONS], partial)

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


def _read(
    request: SearchRequest, place: CursorPosition | None, answer: bytes, omitted: tuple[OmittedPart, ...]
) -> _Hits:
    result = read_search(answer, () if "facets" in omitted else request.facets)
    return _Hits(request, result.reversed if place and place.backward else result, omitted)
