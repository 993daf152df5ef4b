"""What a caller can read of Elasticsearch: the one place where base filters and masks are laid over searches and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from search_api.access.callers import Caller
from search_api.access.field_mask import Mask, check_search, mask_of, masked_documents, masked_hits
from search_api.elasticsearch.client import IndexReader
from search_api.elasticsearch.search_body import filter_clauses
from search_api.errors import IndexNotFound
from search_api.query.schema import IndexSchema
from search_api.query.validation import InvalidRequest


@dataclass(frozen=True, slots=True)
class _Terms:
    """An index as a caller sees it: its fields, what is taken out of documents, and what every document must fulfil."""

    schema: IndexSchema
    view: IndexSchema
    mask: Mask
    conditions: list[dict[str, Any]]


class ScopedReader:
    """An IndexReader for one caller, with the same functions. An index, field or document that the caller may not see does not exist.
    `searched` is called at each search."""

    def __init__(self, reader: IndexReader, caller: Caller, searched: Callable[[], None]) -> None:
        self._reader = reader
        self._caller = caller
        self._searched = searched
        self._kept: dict[str, _Terms] = {}

    async def indices(self) -> tuple[str, ...]:
        """The names that the caller may read, sorted; without those whose fields its base filter does not fit."""
        names = [name for name in await self._reader.indices() if self._caller.sees(name)]
        return tuple([name for name in names if not self._caller.filters or await self._is_open(name)])

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index that exist for the caller."""
        return (await self._terms(index)).view

    async def search(self, index: str, body: Mapping[str, Any]) -> bytes:
        """Run a search over the documents that exist for the caller."""
        terms = await self._terms(index)
        check_search(body, terms.mask, bool(terms.conditions))
        self._searched()
        answer = await self._reader.search(index, _narrowed(body, terms.conditions))
        return masked_hits(answer, terms.mask.tree) if terms.mask else answer

    async def document(self, index: str, document_id: str) -> bytes:
        """Look one document up. A caller with a base filter sees it as a search does: only a search can tell whether it fulfils the filter."""
        terms = await self._terms(index)
        if terms.conditions:
            body = {"query": {"ids": {"values": [document_id]}}, "size": 1, "version": True}
            return _looked_up(await self.search(index, body))
        answer = await self._reader.document(index, document_id)
        return masked_documents(answer, terms.mask.tree) if terms.mask else answer

    async def open_point(self, index: str, keep_alive: str) -> str:
        """Keep an index readable as it is now, for so long after each use."""
        await self._terms(index)
        return await self._reader.open_point(index, keep_alive)

    async def close_point(self, point: str) -> None:
        """Let a point in time go."""
        await self._reader.close_point(point)

    async def ready(self) -> None:
        """Return if Elasticsearch answers."""
        await self._reader.ready()

    async def _is_open(self, index: str) -> bool:
        try:
            await self._terms(index)
        except IndexNotFound:
            return False
        return True

    async def _terms(self, index: str) -> _Terms:
        if not self._caller.sees(index):
            raise IndexNotFound(index)
        schema = await self._reader.schema(index)
        terms = self._kept.get(index)
        if terms is None or terms.schema is not schema:
            terms = self._kept[index] = self._terms_of(index, schema)
        return terms

    def _terms_of(self, index: str, schema: IndexSchema) -> _Terms:
        """A base filter that does not fit the fields of an index closes it: no document can be known to fulfil it."""
        view = self._caller.view(schema)
        try:
            conditions = filter_clauses(self._caller.filters, schema)
        except InvalidRequest:
            raise IndexNotFound(index) from None
        return _Terms(schema, view, mask_of(schema, view), conditions)


def _narrowed(body: Mapping[str, Any], conditions: list[dict[str, Any]]) -> Mapping[str, Any]:
    """The search over fewer documents. Suggestions are left out: they come from the words of all documents."""
    if not conditions:
        return body
    query: dict[str, Any] = {"filter": conditions}
    if "query" in body:
        query["must"] = [body["query"]]
    return {key: value for key, value in body.items() if key != "suggest"} | {"query": {"bool": query}}


def _looked_up(answer: bytes) -> bytes:
    """The answer of a search for one id, in the form of a multi-get's."""
    hits = msgspec.json.decode(msgspec.json.decode(answer, type=dict[str, Raw])["hits"], type=dict[str, Raw])["hits"]
    found = msgspec.json.decode(hits, type=list[dict[str, Raw]])
    docs = [one | {"found": Raw(b"true")} for one in found] or [{"found": Raw(b"false")}]
    return msgspec.json.encode({"docs": docs})
