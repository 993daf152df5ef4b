"""What a text that finds nothing may have meant: told by documents in which words that look alike stand.

Elasticsearch's own suggestions come from the words of all documents, those included that a reader may not see. These come from
hits of an ordinary search, which is the reader's own."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches
from typing import Any

import msgspec
from msgspec import Struct, field

from search_api.elasticsearch.clauses import folded
from search_api.elasticsearch.search_body import search_body
from search_api.elasticsearch.text_query import Query, typed_name
from search_api.query.request import SearchRequest
from search_api.query.schema import IndexSchema
from search_api.query.syntax.tree import Word, letters, may_be_mistyped, words_of

HITS = 20
ALIKE = 0.6
"""Share of letters that two words must have in common."""
CANDIDATES = 5
ABOUT = 0.15
_WORD = re.compile(r"\w+")


class _Hit(Struct):
    source: dict[str, Any] = field(name="_source")
    matched_queries: list[str] = []


class _Hits(Struct):
    hits: list[_Hit]


class _Answer(Struct):
    hits: _Hits


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the hits have: the places of words as typed, and all their words, folded, with how often they stand there."""

    typed: frozenset[str]
    known: Counter[str]


def similar_body(request: SearchRequest, schema: IndexSchema) -> Query | None:
    """The search with words that look alike, or None when there is no word that may be mistyped."""
    if request.box is None or not may_be_mistyped(request.box.node):
        return None
    loose = replace(request, similar=words_of(request.box.node), facets=(), size=HITS, page=1, sorts=())
    body = search_body(loose, schema)
    del body["highlight"]
    return body | {"track_total_hits": False}


def corrected(request: SearchRequest, schema: IndexSchema, answer: bytes) -> str | None:
    """The text with each word that no hit has replaced by the one most alike, or left out; None if nothing is better."""
    hits = msgspec.json.decode(answer, type=_Answer).hits.hits
    if not hits or request.box is None:
        return None
    searched = frozenset(one.name for one in schema.fields if one.searchable)
    known = Counter(
        folded(word) for hit in hits for text in _texts(hit.source, "", searched) for word in _WORD.findall(text)
    )
    typed = frozenset(name for hit in hits for name in hit.matched_queries)
    result = _with_known_words(request.text, words_of(request.box.node), _Evidence(typed, known))
    return result if result and result != request.text else None


def _with_known_words(text: str, words: Sequence[Word], evidence: _Evidence) -> str:
    result = text
    for place, word in enumerate(words):
        if letters(word) and typed_name(place) not in evidence.typed:
            result = result.replace(word.text, _better(word, evidence.known), 1)
    return " ".join(result.split())


def _better(word: Word, known: Counter[str]) -> str:
    """The word that the hits have most often, of those that are about as much alike as the best."""
    typed = folded(word.text)
    if word.unfinished and any(one.startswith(typed) for one in known):
        return word.text
    alike = [one for one in known if one[:1] == typed[:1] and not any(map(str.isdigit, one))]
    close = get_close_matches(typed, alike, n=CANDIDATES, cutoff=ALIKE)
    if not close:
        return ""
    share = {one: SequenceMatcher(None, one, typed).ratio() for one in close}
    return max((one for one in close if share[one] >= share[close[0]] - ABOUT), key=known.__getitem__)


def _texts(value: Any, path: str, searched: frozenset[str]) -> Iterator[str]:
    """The texts of a document's fields that are searched."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name, searched)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path, searched)
    elif isinstance(value, str) and path in searched:
        yield value
