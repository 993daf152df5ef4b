"""The highlight query of a search.

It has only a few plain clauses, because Elasticsearch runs every clause on every text of every hit: with the query for
similar words it took 18 seconds to highlight what it had found in 40 ms.
"""

from search_api.elasticsearch.clauses import condition
from search_api.elasticsearch.highlight_html import CLOSE, OPEN
from search_api.elasticsearch.text_query import COMPOUND, Query
from search_api.query.limits import MAX_FIELDS, MIN_STEM
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.tree import Match, Node, Word, texts_of, words_of

MAX_MARKED, MIN_MARKED = 100_000, 10_000
MARKED_TOGETHER = 2_000_000
"""Characters of a text in which matches are marked, and of one field in all hits of a page."""


def highlight(node: Node, schema: IndexSchema, hits: int) -> Query:
    """The `highlight` of a search for so many hits. Words without a field are marked in every field, other conditions in their own."""
    searched = [field for field in schema.fields if field.searchable][:MAX_FIELDS]
    conditions = [condition(text) for text in texts_of(node) if not (isinstance(text, Match) and text.word.fuzzy)]
    fields = searched if conditions else _one_per_analyzer(searched)
    marked = [query for word in words_of(node) for query in _word(word, [field.words for field in fields])]
    return {
        "pre_tags": [OPEN],
        "post_tags": [CLOSE],
        "fragment_size": 140,
        "number_of_fragments": 2,
        "max_analyzed_offset": max(MIN_MARKED, min(MAX_MARKED, MARKED_TOGETHER // hits)),
        "require_field_match": bool(conditions),
        "highlight_query": {"bool": {"should": [*marked, *conditions]}},
        "fields": {field.words: {} for field in searched},
    }


def _one_per_analyzer(fields: list[IndexField]) -> list[IndexField]:
    """One field per analyzer: the terms that it makes of a word are highlighted in all fields."""
    return list({(field.kind, field.analyzer): field for field in reversed(fields)}.values())


def _word(word: Word, names: list[str]) -> list[Query]:
    if not names:
        return []
    match: Query = {"query": word.text, "fields": names, "lenient": True}
    compound = word.phrase or bool(COMPOUND.search(word.text))
    queries = [match | {"type": "phrase", "slop": word.slop} if compound else match]
    if word.unfinished and len(word.text) >= MIN_STEM:
        queries.append(match | {"type": "phrase_prefix" if compound else "bool_prefix"})
    return [{"multi_match": query} for query in queries]
