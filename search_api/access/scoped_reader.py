"""Elasticsearch as one caller may read it: the only place where base filters and masks are applied to searches and
responses.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from search_api.access.callers import Caller
from search_api.access.field_mask import Mask, check_search, mask_of, masked_documents, masked_hits
from search_api.access.search_budget import SearchBudget
from search_api.elasticsearch.client import ElasticsearchReader
from search_api.elasticsearch.search_body import filter_clauses
from search_api.elasticsearch.search_cost import search_cost
from search_api.errors import (
    ElasticsearchUnavailable,
    IndexNotFound,
    RateLimitExceeded,
    SearchRejected,
    SearchTimedOut,
    SearchTooExpensive,
)
from search_api.query.schema import IndexSchema
from search_api.query.validation import InvalidRequest

NO_ANSWER = (SearchTooExpensive, SearchRejected, SearchTimedOut, ElasticsearchUnavailable, RateLimitExceeded)
"""Why an optional part of an answer may be missing."""


@dataclass(frozen=True, slots=True)
class _IndexScope:
    """An index as a caller sees it: its fields, the mask, and the clauses of the base filter."""

    schema: IndexSchema
    view: IndexSchema
    mask: Mask
    conditions: list[dict[str, Any]]


class ScopedReader:
    """A Reader for one request of a caller. An index, field or document that the caller may not see does not exist, and
    every search is paid from the `budget`.
    """

    def __init__(self, reader: ElasticsearchReader, caller: Caller, budget: SearchBudget) -> None:
        self._reader = reader
        self._caller = caller
        self._budget = budget
        self._scopes: dict[str, _IndexScope] = {}

    async def indices(self) -> tuple[str, ...]:
        """The names that the caller may read, sorted, without indexes whose fields do not fit its base filter."""
        names = [name for name in await self._reader.indices() if self._caller.sees(name)]
        return tuple([name for name in names if not self._caller.filters or await self._is_visible(name)])

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index that exist for the caller."""
        return (await self._scope(index)).view

    async def search(self, index: str, body: Mapping[str, Any]) -> bytes:
        """Search the documents that exist for the caller. Raises SearchTooExpensive as well."""
        return await self._search(index, body, optional=False)

    async def search_if_affordable(self, index: str, body: Mapping[str, Any]) -> bytes | None:
        """Search for an optional part of an answer, as `Reader.search_if_affordable` does."""
        with suppress(*NO_ANSWER):
            return await self._search(index, body, optional=True)
        return None

    async def _search(self, index: str, body: Mapping[str, Any], *, optional: bool) -> bytes:
        scope = await self._scope(index)
        check_search(body, scope.mask, bool(scope.conditions))
        async with self._budget.spend(search_cost(body), optional=optional):
            answer = await self._reader.search(index, _narrowed(body, scope.conditions))
        return masked_hits(answer, scope.mask.tree) if scope.mask else answer

    async def document(self, index: str, document_id: str) -> bytes:
        """Get one document. With a base filter it is searched for, because only a search can apply the filter."""
        scope = await self._scope(index)
        if scope.conditions:
            body = {"query": {"ids": {"values": [document_id]}}, "size": 1, "version": True}
            return _as_multi_get(await self.search(index, body))
        answer = await self._reader.document(index, document_id)
        return masked_documents(answer, scope.mask.tree) if scope.mask else answer

    async def open_point(self, index: str, keep_alive: str) -> str:
        """Open a point in time, as `Reader.open_point` does."""
        await self._scope(index)
        return await self._reader.open_point(index, keep_alive)

    async def close_point(self, point: str) -> None:
        await self._reader.close_point(point)

    async def ready(self) -> None:
        await self._reader.ready()

    async def _is_visible(self, index: str) -> bool:
        try:
            await self._scope(index)
        except IndexNotFound:
            return False
        return True

    async def _scope(self, index: str) -> _IndexScope:
        if not self._caller.sees(index):
            raise IndexNotFound(index)
        schema = await self._reader.schema(index)
        scope = self._scopes.get(index)
        if scope is None or scope.schema is not schema:
            scope = self._scopes[index] = self._scope_of(index, schema)
        return scope

    def _scope_of(self, index: str, schema: IndexSchema) -> _IndexScope:
        """A base filter that does not fit the fields of an index hides the index, since no document can be known to
        match it.
        """
        view = self._caller.view(schema)
        try:
            conditions = filter_clauses(self._caller.filters, schema)
        except InvalidRequest:
            raise IndexNotFound(index) from None
        return _IndexScope(schema, view, mask_of(schema, view), conditions)


def _narrowed(body: Mapping[str, Any], conditions: list[dict[str, Any]]) -> Mapping[str, Any]:
    """The search limited to the caller's documents. Suggesters are removed: they use the words of all documents."""
    if not conditions:
        return body
    query: dict[str, Any] = {"filter": conditions}
    if "query" in body:
        query["must"] = [body["query"]]
    return {key: value for key, value in body.items() if key != "suggest"} | {"query": {"bool": query}}


def _as_multi_get(response: bytes) -> bytes:
    """The response of a search for one id, in the form of a multi-get."""
    hits = msgspec.json.decode(msgspec.json.decode(response, type=dict[str, Raw])["hits"], type=dict[str, Raw])["hits"]
    documents = msgspec.json.decode(hits, type=list[dict[str, Raw]])
    entries = [document | {"found": Raw(b"true")} for document in documents] or [{"found": Raw(b"false")}]
    return msgspec.json.encode({"docs": entries})
