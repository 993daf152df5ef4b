"""Why a document ranks where it does, in words: which text in which field brought how much of the score. Pure.

Elasticsearch explains its score as a tree of formulas; what a reader needs of it are its leaves, and how much of each counts."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec
from msgspec import Struct, field

from search_api.elasticsearch.clauses import ClauseBuilder
from search_api.elasticsearch.search_body import condition_of, query_of
from search_api.elasticsearch.text_query import Query, TextQuery
from search_api.query.request import SearchRequest
from search_api.query.schema import IndexSchema
from search_api.query.syntax.printer import leaves

MatchKind = Literal["word", "phrase", "beginning", "value", "id"]

_WEIGHT = re.compile(r"weight\((?P<what>.+) in \d+\)", re.DOTALL)
_SYNONYM = re.compile(r"Synonym\((?P<what>.+)\)", re.DOTALL)
_PHRASE = re.compile(r'(?P<field>[^:\s]+):"(?P<text>.+)"', re.DOTALL)
_TERM = re.compile(r"(?P<field>[^:\s]+):(?P<text>\S+)")
_BEGINNING = re.compile(r"(?P<field>[^:\s]+):(?P<text>\S+)\*(\^[\d.]+)?")
_ANY_BEGINNING = re.compile(r"CaseInsensitivePrefixQuery\{:?(?P<text>.+)\}(\^[\d.]+)?", re.DOTALL)
_OTHERS = re.compile(r"max plus (?P<share>[\d.]+) times others of:")
_MEANS: Mapping[MatchKind, str] = {
    "word": "has the word",
    "phrase": "has the phrase",
    "beginning": "has a word that begins with",
    "value": "is, as a whole,",
    "id": "is",
}
SMALLEST_SHARE = 0.005


class Reason(Struct, frozen=True):
    """A part of the score: `score` points, `share` of the whole. `field` is "" where a match is not of one field."""

    field: str
    how: MatchKind
    text: str
    score: float
    share: float
    says: str


class Explanation(Struct, frozen=True):
    """Why a document matches and what its score is made of, the largest part first; or what it lacks."""

    id: str
    matches: bool
    score: float
    reasons: list[Reason]
    missing: list[str]


class _Explained(Struct):
    value: float
    description: str
    details: list["_Explained"] = []


class _Hit(Struct):
    explanation: _Explained | None = field(name="_explanation", default=None)
    matched_queries: list[str] = []


class _Hits(Struct):
    hits: list[_Hit]


class _Answer(Struct):
    hits: _Hits


def explain_body(request: SearchRequest, schema: IndexSchema, document_id: str) -> Query:
    """The search for one document that explains its score."""
    query = {"bool": {"must": [query_of(request, schema)], "filter": [_one(document_id)]}}
    return {"query": query, "explain": True, "size": 1, "_source": False}


def missing_parts_body(request: SearchRequest, schema: IndexSchema, document_id: str) -> Query:
    """The search for one document that tells which parts of the text it fulfils."""
    parts = [
        {"bool": {"must": [query], "_name": f"part{place}"}} for place, (_, query) in enumerate(_parts(request, schema))
    ]
    return {"query": {"bool": {"filter": [_one(document_id)], "should": parts}}, "size": 1, "_source": False}


def read_explanation(answer: bytes, document_id: str, schema: IndexSchema, text: str) -> Explanation | None:
    """The explanation in the answer to `explain_body`, or None when the document does not match."""
    hits = msgspec.json.decode(answer, type=_Answer).hits.hits
    if not hits or hits[0].explanation is None:
        return None
    whole = hits[0].explanation
    names = _names(schema)
    found: dict[tuple[str, MatchKind, str], float] = {}
    for leaf, share in _leaves(whole, 1.0):
        key = _meaning(leaf.description, names, text)
        if key is not None:
            found[key] = found.get(key, 0.0) + leaf.value * share
    reasons = [_reason(*key, score, whole.value) for key, score in sorted(found.items(), key=lambda one: -one[1])]
    kept = [one for one in reasons if one.share >= SMALLEST_SHARE]
    return Explanation(document_id, True, round(whole.value, 3), kept, [])


def read_missing_parts(
    answer: bytes, document_id: str, request: SearchRequest, schema: IndexSchema
) -> Explanation | None:
    """What a document that does not match lacks, from the answer to `lacking_body`; None when there is no such document."""
    hits = msgspec.json.decode(answer, type=_Answer).hits.hits
    if not hits:
        return None
    fulfilled = hits[0].matched_queries
    missing = [text for place, (text, _) in enumerate(_parts(request, schema)) if f"part{place}" not in fulfilled]
    return Explanation(document_id, False, 0.0, [], missing)


def _one(document_id: str) -> Query:
    return {"ids": {"values": [document_id]}}


def _parts(request: SearchRequest, schema: IndexSchema) -> list[tuple[str, Query]]:
    """Each word, condition and filter, with its text."""
    asked = ClauseBuilder(TextQuery(schema))
    parts = [(text, asked.query(node)) for text, node in (leaves(request.box.node) if request.box else [])]
    filters = [(f"{one.field.name}:{one.comparison}{one.value}", condition_of(one)) for one in request.filters]
    return parts + filters


def _leaves(node: _Explained, share: float) -> Iterator[tuple[_Explained, float]]:
    """The parts that are matches, each with the share of it that counts: of alternatives it is the best one."""
    description = node.description
    if node.value <= 0:
        return
    if description.startswith("sum of"):
        for one in node.details:
            yield from _leaves(one, share)
    elif description.startswith("max"):
        others = _OTHERS.match(description)
        ranked = sorted(node.details, key=lambda one: -one.value)
        for place, one in enumerate(ranked):
            counts = 1.0 if place == 0 else float(others["share"]) if others else 0.0
            if counts:
                yield from _leaves(one, share * counts)
    else:
        yield node, share


def _names(schema: IndexSchema) -> dict[str, str]:
    """Names of the index as readers know them."""
    names = {one.exact: one.name for one in schema.fields if one.exact}
    return names | {one.words: one.name for one in schema.fields if one.words} | {one: one for one in schema.by_name}


def _meaning(description: str, names: Mapping[str, str], text: str) -> tuple[str, MatchKind, str] | None:
    """The field, the way and the text of a match; None for what belongs to no field that the reader sees."""
    if weight := _WEIGHT.match(description):
        return _of_field(weight["what"], names)
    if begun := _BEGINNING.fullmatch(description):
        return (names[begun["field"]], "beginning", begun["text"]) if begun["field"] in names else None
    if begun := _ANY_BEGINNING.fullmatch(description):
        return ("", "beginning", begun["text"])
    if "_id:" in description:
        return ("", "id", text)
    return ("", "value", text) if description.startswith("ConstantScore(") else None


def _of_field(what: str, names: Mapping[str, str]) -> tuple[str, MatchKind, str] | None:
    synonym = _SYNONYM.match(what)
    terms = [synonym["what"]] if synonym else [what]
    if phrase := _PHRASE.match(terms[0]):
        return (names[phrase["field"]], "phrase", phrase["text"]) if phrase["field"] in names else None
    found = [match for match in _TERM.finditer(terms[0]) if match["field"] in names]
    if not found:
        return None
    return (names[found[0]["field"]], "word", " or ".join(dict.fromkeys(one["text"] for one in found)))


def _reason(name: str, how: MatchKind, text: str, score: float, whole: float) -> Reason:
    where = f"`{name}`" if name else "the id" if how == "id" else "a value"
    share = score / whole if whole else 0.0
    means = "begins with" if how == "beginning" and not name else _MEANS[how]
    says = f"{where} {means} “{text}”: {score:.2f} of {whole:.2f} points"
    return Reason(name, how, text, round(score, 3), round(share, 3), says)
