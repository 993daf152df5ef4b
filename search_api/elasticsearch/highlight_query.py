"""What is marked in hits. Marking has a query of its own, with few and plain parts: Elasticsearch tries every part of it on
every text of every hit, and a search that looks for similar words took 18 seconds to mark what it had found in 40 ms."""

from search_api.elasticsearch.clauses import condition
from search_api.elasticsearch.highlight_html import CLOSE, OPEN
from search_api.elasticsearch.text_query import GLUED, Query
from search_api.query.limits import MAX_FIELDS, MIN_STEM
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.tree import Match, Node, Word, texts_of, words_of


def highlight(node: Node, schema: IndexSchema) -> Query:
    """The `highlight` of a search. Words without a field are marked wherever they stand, other texts in their own field."""
    searched = [field for field in schema.fields if field.searchable][:MAX_FIELDS]
    conditions = [condition(one) for one in texts_of(node) if not (isinstance(one, Match) and one.word.fuzzy)]
    asked = searched if conditions else _one_of_each(searched)
    marked = [query for word in words_of(node) for query in _word(word, [field.words for field in asked])]
    return {
        "pre_tags": [OPEN],
        "post_tags": [CLOSE],
        "fragment_size": 140,
        "number_of_fragments": 2,
        "max_analyzed_offset": 100_000,
        "require_field_match": bool(conditions),
        "highlight_query": {"bool": {"should": [*marked, *conditions]}},
        "fields": {field.words: {} for field in searched},
    }


def _one_of_each(fields: list[IndexField]) -> list[IndexField]:
    """A field for each way of cutting text into words: what it makes of a word is looked for in all fields."""
    return list({(field.kind, field.analyzer): field for field in reversed(fields)}.values())


def _word(word: Word, names: list[str]) -> list[Query]:
    if not names:
        return []
    asked: Query = {"query": word.text, "fields": names, "lenient": True}
    glued = word.phrase or bool(GLUED.search(word.text))
    queries = [asked | {"type": "phrase", "slop": word.slop} if glued else asked]
    if word.unfinished and len(word.text) >= MIN_STEM:
        queries.append(asked | {"type": "phrase_prefix" if glued else "bool_prefix"})
    return [{"multi_match": query} for query in queries]
