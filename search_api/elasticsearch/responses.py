"""Decodes Elasticsearch's responses. Documents stay raw JSON, so that exact numbers survive."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct, field, structs

from search_api.elasticsearch.highlight_html import to_html
from search_api.freshness.view import FreshnessView
from search_api.query.schema import IndexField

NO_SORT_VALUES = Raw(b"[]")

OmittedPart = Literal["correction", "facets", "highlights"]
"""A part without which an answer is still correct."""


class _Total(Struct):
    value: int
    relation: Literal["eq", "gte"]


class _Hit(Struct):
    id: str = field(name="_id")
    source: Raw = field(name="_source")
    version: int = field(name="_version", default=0)
    score: float | None = field(name="_score", default=None)
    highlight: dict[str, list[str]] = {}
    sort: Raw = NO_SORT_VALUES


class _Hits(Struct):
    total: _Total
    hits: list[_Hit]


class _Shards(Struct):
    failed: int = 0


class _Documents(Struct):
    doc_count: int


class _Bucket(Struct):
    key: str | int | float
    doc_count: int
    key_as_string: str = ""
    documents: _Documents | None = None

    @property
    def count(self) -> int:
        return self.documents.doc_count if self.documents else self.doc_count


class _Values(Struct):
    buckets: list[_Bucket]
    sum_other_doc_count: int = 0


class _Own(Struct):
    values: _Values


class _Elements(Struct):
    own: _Own


class _Facet(Struct):
    doc_count: int
    values: _Values | None = None
    elements: _Elements | None = field(name="in", default=None)

    @property
    def counted(self) -> _Values:
        """The counted values: of documents, or of the elements of a nested array."""
        if self.elements:
            return self.elements.own.values
        return self.values or _Values([])


class _Response(Struct):
    took: int
    timed_out: bool
    hits: _Hits
    shards: _Shards = field(name="_shards", default_factory=_Shards)
    aggregations: dict[str, _Facet] = {}
    pit_id: str = ""


class _MultiGetDocument(Struct):
    id: str = field(name="_id", default="")
    exists: bool = field(name="found", default=False)
    version: int = field(name="_version", default=0)
    source: Raw = field(name="_source", default=Raw(b"{}"))


class _MultiGetResponse(Struct):
    docs: list[_MultiGetDocument]


class Total(Struct, frozen=True):
    """The number of matching documents: exact (`eq`), or a lower bound (`gte`)."""

    value: int
    relation: Literal["eq", "gte"]


class Hit(Struct, frozen=True):
    """A matching document. `highlights` is HTML by field: escaped text with `<mark>` around the matches."""

    id: str
    version: int
    score: float | None
    highlights: dict[str, list[str]]
    document: Raw


class FacetValue(Struct, frozen=True):
    """A value of a field and the number of documents with it."""

    value: str
    count: int


class Facet(Struct, frozen=True):
    """The most frequent values of a field. `more` documents have other values; if documents have several values, it is
    an upper bound.
    """

    field: str
    values: list[FacetValue]
    more: int


class SearchPage(Struct, frozen=True):
    """One page of hits. `partial`: the search timed out or a shard failed, so hits may be missing.

    `corrected`: nothing matched the requested text, and these are the hits for this text instead. `as_words`: the text
    looks like query syntax but could not be parsed, so its words were searched as typed. `omitted` are the parts that
    the page lacks because they failed or would have cost too much; without its `correction`, a text with misspelled words
    finds nothing.
    """

    items: list[Hit]
    total: Total
    facets: list[Facet]
    next_cursor: str | None
    previous_cursor: str | None
    partial: bool
    took_ms: int
    freshness: FreshnessView
    corrected: str | None = None
    as_words: bool = False
    omitted: list[OmittedPart] = []


class Document(Struct, frozen=True):
    """A document at this moment. `version` increases with every change; it is also the ETag."""

    index: str
    id: str
    version: int
    document: Raw
    freshness: FreshnessView


class SearchResult(Struct, frozen=True):
    """The response of a search. `first` and `last` are the sort values of its first and last hit.

    `point` is the id of the point in time for the next request, "" if there is none.
    """

    items: list[Hit]
    total: Total
    facets: list[Facet]
    partial: bool
    took_ms: int
    first: Raw
    last: Raw
    point: str = ""

    @property
    def reversed(self) -> "SearchResult":
        """The same hits in reverse order."""
        return structs.replace(self, items=self.items[::-1], first=self.last, last=self.first)


def read_search(body: bytes, facets: tuple[IndexField, ...] = ()) -> SearchResult:
    """Decode the response of a search with these facets, in this order."""
    response = msgspec.json.decode(body, type=_Response)
    hits = response.hits.hits
    return SearchResult(
        items=[_hit(hit) for hit in hits],
        total=Total(response.hits.total.value, response.hits.total.relation),
        facets=[_facet(facet, response.aggregations[f"facet{n}"]) for n, facet in enumerate(facets)],
        partial=response.timed_out or response.shards.failed > 0,
        took_ms=response.took,
        first=hits[0].sort if hits else NO_SORT_VALUES,
        last=hits[-1].sort if hits else NO_SORT_VALUES,
        point=response.pit_id,
    )


def read_document(body: bytes, index: str, freshness: FreshnessView) -> Document | None:
    """Decode a multi-get of one id; None if the document does not exist."""
    document = msgspec.json.decode(body, type=_MultiGetResponse).docs[0]
    if not document.exists:
        return None
    return Document(index, document.id, document.version, document.source, freshness)


def _hit(hit: _Hit) -> Hit:
    marked = {
        name.removesuffix(".folded"): [to_html(fragment) for fragment in fragments]
        for name, fragments in hit.highlight.items()
    }
    return Hit(hit.id, hit.version, hit.score, marked, hit.source)


def _facet(field: IndexField, facet: _Facet) -> Facet:
    counted = facet.counted
    values = [FacetValue(bucket.key_as_string or str(bucket.key), bucket.count) for bucket in counted.buckets]
    return Facet(field.name, values, min(counted.sum_other_doc_count, facet.doc_count))


class IndexAliases(Struct):
    """The aliases of one index in the response of `GET /_alias`."""

    aliases: Mapping[str, Mapping[str, object]]


def read_aliases(body: bytes) -> tuple[str, ...]:
    """The readable names: aliases, except those for writing and Elasticsearch's own."""
    indexes = msgspec.json.decode(body, type=dict[str, IndexAliases])
    names = {alias for index in indexes.values() for alias in index.aliases}
    return tuple(sorted(name for name in names if not name.startswith(".") and not name.endswith("-write")))


def read_newest_mapping(body: bytes) -> Mapping[str, Any]:
    """The mapping behind an alias; of several generations the newest, whose name sorts last."""
    indexes = msgspec.json.decode(body, type=dict[str, dict[str, dict[str, Any]]])
    return indexes[max(indexes)]["mappings"] if indexes else {}
