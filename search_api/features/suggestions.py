"""What a text that is being typed may become: names of fields, values of fields, and ways to compare. Pure.

Values are counted in documents that the rest of the text finds, by an ordinary search, so they are only what the reader sees."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec import Struct

from search_api.elasticsearch.clauses import folded
from search_api.elasticsearch.text_query import Query
from search_api.query.field_lookup import find_field
from search_api.query.limits import MAX_TEXT, MIN_STEM
from search_api.query.schema import IndexField, IndexSchema

SuggestionKind = Literal["field", "value", "comparison"]

MOST = 12
FIELD_NAMES = 5
VALUES = 8
VALUES_OF_EACH = 3
"""Values of one field among those of many."""
FIELDS_ASKED = 20
"""Fields whose values are looked through for a word without a field; those that the spec says most of come first."""
TIMEOUT = "1s"
_TAIL = re.compile(r'(?:(?P<name>[^\s():"\\]+):)?(?:"(?P<quoted>[^"\\]*)|(?P<part>[^\s()":<>\[\]{}\\]*))$')
_RANGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "date": (
        ("now/d", "today"),
        ("[now-7d TO now]", "the last 7 days"),
        ("[now-30d TO now]", "the last 30 days"),
        (">=", "from a day on"),
    ),
    "integer": ((">=", "at least"), ("<=", "at most"), ("[* TO *]", "between")),
    "number": ((">=", "at least"), ("<=", "at most"), ("[* TO *]", "between")),
    "boolean": (("true", "yes"), ("false", "no")),
}


class Suggestion(Struct, frozen=True):
    """`text` is the whole box with it; `label` is what is offered. `count` documents have a value; None for what has no number."""

    text: str
    kind: SuggestionKind
    label: str
    field: str
    count: int | None = None


class Suggestions(Struct, frozen=True):
    """What the text may become, the likeliest first."""

    items: list[Suggestion]


@dataclass(frozen=True, slots=True)
class TypedText:
    """The end of a text that is being typed: `before` it, the `field` that it belongs to, if any, and the `part` of a word."""

    text: str
    before: str
    field: IndexField | None
    part: str

    @property
    def asks_values(self) -> bool:
        """Whether values are worth looking for: of a field at once, else from the second character on."""
        return bool(self.field) or len(self.part) >= MIN_STEM


def parse_typed(text: str, schema: IndexSchema) -> TypedText:
    """Where the text goes on."""
    text = text[:MAX_TEXT]
    tail = _TAIL.search(text)
    if tail is None:
        return TypedText(text, text, None, "")
    part = tail["quoted"] if tail["quoted"] is not None else tail["part"]
    found = find_field(tail["name"], schema) if tail["name"] else None
    if isinstance(found, IndexField):
        return TypedText(text, text[: tail.start()], found, part)
    return TypedText(text, text[: tail.end() - len(part)].removesuffix('"'), None, part)


def asked_fields(typed: TypedText, schema: IndexSchema) -> list[IndexField]:
    """The fields whose values may go on the text."""
    if not typed.asks_values:
        return []
    if typed.field is not None:
        return [typed.field] if _has_values(typed.field) else []
    return sorted((one for one in schema.fields if _has_values(one)), key=lambda one: -one.boost)[:FIELDS_ASKED]


def values_body(query: Query, fields: Sequence[IndexField], part: str) -> Query:
    """The search for the values of these fields that go on like this, in documents that fulfil the query."""
    return {
        "query": query,
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "aggs": {f"values{place}": _values(one, part) for place, one in enumerate(fields)},
    }


def read_values(answer: bytes, typed: TypedText, fields: Sequence[IndexField]) -> Iterator[Suggestion]:
    """The suggestions in the answer, field by field."""
    found = msgspec.json.decode(answer, type=dict[str, Any]).get("aggregations", {})
    begun = folded(typed.part)
    for place, one in enumerate(fields):
        inner = found.get(f"values{place}", {})
        buckets = (inner.get("hit", inner)).get("values", {}).get("buckets", [])
        fits = [bucket for bucket in buckets if _goes_on(folded(str(bucket["key"])), begun)]
        for bucket in fits[: VALUES if typed.field else VALUES_OF_EACH]:
            yield _value(typed, one, str(bucket["key"]), bucket.get("documents", bucket)["doc_count"])


def names(typed: TypedText, schema: IndexSchema) -> Iterator[Suggestion]:
    """The fields whose names, or the ends of them, begin like the word."""
    if typed.field is not None or len(typed.part) < MIN_STEM or typed.part.endswith('"'):
        return
    begun = typed.part.lower()
    for one in schema.fields:
        if (one.filterable or one.searchable) and f".{one.name.lower()}".find(f".{begun}") >= 0:
            yield Suggestion(f"{typed.before}{one.name}:", "field", one.name, one.name)


def comparisons(typed: TypedText) -> Iterator[Suggestion]:
    """Ways to compare the field that was just named."""
    if typed.field is None or typed.part:
        return
    for text, label in _RANGES.get(typed.field.kind, ()):
        yield Suggestion(f"{typed.before}{typed.field.name}:{text}", "comparison", label, typed.field.name)


def _has_values(one: IndexField) -> bool:
    return bool(one.exact and one.words) and one.kind in {"text", "keyword"}


def _values(one: IndexField, part: str) -> Query:
    terms: Query = {"terms": {"field": one.exact, "size": 2 * VALUES}}
    if not one.nested:
        return {"filter": _begins(one, part), "aggs": {"values": terms}}
    documents: Query = {"aggs": {"documents": {"reverse_nested": {}}}}
    hit: Query = {"filter": _begins(one, part), "aggs": {"values": terms | documents}}
    return {"nested": {"path": one.nested}, "aggs": {"hit": hit}}


def _begins(one: IndexField, part: str) -> Query:
    if not part:
        return {"exists": {"field": one.name}}
    if one.kind == "text":
        return {"match_phrase_prefix": {one.words: {"query": part}}}
    return {"prefix": {one.words: {"value": folded(part) if one.words != one.exact else part}}}


def _goes_on(value: str, begun: str) -> bool:
    """Whether one of a value's words begins so: of an array, Elasticsearch counts the other values too."""
    return value.startswith(begun) or any(value[place:].startswith(begun) for place in _words(value))


def _words(value: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(r"\w+", value))


def _value(typed: TypedText, one: IndexField, value: str, count: int) -> Suggestion:
    """A value with its field; it takes the place of all that was typed where it begins so."""
    plain = re.fullmatch(r"[^\W_][\w.@\-]*", value) is not None and value not in {"AND", "OR", "NOT", "TO"}
    quoted = value if plain else '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
    whole = folded(value).startswith(folded(typed.text.strip()))
    before = "" if whole and typed.field is None else typed.before
    return Suggestion(f"{before}{one.name}:{quoted} ", "value", value, one.name, count)
