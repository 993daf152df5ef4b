"""Corrections of a text that matches nothing, taken from documents with similar words.

Elasticsearch's suggesters use the words of all documents, including those that the caller may not see. These
corrections come from the hits of an ordinary search, which is limited to the caller's documents.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct, field

from search_api.elasticsearch.clauses import folded
from search_api.elasticsearch.search_body import search_body
from search_api.elasticsearch.search_cost import letters_cost
from search_api.elasticsearch.text_query import Query, typed_name
from search_api.errors import SearchTooExpensive
from search_api.query.limits import MAX_FIELDS
from search_api.query.request import SearchRequest
from search_api.query.schema import IndexSchema
from search_api.query.syntax.tree import Word, has_correctable_word, is_correctable, words_of

MAX_HITS = 20
TIMEOUT = "1s"
MAX_POINTS = 28_000
"""The cost of looking for similar words: 56 MB of Elasticsearch's memory. It is spent on the most boosted fields."""
MIN_FIELDS = 10
"""If it is enough only for fewer fields, a text is not corrected."""
MAX_KNOWN_WORDS = 5_000
"""Words of the hits among which similar ones are looked for."""
MIN_SIMILARITY = 0.6
"""The minimum similarity of two words, from 0 to 1."""
MAX_CANDIDATES = 5
SIMILARITY_MARGIN = 0.15
"""Words at most this much less similar than the best are also candidates."""
_WORD = re.compile(r"\w+")


class _Hit(Struct):
    source: dict[str, Any] = field(name="_source")
    matched_queries: list[str] = []


class _Hits(Struct):
    hits: list[_Hit]


class _Response(Struct):
    hits: _Hits


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the hits contain: the positions of words as typed, and the frequency of all their words, folded."""

    typed: frozenset[str]
    known: Counter[str]


def similar_body(request: SearchRequest, schema: IndexSchema) -> Query | None:
    """The search with similar words, or None if no word may be misspelled.

    Raises SearchTooExpensive if there are too many letters: a word costs by its length, in each field.
    """
    if request.parsed is None or not has_correctable_word(request.parsed.node):
        return None
    words = words_of(request.parsed.node)
    points = letters_cost(word.text for word in words if is_correctable(word))
    fields = min(MAX_FIELDS, MAX_POINTS // max(1, points))
    if fields < min(MIN_FIELDS, sum(field.searchable for field in schema.fields)):
        raise SearchTooExpensive("The text has too many letters to be corrected.")
    loose = replace(request, similar=words, similar_fields=fields, facets=(), size=MAX_HITS, page=1, sorts=())
    body = search_body(loose, schema)
    del body["highlight"]
    return body | {"track_total_hits": False, "timeout": TIMEOUT}


def corrected(request: SearchRequest, schema: IndexSchema, response: bytes) -> str | None:
    """The text with each word that no hit contains replaced by the most similar one, or removed; None if that is no
    better.
    """
    hits = msgspec.json.decode(response, type=_Response).hits.hits
    if not hits or request.parsed is None:
        return None
    searched = frozenset(field.name for field in schema.fields if field.searchable)
    words = (match[0] for hit in hits for text in _texts(hit.source, "", searched) for match in _WORD.finditer(text))
    word_counts = Counter(map(folded, islice(words, MAX_KNOWN_WORDS)))
    typed = frozenset(name for hit in hits for name in hit.matched_queries)
    result = _with_replacements(request.text, words_of(request.parsed.node), _Evidence(typed, word_counts))
    return result if result and result != request.text else None


def _with_replacements(text: str, words: Sequence[Word], evidence: _Evidence) -> str:
    result = text
    for place, word in enumerate(words):
        if is_correctable(word) and typed_name(place) not in evidence.typed:
            result = result.replace(word.text, _replacement(word, evidence.known), 1)
    return " ".join(result.split())


def _replacement(word: Word, known: Counter[str]) -> str:
    """The most frequent word of those about as similar as the best; empty if none is similar."""
    typed = folded(word.text)
    if word.unfinished and any(candidate.startswith(typed) for candidate in known):
        return word.text
    candidates = [
        candidate for candidate in known if candidate[:1] == typed[:1] and not any(map(str.isdigit, candidate))
    ]
    close = get_close_matches(typed, candidates, n=MAX_CANDIDATES, cutoff=MIN_SIMILARITY)
    if not close:
        return ""
    similarity = {candidate: SequenceMatcher(None, candidate, typed).ratio() for candidate in close}
    return max(
        (candidate for candidate in close if similarity[candidate] >= similarity[close[0]] - SIMILARITY_MARGIN),
        key=known.__getitem__,
    )


def _texts(value: Any, path: str, searched: frozenset[str]) -> Iterator[str]:
    """The texts of a document's searchable fields."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name, searched)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path, searched)
    elif isinstance(value, str) and path in searched:
        yield value
