"""What a mistyped text may have meant, told from the hits that similar words brought.

The words come from the hits' own highlights and from nowhere else: a word list of the whole index would tell of documents
and fields that a reader may not see."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from html import unescape

from search_api.conditions import folded
from search_api.syntax_tree import Word

_MARKED = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)
ALIKE = 0.6
"""Share of letters that two words must have in common."""


def corrected(text: str, words: Iterable[Word], highlights: Iterable[Mapping[str, Sequence[str]]]) -> str | None:
    """The text with each word that no hit has replaced by the most alike that hits have, or None if every word was found."""
    found = Counter(
        unescape(word)
        for fields in highlights
        for fragments in fields.values()
        for fragment in fragments
        for word in _MARKED.findall(fragment)
    )
    known = {folded(word): word for word, _ in reversed(found.most_common())}
    result = text
    for word in words:
        if (better := _better(word, known)) is not None:
            result = result.replace(word.text, better, 1)
    return result if result != text else None


def _better(word: Word, known: Mapping[str, str]) -> str | None:
    typed = folded(word.text)
    if word.phrase or typed in known or (word.unfinished and any(one.startswith(typed) for one in known)):
        return None
    close = get_close_matches(typed, known, n=1, cutoff=ALIKE)
    return known[close[0]].lower() if close else None
