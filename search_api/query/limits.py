"""The limits of one request. A request that exceeds one is rejected with the limit in the message, never truncated."""

MAX_COST = 12
"""The cost of a search, in units (`elasticsearch.search_cost`): the parts of a request add up."""
MAX_WINDOW = 1000
"""Hits that page numbers can reach; a cursor continues from there."""
MAX_SIZE = 200
MAX_FILTERS = 32
MAX_SORTS = 4
MAX_FACETS = 12
MAX_VALUE_LENGTH = 1024
"""In characters."""

MAX_TEXT = 1000
"""Length of the search text, in characters."""
MAX_CLAUSES = 32
"""Words, phrases and conditions in the search text; each word queries every searchable field."""
MAX_DEPTH = 5
"""Nested parentheses. Elasticsearch accepts queries of 30 levels, and each level here takes up to three of them."""
MAX_FIELDS = 60
"""Fields that one word queries; the most boosted ones come first."""
MIN_STEM = 2
"""Characters before the first wildcard; a shorter prefix matches too many terms of the index."""
MAX_WILDCARDS = 4
MAX_SLOP = 10
"""Other words allowed between the words of a phrase."""

MAX_DIMENSIONS = 3
MAX_MEASURES = 6
MAX_TOP = 1000
"""Values per dimension of an aggregation."""
MAX_ROWS = 10_000
"""Rows of an aggregation."""
MAX_FUZZY_LENGTH = 32
"""In letters. The memory that Elasticsearch needs for a fuzzy query grows with the length of the word."""
