"""Words typed without a field: every word must match somewhere, and where it matches decides how high the document ranks.

What a field is worth is data of the spec (`search.boost`); what a way of matching is worth stands in `Weights`."""

import re
from dataclasses import dataclass, field
from typing import Any

from search_api.query.limits import MAX_FIELDS, MIN_STEM
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.tree import SHORTEST_MISTYPED, Word, letters

Query = dict[str, Any]

FUZZY: Query = {"fuzziness": f"AUTO:{SHORTEST_MISTYPED},8", "prefix_length": 1, "max_expansions": 30}
"""One wrong letter from four letters on, two from eight; the first letter is right."""
LONGEST_NUMBER = 10
"""Digits up to which leading zeros may be left out."""
BEGUN_VALUES = 8
"""Fields in which a value that begins with a code is looked for."""
GLUED = re.compile(r"\w[^\w\s]+\w")
"""A word of several, held together by signs: `SO-2026-000123`, `AT&T`."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a way of matching is worth, beside 1 for a word as it was typed."""

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
    """How much of what a word's other fields score is added to its best field."""


@dataclass(frozen=True)
class _Asked:
    """The fields that words ask, with their boosts: `words` are all, `texts` those that are cut into words.

    `values` are those with whole values, the most boosted."""

    words: list[str]
    texts: list[str]
    values: list[IndexField]


@dataclass(frozen=True)
class TextQuery:
    """The search box over the fields of an index. `similar`: words that look alike match too, and hits tell which words they
    have as they were typed, by their places in `similar` (`typed_name`)."""

    schema: IndexSchema
    similar: tuple[Word, ...] = ()
    weights: Weights = field(default_factory=Weights)

    def query(self, words: tuple[Word, ...], part: str = "") -> Query:
        """Documents in which all of these words match, each in any field of the part."""
        asked = self._asked(part)
        if not asked.words or not words:
            return {"match_none": {}}
        every = [self._word(word, asked) for word in words]
        if len(words) == 1:
            return every[0]
        if not asked.texts or any(word.phrase for word in words):
            return {"bool": {"must": every}}
        return self._row(every, words, asked)

    def whole(self, text: str) -> list[Query]:
        """Documents whose id, or whose value of some field, is the text as a whole."""
        ways: list[Query] = [{"ids": {"values": [text], "boost": self.weights.identifier}}]
        if any(one.exact for one in self.schema.fields if one.searchable):
            ways.append(self._value(text))
        numbers = [one.name for one in self.schema.fields if one.kind == "integer" and not one.nested][:MAX_FIELDS]
        if numbers and text.isascii() and text.isdigit() and len(text) < 19:
            found: Query = {"multi_match": {"query": text, "fields": numbers, "lenient": True}}
            ways.append({"constant_score": {"filter": found, "boost": self.weights.number}})
        return ways

    def _row(self, every: list[Query], words: tuple[Word, ...], asked: _Asked) -> Query:
        """Words beside each other are worth more in one field, and most as a phrase. One field alone sees synonyms of two words.

        Where similar words will do, a code among them is enough: what people write around it need not be in the document."""
        row = " ".join(word.text for word in words)
        in_one: Query = {"query": row, "fields": asked.texts, "operator": "and", "boost": self.weights.same_field}
        phrase: Query = {"query": row, "fields": asked.texts, "boost": self.weights.phrase}
        phrase |= {"type": "phrase_prefix"} if words[-1].unfinished else {"type": "phrase", "slop": 1}
        ways: list[Query] = [{"bool": {"must": every}}, {"multi_match": in_one}]
        if self.similar:
            ways += [self._value(word.text) for word in words if asked.values and any(map(str.isdigit, word.text))]
        matches = {"bool": {"should": ways, "minimum_should_match": 1}}
        return {"bool": {"must": [matches], "should": [{"multi_match": phrase}]}}

    def _value(self, text: str) -> Query:
        """Some field's value is the text as a whole."""
        fields = [one for one in self.schema.fields if one.searchable and one.exact][:MAX_FIELDS]
        names = [one.exact if one.kind == "text" else one.words for one in fields]
        found: Query = {"multi_match": {"query": text, "fields": names}}
        return {"constant_score": {"filter": found, "boost": self.weights.value}}

    def _asked(self, part: str) -> _Asked:
        found = sorted((one for one in self.schema.below(part) if one.searchable), key=lambda one: -one.boost)
        kept = found[:MAX_FIELDS]
        return _Asked(
            words=[self._boosted(one) for one in kept],
            texts=[self._boosted(one) for one in kept if one.kind == "text"],
            values=[one for one in kept if one.exact][:BEGUN_VALUES],
        )

    def _word(self, word: Word, asked: _Asked) -> Query:
        glued = word.phrase or bool(GLUED.search(word.text))
        typed: Query = {"query": word.text, "fields": asked.words, "tie_breaker": self.weights.others, "lenient": True}
        kind: Query = {"type": "phrase", "slop": word.slop} if glued else {"type": "best_fields", "operator": "and"}
        ways = [{"multi_match": typed | kind | self._named(word)}]
        if word.unfinished and len(word.text) >= MIN_STEM:
            ways += self._begun(word, asked, typed) if glued else [self._goes_on(typed)]
        if asked.texts and word.text.isascii() and word.text.isdigit() and len(word.text) < LONGEST_NUMBER:
            padded = " ".join(word.text.zfill(length) for length in range(len(word.text) + 1, LONGEST_NUMBER + 1))
            ways.append({"multi_match": typed | {"query": padded, "fields": asked.texts, "boost": self.weights.zeros}})
        if word.fuzzy or (self.similar and letters(word)):
            alike: Query = {"operator": "and", "boost": self.weights.similar, **FUZZY}
            ways.append({"multi_match": typed | alike})
        return ways[0] if len(ways) == 1 else {"dis_max": {"queries": ways}}

    def _named(self, word: Word) -> Query:
        return {"_name": typed_name(self.similar.index(word))} if word in self.similar else {}

    def _goes_on(self, typed: Query) -> Query:
        return {"multi_match": typed | {"type": "bool_prefix", "boost": self.weights.unfinished}}

    def _begun(self, word: Word, asked: _Asked, typed: Query) -> list[Query]:
        """Values that begin like this code, all of them; and phrases, of which Elasticsearch tries some endings only. A phrase
        scores the same for all its endings: Elasticsearch would add up how rare each of them is."""
        weight = self.weights.unfinished
        phrase: Query = {"multi_match": typed | {"type": "phrase_prefix"}}
        return [
            {"constant_score": {"filter": phrase, "boost": weight}},
            *(
                {"prefix": {one.exact: {"value": word.text, "case_insensitive": True, "boost": one.boost * weight}}}
                for one in asked.values
            ),
        ]

    def _boosted(self, one: IndexField) -> str:
        """A code or a state says more than a word in a name, and that more than a word in prose."""
        kind = self.weights.code if one.kind == "keyword" else 1.0 if one.exact else self.weights.prose
        boost = one.boost * kind
        return one.words if boost == 1 else f"{one.words}^{boost:g}"


def typed_name(place: int) -> str:
    """What the query for a word as it was typed is called."""
    return f"typed{place}"
