"""Completions of a text that is being typed: field names, values and comparisons. Pure.

Values are counted in the documents that match the rest of the text, by an ordinary search, so they are only what the
caller may see.
"""

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

MAX_SUGGESTIONS = 12
MAX_FIELD_NAMES = 5
MAX_VALUES = 8
MAX_VALUES_PER_FIELD = 3
"""Values per field when no field is named."""
MAX_VALUE_FIELDS = 20
"""Fields that are searched for values when no field is named; the most boosted ones come first."""
TIMEOUT = "1s"
_TAIL = re.compile(r'(?:(?P<name>[^\s():"\\]+):)?(?:"(?P<quoted>[^"\\]*)|(?P<part>[^\s()":<>\[\]{}\\]*))$')
_RANGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "date": (
        ("now/d", "today"),
        ("[now-7d TO now]", "the last 7 days"),
        ("[now-30d TO now]", "the last 30 days"),
        (">=", "since a day"),
    ),
    "integer": ((">=", "at least"), ("<=", "at most"), ("[* TO *]", "between")),
    "number": ((">=", "at least"), ("<=", "at most"), ("[* TO *]", "between")),
    "boolean": (("true", "yes"), ("false", "no")),
}


class Suggestion(Struct, frozen=True):
    """`text` is the whole search text with the suggestion; `label` is what is shown. `count` is the number of documents
    with a value, null for other kinds.
    """

    text: str
    kind: SuggestionKind
    label: str
    field: str
    count: int | None = None


class Suggestions(Struct, frozen=True):
    """The suggestions, the most likely first. `partial`: values are missing, because the text is too expensive to search
    for.
    """

    items: list[Suggestion]
    partial: bool = False


@dataclass(frozen=True, slots=True)
class TypedText:
    """The end of a text that is being typed: the text `before` it, its `field`, if any, and the `part` of a word."""

    text: str
    before: str
    field: IndexField | None
    part: str

    @property
    def wants_values(self) -> bool:
        """Whether to look for values: at once for a named field, else from the second character on."""
        return bool(self.field) or len(self.part) >= MIN_STEM


def parse_typed(text: str, schema: IndexSchema) -> TypedText:
    """Split the text before its last word."""
    text = text[:MAX_TEXT]
    tail = _TAIL.search(text)
    if tail is None:
        return TypedText(text, text, None, "")
    part = tail["quoted"] if tail["quoted"] is not None else tail["part"]
    lookup = find_field(tail["name"], schema) if tail["name"] else None
    if isinstance(lookup, IndexField):
        return TypedText(text, text[: tail.start()], lookup, part)
    return TypedText(text, text[: tail.end() - len(part)].removesuffix('"'), None, part)


def value_fields(typed: TypedText, schema: IndexSchema) -> list[IndexField]:
    """The fields whose values may complete the text."""
    if not typed.wants_values:
        return []
    if typed.field is not None:
        return [typed.field] if _has_values(typed.field) else []
    return sorted((field for field in schema.fields if _has_values(field)), key=lambda field: -field.boost)[
        :MAX_VALUE_FIELDS
    ]


def values_body(query: Query, fields: Sequence[IndexField], part: str) -> Query:
    """The search for the values of these fields with the prefix `part`, in documents that match the query."""
    return {
        "query": query,
        "size": 0,
        "timeout": TIMEOUT,
        "track_total_hits": False,
        "aggs": {f"values{place}": _values_aggregation(field, part) for place, field in enumerate(fields)},
    }


def read_values(response: bytes, typed: TypedText, fields: Sequence[IndexField]) -> Iterator[Suggestion]:
    """The suggestions in the response, field by field."""
    aggregations = msgspec.json.decode(response, type=dict[str, Any]).get("aggregations", {})
    prefix = folded(typed.part)
    for place, field in enumerate(fields):
        inner = aggregations.get(f"values{place}", {})
        buckets = (inner.get("hit", inner)).get("values", {}).get("buckets", [])
        matching = [bucket for bucket in buckets if _has_word_with_prefix(folded(str(bucket["key"])), prefix)]
        for bucket in matching[: MAX_VALUES if typed.field else MAX_VALUES_PER_FIELD]:
            yield _value_suggestion(typed, field, str(bucket["key"]), bucket.get("documents", bucket)["doc_count"])


def field_names(typed: TypedText, schema: IndexSchema) -> Iterator[Suggestion]:
    """The fields of which a part of the name begins with the word."""
    if typed.field is not None or len(typed.part) < MIN_STEM or typed.part.endswith('"'):
        return
    prefix = typed.part.lower()
    for field in schema.fields:
        if (field.filterable or field.searchable) and f".{field.name.lower()}".find(f".{prefix}") >= 0:
            yield Suggestion(f"{typed.before}{field.name}:", "field", field.name, field.name)


def comparisons(typed: TypedText) -> Iterator[Suggestion]:
    """Comparisons for the field that was just named."""
    if typed.field is None or typed.part:
        return
    for text, label in _RANGES.get(typed.field.kind, ()):
        yield Suggestion(f"{typed.before}{typed.field.name}:{text}", "comparison", label, typed.field.name)


def _has_values(field: IndexField) -> bool:
    return bool(field.exact and field.words) and field.kind in {"text", "keyword"}


def _values_aggregation(field: IndexField, part: str) -> Query:
    terms: Query = {"terms": {"field": field.exact, "size": 2 * MAX_VALUES}}
    if not field.nested:
        return {"filter": _prefix_query(field, part), "aggs": {"values": terms}}
    documents: Query = {"aggs": {"documents": {"reverse_nested": {}}}}
    hit: Query = {"filter": _prefix_query(field, part), "aggs": {"values": terms | documents}}
    return {"nested": {"path": field.nested}, "aggs": {"hit": hit}}


def _prefix_query(field: IndexField, part: str) -> Query:
    if not part:
        return {"exists": {"field": field.name}}
    if field.kind == "text":
        return {"match_phrase_prefix": {field.words: {"query": part}}}
    return {"prefix": {field.words: {"value": folded(part) if field.words != field.exact else part}}}


def _has_word_with_prefix(value: str, prefix: str) -> bool:
    """Whether any word of a value has the prefix: of an array, Elasticsearch also counts the other values."""
    return value.startswith(prefix) or any(value[place:].startswith(prefix) for place in _word_starts(value))


def _word_starts(value: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(r"\w+", value))


def _value_suggestion(typed: TypedText, field: IndexField, value: str, count: int) -> Suggestion:
    """A value with its field. It replaces the whole text if the value begins with it."""
    plain = re.fullmatch(r"[^\W_][\w.@\-]*", value) is not None and value not in {"AND", "OR", "NOT", "TO"}
    quoted = value if plain else '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
    whole = folded(value).startswith(folded(typed.text.strip()))
    before = "" if whole and typed.field is None else typed.before
    return Suggestion(f"{before}{field.name}:{quoted} ", "value", value, field.name, count)
