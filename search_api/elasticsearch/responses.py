"""What Elasticsearch answered, as the answers of this API. Documents pass through as raw JSON, so that exact numbers survive."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct, field, structs

from search_api.elasticsearch.highlight_html import to_html
from search_api.freshness.view import FreshnessView
from search_api.query.schema import IndexField

EMPTY = Raw(b"[]")


class _Total(Struct):
    value: int
    relation: Literal["eq", "gte"]


class _Hit(Struct):
    id: str = field(name="_id")
    source: Raw = field(name="_source")
    version: int = field(name="_version", default=0)
    score: float | None = field(name="_score", default=None)
    highlight: dict[str, list[str]] = {}
    sort: Raw = EMPTY


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
    def found(self) -> _Values:
        """Of documents, or of the elements of an array."""
        if self.elements:
            return self.elements.own.values
        return self.values or _Values([])


class _Answer(Struct):
    took: int
    timed_out: bool
    hits: _Hits
    shards: _Shards = field(name="_shards", default_factory=_Shards)
    aggregations: dict[str, _Facet] = {}
    pit_id: str = ""


class _MultiGetDocument(Struct):
    id: str = field(name="_id", default="")
    found: bool = False
    version: int = field(name="_version", default=0)
    source: Raw = field(name="_source", default=Raw(b"{}"))


class _MultiGetResponse(Struct):
    docs: list[_MultiGetDocument]


class Total(Struct, frozen=True):
    """How many documents match: exactly (`eq`), or at least so many (`gte`)."""

    value: int
    relation: Literal["eq", "gte"]


class Hit(Struct, frozen=True):
    """A document that matches. `highlights` are HTML by field: escaped text with `<mark>` around what matched."""

    id: str
    version: int
    score: float | None
    highlights: dict[str, list[str]]
    document: Raw


class FacetValue(Struct, frozen=True):
    """A value of a field and the number of documents that have it."""

    value: str
    count: int


class Facet(Struct, frozen=True):
    """The most frequent values of a field. `more` documents have other values; where a document has several, it is at most so many."""

    field: str
    values: list[FacetValue]
    more: int


class SearchPage(Struct, frozen=True):
    """One page of hits. `partial`: the time ran out, or a part of the index did not answer, so hits may be missing.

    `corrected`: nothing matches the text that was asked for, and these are the hits of this one. `as_words`: the text looks
    like syntax and is none, so its words were searched as they stand."""

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


class Document(Struct, frozen=True):
    """One document as it is now. `version` grows with each change; it is the ETag too."""

    index: str
    id: str
    version: int
    document: Raw
    freshness: FreshnessView


class SearchResult(Struct, frozen=True):
    """A search's answer before freshness and cursor are known. `first` and `last` are the sort values of these hits.

    `point` is what the point in time is called from now on, "" when there is none."""

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
        """The same hits in the opposite order."""
        return structs.replace(self, items=self.items[::-1], first=self.last, last=self.first)


def read_search(body: bytes, facets: tuple[IndexField, ...] = ()) -> SearchResult:
    """Read the answer of a search whose body asked for these facets, in this order."""
    answer = msgspec.json.decode(body, type=_Answer)
    hits = answer.hits.hits
    return SearchResult(
        items=[_hit(hit) for hit in hits],
        total=Total(answer.hits.total.value, answer.hits.total.relation),
        facets=[_facet(one, answer.aggregations[f"facet{n}"]) for n, one in enumerate(facets)],
        partial=answer.timed_out or answer.shards.failed > 0,
        took_ms=answer.took,
        first=hits[0].sort if hits else EMPTY,
        last=hits[-1].sort if hits else EMPTY,
        point=answer.pit_id,
    )


def read_document(body: bytes, index: str, freshness: FreshnessView) -> Document | None:
    """Read the answer of a multi-get of one id; None when there is no such document."""
    found = msgspec.json.decode(body, type=_MultiGetResponse).docs[0]
    if not found.found:
        return None
    return Document(index, found.id, found.version, found.source, freshness)


def _hit(hit: _Hit) -> Hit:
    marked = {
        name.removesuffix(".folded"): [to_html(one) for one in fragments] for name, fragments in hit.highlight.items()
    }
    return Hit(hit.id, hit.version, hit.score, marked, hit.source)


def _facet(asked: IndexField, facet: _Facet) -> Facet:
    found = facet.found
    values = [FacetValue(bucket.key_as_string or str(bucket.key), bucket.count) for bucket in found.buckets]
    return Facet(asked.name, values, min(found.sum_other_doc_count, facet.doc_count))


class AliasesAnswer(Struct):
    """The aliases of one index, as `GET /_alias` tells them."""

    aliases: Mapping[str, Mapping[str, object]]


def read_aliases(body: bytes) -> tuple[str, ...]:
    """The names that readers may use: aliases, but not those for writing and not those of Elasticsearch itself."""
    indexes = msgspec.json.decode(body, type=dict[str, AliasesAnswer])
    names = {alias for index in indexes.values() for alias in index.aliases}
    return tuple(sorted(name for name in names if not name.startswith(".") and not name.endswith("-write")))


def read_newest_mapping(body: bytes) -> Mapping[str, Any]:
    """The mapping behind an alias; of several generations the newest, which is the one with the greatest name."""
    indexes = msgspec.json.decode(body, type=dict[str, dict[str, dict[str, Any]]])
    return indexes[max(indexes)]["mappings"] if indexes else {}
