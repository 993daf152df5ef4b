"""The cost of a request, by what it makes Elasticsearch do. Pure.

The address determines what is charged in advance; each search beyond the first is charged when it runs.
"""

import re
from collections.abc import Mapping, Sequence

FACETS_PER_UNIT = 4
"""This many facets cost as much as the search itself."""
HITS_PER_UNIT = 50
"""This many hits of a page cost as much: they are read and highlighted."""
WORDS_PER_UNIT = 8
"""This many words or filters cost as much."""
_PATTERNS = re.compile(r"[*?~]")


def cost_of(minimum: int, parameters: Mapping[str, Sequence[str]]) -> int:
    """The cost of a request to a route with this minimum cost, from the parameters of its address."""
    text = " ".join(parameters.get("q", ()))
    size = "".join(parameters.get("size", ())[:1])
    hits = int(size) if size.isascii() and size.isdigit() and len(size) < 5 else 0
    parts = (
        -(-len(parameters.get("facet", ())) // FACETS_PER_UNIT),
        hits // HITS_PER_UNIT,
        (len(text.split()) + len(parameters.get("filter", ()))) // WORDS_PER_UNIT,
        len(_PATTERNS.findall(text)),
        2 * max(0, len(parameters.get("by", ())) - 1),
    )
    return minimum + sum(parts)
