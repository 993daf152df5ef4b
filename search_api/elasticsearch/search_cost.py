"""What a search costs Elasticsearch: every part of its body counts, and the parts add up. Pure.

A point is a word that is looked up in one field; the other weights are relative to it, by time or by memory, whichever
is more (docs/decisions/20261128-the-cost-of-a-search-is-a-sum.md has the measurements).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from search_api.query.syntax.tree import MIN_FUZZY_LENGTH

Body = Mapping[str, Any]
Part = Literal["words", "similar", "prefixes", "patterns", "conditions", "facets", "rows", "highlights", "hits"]
"""What a cost is caused by. `similar` are words that may be misspelled, `rows` those of an aggregation."""
OptionalPart = Literal["facets", "highlights"]

POINTS_PER_UNIT = 4000
"""A unit is what rate limits count: a search for some words among 36 fields costs one."""
SIMILAR = 10
"""For each byte of the word and each wrong letter: Elasticsearch reserves 20 kB of memory for it in each field."""
PREFIX = 20
PATTERN, PATTERN_BYTE = 300, 30
LONG_VALUE = 20
"""A value that ignores case costs a point more for so many characters."""
CONDITION = 10
NESTED = 50
FACET = 250
"""To count the values of a field, however many of them are wanted."""
ROWS_PER_POINT = 8
"""An aggregation's buckets; each measure adds as much as its weight."""
MEASURES: Mapping[str, int] = {"percentiles": 40, "extended_stats": 2}
MAX_BUCKETS = 65_536
"""Elasticsearch's own limit of an aggregation."""
INTERVAL_ROWS: Mapping[str, int] = {"minute": 10_000, "hour": 2_000, "day": 400}
"""Rows that an interval is expected to make; longer ones and those of charts make few."""
FEW_ROWS = 100
STEP_ROWS = 1_000
CLAUSES_PER_HIGHLIGHT = 16
"""So many clauses double the cost of marking them in a field of a hit."""
SORT = 50
COMPOUND: Mapping[str, tuple[str, ...]] = {
    "bool": ("must", "filter", "should", "must_not"),
    "dis_max": ("queries",),
    "constant_score": ("filter",),
    "nested": ("query",),
}
"""The queries that contain others, and where."""
_TOKEN = re.compile(
    r"[\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff]|\w+"
)
"""A word as Elasticsearch separates them: an ideograph or an emoji is one by itself."""


@dataclass(frozen=True, slots=True)
class SearchCost:
    """The points of a search by part."""

    points: Mapping[Part, int]

    @property
    def units(self) -> int:
        """The cost as rate limits count it, at least 1."""
        return max(1, -(-sum(self.points.values()) // POINTS_PER_UNIT))

    @property
    def largest(self) -> Part:
        """The part that costs most."""
        return max(self.points, key=lambda part: self.points[part])


OPTIONAL: tuple[tuple[OptionalPart, str], ...] = (("highlights", "highlight"), ("facets", "aggs"))
"""The parts without which the hits are the same, each with its key in a body; the first is given up first."""


def search_cost(body: Body) -> SearchCost:
    """The cost of a search with this body."""
    total = _Sum()
    total.body(body)
    return SearchCost(total.points)


def within_cost(body: Body, limit: int) -> tuple[dict[str, Any], tuple[OptionalPart, ...]]:
    """The body without the optional parts for which a search of at most `limit` units has no room, and these parts."""
    affordable = dict(body)
    omitted: tuple[OptionalPart, ...] = ()
    for part, key in OPTIONAL:
        if key in affordable and search_cost(affordable).units > limit:
            del affordable[key]
            omitted = (*omitted, part)
    return affordable, omitted


def letters_cost(texts: Iterable[str]) -> int:
    """The points of looking for words similar to these, in one field."""
    return SIMILAR * sum(_edits(word) * len(word.encode()) for text in texts for word in _TOKEN.findall(text))


class _Sum:
    """Adds up the points of a body's parts; `clauses` are the single ones that were counted.

    Every search passes through here, so the points are added in place instead of handed up from clause to clause."""

    __slots__ = ("clauses", "points")

    def __init__(self) -> None:
        self.points: dict[Part, int] = {}
        self.clauses = 0

    def add(self, part: Part, points: int) -> None:
        self.points[part] = self.points.get(part, 0) + points

    def body(self, body: Body) -> None:
        hits = int(body.get("size", 10))
        self.add("hits", hits)
        for query in ("query", "post_filter"):
            if query in body:
                self.query(body[query])
        if aggregations := body.get("aggs"):
            self.aggregations(aggregations, "facets" if hits else "rows", 1)
        self.add("hits", SORT * len(body.get("sort", ())))
        if highlight := body.get("highlight"):
            marked = _Sum()
            marked.query(highlight["highlight_query"])
            fields = len(highlight["fields"])
            weight = CLAUSES_PER_HIGHLIGHT + marked.clauses
            self.add("highlights", hits * fields * weight // CLAUSES_PER_HIGHLIGHT)

    def query(self, query: Body) -> None:
        for kind, options in query.items():
            if kind == "multi_match":
                self._words(options, len(options["fields"]))
            elif kind in COMPOUND:
                self.clauses += 1
                self.add("conditions", NESTED if kind == "nested" else 0)
                for occur in COMPOUND[kind]:
                    inner = options.get(occur, ())
                    for clause in [inner] if isinstance(inner, dict) else inner:
                        self.query(clause)
            else:
                self._single(kind, options)

    def _words(self, options: Body, fields: int) -> None:
        self.clauses += 1
        text = str(options["query"])
        self.add("words", fields * len(_TOKEN.findall(text)))
        if "fuzziness" in options:
            self.clauses += 1
            self.add("similar", fields * letters_cost([text]))
        if options.get("type", "").endswith("_prefix"):
            self.clauses += 1
            self.add("prefixes", fields * PREFIX)

    def _single(self, kind: str, options: Any) -> None:
        """A clause about one field: its name, and the value, by itself or among options."""
        value = next(iter(options.values()), "") if isinstance(options, dict) else options
        text = str(value.get("query", value.get("value", ""))) if isinstance(value, dict) else str(value)
        if kind in {"match", "match_phrase", "match_phrase_prefix"}:
            options = {**value} if isinstance(value, dict) else {}
            self._words({"type": kind.removeprefix("match_"), **options, "query": text}, 1)
            return
        self.clauses += 1
        match kind:
            case "fuzzy":
                self.add("similar", letters_cost([text]))
            case "prefix":
                self.add("prefixes", PREFIX + len(text) // LONG_VALUE)
            case "wildcard":
                self.add("patterns", PATTERN + PATTERN_BYTE * len(text.encode()))
            case "terms":
                self.add("conditions", len(value))
            case _:
                self.add("conditions", CONDITION + len(text) // LONG_VALUE)

    def aggregations(self, named: Body, part: Part, buckets: int) -> None:
        """Aggregations below so many buckets."""
        for aggregation in named.values():
            below = buckets
            for kind, options in aggregation.items():
                match kind:
                    case "terms" | "histogram" | "date_histogram":
                        below = min(buckets * _rows(kind, options), MAX_BUCKETS)
                        self.add(part, FACET + below // ROWS_PER_POINT)
                    case "filter":
                        self.query(options)
                    case "nested" | "reverse_nested":
                        self.add(part, NESTED + buckets // ROWS_PER_POINT)
                    case "aggs":
                        continue
                    case _:
                        self.add(part, 1 + buckets * MEASURES.get(kind, 1) // (4 * ROWS_PER_POINT))
            if inner := aggregation.get("aggs"):
                self.aggregations(inner, part, below)


def _rows(kind: str, options: Body) -> int:
    """The buckets that an aggregation is expected to have."""
    if kind == "terms":
        return int(options["size"])
    if kind == "date_histogram":
        return INTERVAL_ROWS.get(options.get("calendar_interval", ""), FEW_ROWS)
    return FEW_ROWS if "hard_bounds" in options else STEP_ROWS


def _edits(word: str) -> int:
    """The wrong letters that a similar word may have; `text_query.FUZZY` requests as many."""
    return 0 if len(word) < MIN_FUZZY_LENGTH else 1 if len(word) < 2 * MIN_FUZZY_LENGTH else 2
