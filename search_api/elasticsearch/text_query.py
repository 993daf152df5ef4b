"""The query for words without a field: every word must match somewhere, and where it matches decides the rank.

The weight of a field comes from the spec (`search.boost`); the weight of a kind of match is in `Weights`.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from search_api.query.limits import MAX_FIELDS, MIN_STEM
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.tree import MIN_FUZZY_LENGTH, Word, is_correctable

Query = dict[str, Any]

FUZZY: Query = {"fuzziness": f"AUTO:{MIN_FUZZY_LENGTH},8", "prefix_length": 1, "max_expansions": 30}
"""One wrong letter in words of four letters or more, two from eight on; the first letter must be right."""
MAX_PADDED_DIGITS = 10
"""Leading zeros may be omitted in numbers of up to this many digits."""
MAX_PREFIX_FIELDS = 8
"""Fields that are searched for values beginning with a code."""
COMPOUND = re.compile(r"\w[^\w\s]+\w")
"""A word of several parts joined by punctuation: `SO-2026-000123`, `AT&T`."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weight of each kind of match, relative to 1 for a word as typed."""

    identifier: float = 60.0
    value: float = 20.0
    number: float = 10.0
    phrase: float = 1.0
    same_field: float = 0.5
    code: float = 2.0
    prose: float = 0.5
    unfinished: float = 0.5
    zeros: float = 0.8
    similar: float = 0.3
    others: float = 0.1
    """The share of the scores of a word's other fields that is added to that of the best field."""


@dataclass(frozen=True)
class _SearchedFields:
    """The names of the searched fields with their boosts: `words` are all, `texts` the analyzed ones.

    `values` are the fields with whole values, the most boosted ones.
    """

    words: list[str]
    texts: list[str]
    values: list[IndexField]


@dataclass(frozen=True)
class TextQuery:
    """Queries over the searchable fields of an index. With `similar`, similar words match too, in so many of the most
    boosted fields, and each hit reports which of those words it has as typed, under the names of `typed_name`.
    """

    schema: IndexSchema
    similar: tuple[Word, ...] = ()
    similar_fields: int = MAX_FIELDS
    weights: Weights = field(default_factory=Weights)

    def query(self, words: tuple[Word, ...], path: str = "") -> Query:
        """Documents that contain all of the words, each in any field below `path`."""
        fields = self._searched_fields(path)
        if not fields.words or not words:
            return {"match_none": {}}
        word_queries = [self._word(word, fields) for word in words]
        if len(words) == 1:
            return word_queries[0]
        if not fields.texts or any(word.phrase for word in words):
            return {"bool": {"must": word_queries}}
        return self._row(word_queries, words, fields)

    def exact_matches(self, text: str) -> list[Query]:
        """Documents whose id or one of whose values equals the text."""
        queries: list[Query] = [{"ids": {"values": [text], "boost": self.weights.identifier}}]
        if any(field_.exact for field_ in self.schema.fields if field_.searchable):
            queries.append(self._value(text))
        numbers = [field_.name for field_ in self.schema.fields if field_.kind == "integer" and not field_.nested][
            :MAX_FIELDS
        ]
        if numbers and text.isascii() and text.isdigit() and len(text) < 19:
            match: Query = {"multi_match": {"query": text, "fields": numbers, "lenient": True}}
            queries.append({"constant_score": {"filter": match, "boost": self.weights.number}})
        return queries

    def _row(self, word_queries: list[Query], words: tuple[Word, ...], fields: _SearchedFields) -> Query:
        """Adjacent words rank higher in one field, and highest as a phrase. Only a match in a single field applies
        synonyms of two words.

        When similar words are allowed, matching a code among the words is enough: the text around it need not be in the
        document.
        """
        row = " ".join(word.text for word in words)
        in_one: Query = {"query": row, "fields": fields.texts, "operator": "and", "boost": self.weights.same_field}
        phrase: Query = {"query": row, "fields": fields.texts, "boost": self.weights.phrase}
        phrase |= {"type": "phrase_prefix"} if words[-1].unfinished else {"type": "phrase", "slop": 1}
        queries: list[Query] = [{"bool": {"must": word_queries}}, {"multi_match": in_one}]
        if self.similar:
            queries += [self._value(word.text) for word in words if fields.values and any(map(str.isdigit, word.text))]
        matches = {"bool": {"should": queries, "minimum_should_match": 1}}
        return {"bool": {"must": [matches], "should": [{"multi_match": phrase}]}}

    def _value(self, text: str) -> Query:
        """Documents with a value that equals the text."""
        fields = [field_ for field_ in self.schema.fields if field_.searchable and field_.exact][:MAX_FIELDS]
        names = [field_.exact if field_.kind == "text" else field_.words for field_ in fields]
        match: Query = {"multi_match": {"query": text, "fields": names}}
        return {"constant_score": {"filter": match, "boost": self.weights.value}}

    def _searched_fields(self, path: str) -> _SearchedFields:
        by_boost = sorted(
            (field_ for field_ in self.schema.below(path) if field_.searchable), key=lambda field_: -field_.boost
        )
        fields = by_boost[:MAX_FIELDS]
        return _SearchedFields(
            words=[self._boosted(field_) for field_ in fields],
            texts=[self._boosted(field_) for field_ in fields if field_.kind == "text"],
            values=[field_ for field_ in fields if field_.exact][:MAX_PREFIX_FIELDS],
        )

    def _word(self, word: Word, fields: _SearchedFields) -> Query:
        compound = word.phrase or bool(COMPOUND.search(word.text))
        typed: Query = {"query": word.text, "fields": fields.words, "tie_breaker": self.weights.others, "lenient": True}
        kind: Query = {"type": "phrase", "slop": word.slop} if compound else {"type": "best_fields", "operator": "and"}
        queries = [{"multi_match": typed | kind | self._named(word)}]
        if word.unfinished and len(word.text) >= MIN_STEM:
            queries += self._prefix_queries(word, fields, typed) if compound else [self._prefix_match(typed)]
        if fields.texts and word.text.isascii() and word.text.isdigit() and len(word.text) < MAX_PADDED_DIGITS:
            padded = " ".join(word.text.zfill(length) for length in range(len(word.text) + 1, MAX_PADDED_DIGITS + 1))
            queries.append(
                {"multi_match": typed | {"query": padded, "fields": fields.texts, "boost": self.weights.zeros}}
            )
        if word.fuzzy or (self.similar and is_correctable(word)):
            names = fields.words if word.fuzzy else fields.words[: self.similar_fields]
            similar: Query = {"fields": names, "operator": "and", "boost": self.weights.similar, **FUZZY}
            queries.append({"multi_match": typed | similar})
        return queries[0] if len(queries) == 1 else {"dis_max": {"queries": queries}}

    def _named(self, word: Word) -> Query:
        return {"_name": typed_name(self.similar.index(word))} if word in self.similar else {}

    def _prefix_match(self, typed: Query) -> Query:
        return {"multi_match": typed | {"type": "bool_prefix", "boost": self.weights.unfinished}}

    def _prefix_queries(self, word: Word, fields: _SearchedFields, typed: Query) -> list[Query]:
        """Values that begin with this code, and phrases, for which Elasticsearch tries only some completions. A phrase
        has a constant score, because Elasticsearch would add up the rarity of each completion.
        """
        weight = self.weights.unfinished
        phrase: Query = {"multi_match": typed | {"type": "phrase_prefix"}}
        return [
            {"constant_score": {"filter": phrase, "boost": weight}},
            *(
                {
                    "prefix": {
                        field_.exact: {"value": word.text, "case_insensitive": True, "boost": field_.boost * weight}
                    }
                }
                for field_ in fields.values
            ),
        ]

    def _boosted(self, field_: IndexField) -> str:
        """A code or a state weighs more than a word in a name, and that more than a word in prose."""
        kind = self.weights.code if field_.kind == "keyword" else 1.0 if field_.exact else self.weights.prose
        boost = field_.boost * kind
        return field_.words if boost == 1 else f"{field_.words}^{boost:g}"


def typed_name(place: int) -> str:
    """The name of the query for a word as typed."""
    return f"typed{place}"
