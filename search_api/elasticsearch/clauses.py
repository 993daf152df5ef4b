"""Translates the tree of a search to Elasticsearch's query DSL. Only field names of the index and checked values get
there.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from search_api.elasticsearch.text_query import FUZZY, Query, TextQuery
from search_api.query.field_values import rounding_suffix
from search_api.query.schema import IndexField
from search_api.query.syntax.tree import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    Equal,
    Match,
    Node,
    Not,
    OneField,
    Pattern,
    Present,
    Within,
    Word,
    Words,
)

_BOUNDS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_DATE_FORMAT = "strict_date_optional_time"
_ONE_WORD = re.compile(r"[\w*?]+")


@dataclass(frozen=True, slots=True)
class ClauseBuilder:
    """Builds queries. `path` is the nested array whose elements are queried, "" for whole documents."""

    text: TextQuery
    path: str = ""

    def query(self, node: Node) -> Query:
        match node:
            case Words(words, part):
                return self.text.query(words, part)
            case AllOf(nodes):
                return self._all(nodes)
            case AnyOf(nodes):
                return {"bool": {"should": [self.query(child) for child in nodes], "minimum_should_match": 1}}
            case Not(inner):
                return {"bool": {"must_not": [self.query(inner)]}}
            case Within() | OneField():
                return self._inside(node.path if isinstance(node, Within) else node.field.nested, node.inner)
            case _:
                return condition(node)

    def _inside(self, path: str, node: Node) -> Query:
        if not path or path == self.path:
            return self.query(node)
        return {"nested": {"path": path, "score_mode": "max", "query": ClauseBuilder(self.text, path).query(node)}}

    def _all(self, nodes: Iterable[Node]) -> Query:
        """Adjacent conditions on one nested array become one query on the same element; a single one queries the root's
        copy.
        """
        by_path: dict[str, list[Node]] = {}
        for node in nodes:
            by_path.setdefault(_path_of(node), []).append(node)
        together: list[tuple[Node, Query]] = []
        for path, siblings in by_path.items():
            if path and path != self.path and len(siblings) > 1:
                inner = AllOf(tuple(siblings))
                together.append((inner, self._inside(path, inner)))
            else:
                together += [(sibling, self.query(sibling)) for sibling in siblings]
        clauses = {
            "must": [query for node, query in together if _ranks(node)],
            "filter": [query for node, query in together if not _ranks(node)],
        }
        return {"bool": {occur: queries for occur, queries in clauses.items() if queries}}


def _path_of(node: Node) -> str:
    return node.field.nested if isinstance(node, (Condition, OneField)) else ""


def _ranks(node: Node) -> bool:
    """Whether a match affects the score; the presence of a value does not."""
    match node:
        case Words():
            return True
        case Match(field, _):
            return field.kind == "text"
        case AllOf(nodes) | AnyOf(nodes):
            return any(map(_ranks, nodes))
        case OneField(_, inner) | Within(_, inner):
            return _ranks(inner)
        case _:
            return False


def condition(node: Condition) -> Query:
    """A query for one condition, on documents and on elements of its array alike: the field names are the same."""
    match node:
        case Match(field, word):
            return _text(field, word) if field.kind == "text" else _value(field, word)
        case Pattern(field, stem, rest):
            return _pattern(field, stem, rest)
        case Equal(field, value) if field.kind == "date":
            return _range(field, [("gte", value), ("lte", value)])
        case Equal(field, value):
            return {"term": {field.exact: {"value": value}}}
        case Between(field, bounds):
            return _range(field, [(_BOUNDS[comparison], value) for comparison, value in bounds])
        case Present(field):
            return {"exists": {"field": field.name}}


def _range(field: IndexField, bounds: list[tuple[str, str]]) -> Query:
    """A date without a time covers the whole day, a month the whole month: Elasticsearch rounds each bound outwards."""
    if field.kind != "date":
        return {"range": {field.exact: dict(bounds)}}
    return {
        "range": {
            field.exact: {name: value + rounding_suffix(value) for name, value in bounds} | {"format": _DATE_FORMAT}
        }
    }


def _text(field: IndexField, word: Word) -> Query:
    if word.fuzzy:
        return {"match": {field.words: {"query": word.text, "operator": "and", **FUZZY}}}
    return {"match_phrase": {field.words: {"query": word.text, "slop": word.slop}}}


def _value(field: IndexField, word: Word) -> Query:
    """A code is compared as a whole, ignoring case and accents if the mapping folds them."""
    if field.kind == "json":
        return {"term": {field.exact: {"value": word.text}}}
    if word.fuzzy:
        return {"fuzzy": {field.words: {"value": folded(word.text), **FUZZY}}}
    if field.words == field.exact:
        return {"term": {field.exact: {"value": word.text, "case_insensitive": True}}}
    return {"term": {field.words: {"value": word.text}}}


def _pattern(field: IndexField, stem: str, rest: str) -> Query:
    """In prose a word matches the pattern; a pattern with other characters than letters and digits is about the whole
    value.
    """
    words = field.kind == "text" and (not field.exact or bool(_ONE_WORD.fullmatch(stem + rest)))
    name = field.words if words else field.exact
    text = folded(stem) if words else stem
    insensitive: Query = {} if words or field.kind == "json" else {"case_insensitive": True}
    if rest == "*":
        return {"prefix": {name: {"value": text, **insensitive}}}
    escaped = re.sub(r"[*?\\]", r"\\\g<0>", text)
    return {"wildcard": {name: {"value": escaped + (folded(rest) if words else rest), **insensitive}}}


def folded(text: str) -> str:
    """Lower case without accents, like the terms in the index."""
    return "".join(
        character for character in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(character)
    )
