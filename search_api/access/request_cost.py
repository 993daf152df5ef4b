"""What a request costs its caller, by what it makes Elasticsearch do. Pure.

What can be read off the address is charged before; each search beyond the first that an answer took is charged as it happens."""

import re
from collections.abc import Mapping, Sequence

FACETS = 4
"""So many counted fields cost as much as the search itself."""
HITS = 50
"""So many hits of a page, likewise: they are read and marked."""
WORDS = 8
"""So many words of the text, or filters, likewise."""
_PATTERNS = re.compile(r"[*?~]")


def cost_of(least: int, asked: Mapping[str, Sequence[str]]) -> int:
    """The cost of a route that costs at least so much, for the parameters of its address."""
    text = " ".join(asked.get("q", ()))
    size = "".join(asked.get("size", ())[:1])
    hits = int(size) if size.isascii() and size.isdigit() and len(size) < 5 else 0
    parts = (
        -(-len(asked.get("facet", ())) // FACETS),
        hits // HITS,
        (len(text.split()) + len(asked.get("filter", ()))) // WORDS,
        len(_PATTERNS.findall(text)),
        2 * max(0, len(asked.get("by", ())) - 1),
    )
    return least + sum(parts)
