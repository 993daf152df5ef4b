"""How much one request may ask for. A request beyond a limit is refused with the limit's number, never cut short in silence."""

MAX_WINDOW = 1000
"""Hits that can be reached by page number; a cursor goes on from there."""
MAX_SIZE = 200
MAX_FILTERS = 32
MAX_SORTS = 4
MAX_FACETS = 12
LONGEST_VALUE = 1024
"""Characters of one value."""

MAX_TEXT = 1000
"""Characters of the search box."""
MAX_CLAUSES = 32
"""Words, phrases and conditions in the search box: each word asks every field that is searched."""
MAX_DEPTH = 5
"""Parentheses within parentheses; Elasticsearch takes queries that are 30 deep, and each level here is up to three of them."""
MAX_FIELDS = 60
"""Fields that one word of the box asks; those that the spec says most of come first."""
MIN_STEM = 2
"""Characters before the first wildcard: what begins with less is too much of an index to visit."""
MAX_WILDCARDS = 4
MAX_SLOP = 10
"""Words between the words of a phrase."""

MAX_DIMENSIONS = 3
MAX_MEASURES = 6
MAX_TOP = 1000
"""Values of one dimension."""
MAX_ROWS = 10_000
"""Rows of an aggregation."""
LONGEST_MISTYPED = 32
"""Letters of a word that may be mistyped: what Elasticsearch needs of memory for looking around a word grows with its length."""
