"""Explains in words why a document ranks where it does: which text in which field contributed how much of the score.
Pure.

Elasticsearch explains a score as a tree of formulas; only the leaves and their shares of the score are used.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec
from msgspec import Struct, field

from search_api.elasticsearch.clauses import ClauseBuilder
from search_api.elasticsearch.search_body import filter_query, query_of
from search_api.elasticsearch.text_query import Query, TextQuery
from search_api.query.request import SearchRequest
from search_api.query.schema import IndexSchema
from search_api.query.syntax.printer import leaves

MatchKind = Literal["word", "phrase", "beginning", "value", "id"]

_WEIGHT = re.compile(r"weight\((?P<what>.+) in \d+\)", re.DOTALL)
_SYNONYM = re.compile(r"Synonym\((?P<what>.+)\)", re.DOTALL)
_PHRASE = re.compile(r'(?P<field>[^:\s]+):"(?P<text>.+)"', re.DOTALL)
_TERM = re.compile(r"(?P<field>[^:\s]+):(?P<text>\S+)")
_PREFIX = re.compile(r"(?P<field>[^:\s]+):(?P<text>\S+)\*(\^[\d.]+)?")
_ANY_PREFIX = re.compile(r"CaseInsensitivePrefixQuery\{:?(?P<text>.+)\}(\^[\d.]+)?", re.DOTALL)
_OTHERS = re.compile(r"max plus (?P<share>[\d.]+) times others of:")
_VERBS: Mapping[MatchKind, str] = {
    "word": "has the word",
    "phrase": "has the phrase",
    "beginning": "has a word beginning with",
    "value": "equals",
    "id": "is",
}
MIN_SHARE = 0.005


class Reason(Struct, frozen=True):
    """A part of the score: `score` points, `share` of the total. `field` is "" if a match is not in a single field."""

    field: str
    how: MatchKind
    text: str
    score: float
    share: float
    says: str


class Explanation(Struct, frozen=True):
    """Why a document matches and what its score consists of, the largest part first; or which parts it lacks."""

    id: str
    matches: bool
    score: float
    reasons: list[Reason]
    missing: list[str]


class _ScoreNode(Struct):
    value: float
    description: str
    details: list["_ScoreNode"] = []


class _Hit(Struct):
    explanation: _ScoreNode | None = field(name="_explanation", default=None)
    matched_queries: list[str] = []


class _Hits(Struct):
    hits: list[_Hit]


class _Response(Struct):
    hits: _Hits


def explain_body(request: SearchRequest, schema: IndexSchema, document_id: str) -> Query:
    """The search for one document with an explanation of its score."""
    query = {"bool": {"must": [query_of(request, schema)], "filter": [_id_query(document_id)]}}
    return {"query": query, "explain": True, "size": 1, "_source": False}


def missing_parts_body(request: SearchRequest, schema: IndexSchema, document_id: str) -> Query:
    """The search for one document that reports which parts of the text it matches."""
    parts = [
        {"bool": {"must": [query], "_name": f"part{place}"}} for place, (_, query) in enumerate(_parts(request, schema))
    ]
    return {"query": {"bool": {"filter": [_id_query(document_id)], "should": parts}}, "size": 1, "_source": False}


def read_explanation(response: bytes, document_id: str, schema: IndexSchema, text: str) -> Explanation | None:
    """The explanation in the response to `explain_body`, or None if the document does not match."""
    hits = msgspec.json.decode(response, type=_Response).hits.hits
    if not hits or hits[0].explanation is None:
        return None
    root = hits[0].explanation
    names = _names(schema)
    scores: dict[tuple[str, MatchKind, str], float] = {}
    for leaf, share in _leaves(root, 1.0):
        key = _describe(leaf.description, names, text)
        if key is not None:
            scores[key] = scores.get(key, 0.0) + leaf.value * share
    by_score = sorted(scores.items(), key=lambda item: -item[1])
    reasons = [_reason(*key, score, root.value) for key, score in by_score]
    shown = [reason for reason in reasons if reason.share >= MIN_SHARE]
    return Explanation(document_id, True, round(root.value, 3), shown, [])


def read_missing_parts(
    response: bytes, document_id: str, request: SearchRequest, schema: IndexSchema
) -> Explanation | None:
    """The missing parts in the response to `missing_parts_body`, or None if there is no such document."""
    hits = msgspec.json.decode(response, type=_Response).hits.hits
    if not hits:
        return None
    matched = hits[0].matched_queries
    missing = [text for place, (text, _) in enumerate(_parts(request, schema)) if f"part{place}" not in matched]
    return Explanation(document_id, False, 0.0, [], missing)


def _id_query(document_id: str) -> Query:
    return {"ids": {"values": [document_id]}}


def _parts(request: SearchRequest, schema: IndexSchema) -> list[tuple[str, Query]]:
    """The words, conditions and filters of a request, each with its text."""
    builder = ClauseBuilder(TextQuery(schema))
    parts = [(text, builder.query(node)) for text, node in (leaves(request.parsed.node) if request.parsed else [])]
    filters = [
        (f"{filter_.field.name}:{filter_.comparison}{filter_.value}", filter_query(filter_))
        for filter_ in request.filters
    ]
    return parts + filters


def _leaves(node: _ScoreNode, share: float) -> Iterator[tuple[_ScoreNode, float]]:
    """The matches in the tree, each with the share of it that counts: of alternatives, the best one counts in full."""
    description = node.description
    if node.value <= 0:
        return
    if description.startswith("sum of"):
        for part in node.details:
            yield from _leaves(part, share)
    elif description.startswith("max"):
        others = _OTHERS.match(description)
        ranked = sorted(node.details, key=lambda part: -part.value)
        for place, part in enumerate(ranked):
            counts = 1.0 if place == 0 else float(others["share"]) if others else 0.0
            if counts:
                yield from _leaves(part, share * counts)
    else:
        yield node, share


def _names(schema: IndexSchema) -> dict[str, str]:
    """Field names by their names in the index."""
    exact = {field.exact: field.name for field in schema.fields if field.exact}
    words = {field.words: field.name for field in schema.fields if field.words}
    return exact | words | {name: name for name in schema.by_name}


def _describe(description: str, names: Mapping[str, str], text: str) -> tuple[str, MatchKind, str] | None:
    """The field, kind and text of a match; None for a field that the caller cannot see."""
    if weight := _WEIGHT.match(description):
        return _of_field(weight["what"], names)
    if prefix := _PREFIX.fullmatch(description):
        return (names[prefix["field"]], "beginning", prefix["text"]) if prefix["field"] in names else None
    if prefix := _ANY_PREFIX.fullmatch(description):
        return ("", "beginning", prefix["text"])
    if "_id:" in description:
        return ("", "id", text)
    return ("", "value", text) if description.startswith("ConstantScore(") else None


def _of_field(what: str, names: Mapping[str, str]) -> tuple[str, MatchKind, str] | None:
    synonym = _SYNONYM.match(what)
    terms = [synonym["what"]] if synonym else [what]
    if phrase := _PHRASE.match(terms[0]):
        return (names[phrase["field"]], "phrase", phrase["text"]) if phrase["field"] in names else None
    known = [match for match in _TERM.finditer(terms[0]) if match["field"] in names]
    if not known:
        return None
    return (names[known[0]["field"]], "word", " or ".join(dict.fromkeys(term["text"] for term in known)))


def _reason(name: str, how: MatchKind, text: str, score: float, total: float) -> Reason:
    where = f"`{name}`" if name else "the id" if how == "id" else "a value"
    share = score / total if total else 0.0
    verb = "begins with" if how == "beginning" and not name else _VERBS[how]
    says = f"{where} {verb} “{text}”: {score:.2f} of {total:.2f} points"
    return Reason(name, how, text, round(score, 3), round(share, 3), says)
