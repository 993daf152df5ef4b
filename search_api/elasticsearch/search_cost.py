"""What a search costs Elasticsearch: every part of its body counts, and the parts add up. Pure.

A point is a word that is looked up in one field; the other weights are relative to it, by time or by memory, whichever
is more (docs/decisions/20261128-the-cost-of-a-search-is-a-sum.md has the measurements).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from search_api.query.syntax.tree import MIN_FUZZY_LENGTH

Body = Mapping[str, Any]
Part = Literal["words", "similar", "prefixes", "patterns", "conditions", "facets", "rows", "highlights", "hits"]
"""What a cost is caused by. `similar` are words that may be misspelled, `rows` those of an aggregation."""
OptionalPart = Literal["facets", "highlights"]
Points = Iterator[tuple[Part, int]]

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
    points: Counter[Part] = Counter()
    for part, weight in _parts(body):
        points[part] += weight
    return SearchCost(points)


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


def _parts(body: Body) -> Points:
    hits = int(body.get("size", 10))
    yield "hits", hits
    for query in ("query", "post_filter"):
        yield from _query(body.get(query, {}))
    yield from _aggregations(body.get("aggs", {}), "facets" if hits else "rows", 1)
    yield "hits", SORT * len(body.get("sort", ()))
    if highlight := body.get("highlight"):
        clauses = sum(1 for _ in _query(highlight["highlight_query"]))
        yield "highlights", hits * len(highlight["fields"]) * (CLAUSES_PER_HIGHLIGHT + clauses) // CLAUSES_PER_HIGHLIGHT


def _query(query: Body) -> Points:
    """The points of a query, at least one pair for each of its clauses."""
    for kind, options in query.items():
        match kind:
            case "multi_match":
                yield from _words(options, len(options["fields"]))
            case "bool" | "dis_max" | "constant_score" | "nested":
                yield "conditions", NESTED if kind == "nested" else 0
                for clause in _clauses(options):
                    yield from _query(clause)
            case _:
                yield from _single(kind, options)


def _clauses(options: Body) -> Iterator[Body]:
    """The queries inside a compound one."""
    for occur in ("must", "filter", "should", "must_not", "queries", "query"):
        inner = options.get(occur, ())
        yield from [inner] if isinstance(inner, Mapping) else inner


def _words(options: Body, fields: int) -> Points:
    text = str(options["query"])
    yield "words", fields * len(_TOKEN.findall(text))
    if "fuzziness" in options:
        yield "similar", fields * letters_cost([text])
    if options.get("type", "").endswith("_prefix"):
        yield "prefixes", fields * PREFIX


def _single(kind: str, options: Any) -> Points:
    """A clause about one field: its name, and the value, by itself or among options."""
    value = next(iter(options.values()), "") if isinstance(options, Mapping) else options
    text = str(value.get("query", value.get("value", ""))) if isinstance(value, Mapping) else str(value)
    match kind:
        case "match" | "match_phrase" | "match_phrase_prefix":
            options = {**value} if isinstance(value, Mapping) else {}
            yield from _words({"type": kind.removeprefix("match_"), **options, "query": text}, 1)
        case "fuzzy":
            yield "similar", letters_cost([text])
        case "prefix":
            yield "prefixes", PREFIX + len(text) // LONG_VALUE
        case "wildcard":
            yield "patterns", PATTERN + PATTERN_BYTE * len(text.encode())
        case "terms":
            yield "conditions", len(value)
        case _:
            yield "conditions", CONDITION + len(text) // LONG_VALUE


def _aggregations(named: Body, part: Part, buckets: int) -> Points:
    """The points of aggregations below so many buckets."""
    for aggregation in named.values():
        below = buckets
        for kind, options in aggregation.items():
            match kind:
                case "terms" | "histogram" | "date_histogram":
                    below = min(buckets * _rows(kind, options), MAX_BUCKETS)
                    yield part, FACET + below // ROWS_PER_POINT
                case "filter":
                    yield from _query(options)
                case "nested" | "reverse_nested":
                    yield part, NESTED + buckets // ROWS_PER_POINT
                case "aggs":
                    continue
                case _:
                    yield part, 1 + buckets * MEASURES.get(kind, 1) // (4 * ROWS_PER_POINT)
        yield from _aggregations(aggregation.get("aggs", {}), part, below)


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
