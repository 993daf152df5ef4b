"""Hits as table rows, with matches highlighted in the cell, or below the row if no column shows them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from search_api.elasticsearch.responses import Hit
from search_api.pages.values import Fact, ValueFormatter, values_at

MAX_VALUES_IN_CELL = 3
MAX_SNIPPETS = 3
_TAGS = re.compile(r"</?mark>")
_MARKED = re.compile(r"<mark>(.*?)</mark>")


@dataclass(frozen=True, slots=True)
class TableCell:
    """A field of a hit. `marked` is the text with highlights, if any; `more` is the number of array elements that are
    not shown.
    """

    fact: Fact
    marked: Markup | None = None
    more: int = 0


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A hit. Its first cell links to `url`; `snippets` are pairs of a field's display name and text with highlights."""

    url: str
    title: str
    cells: tuple[TableCell, ...]
    snippets: tuple[tuple[str, Markup], ...]


def document_url(index: str, document_id: str) -> str:
    """The address of a document's page. Everything is percent-encoded, because an ID may contain any character."""
    return f"/{index}/{quote(document_id, safe='')}"


def result_row(
    index: str, hit: Hit, document: dict[str, Any], columns: tuple[str, ...], formatter: ValueFormatter
) -> ResultRow:
    """One hit in these columns."""
    cells = tuple(_cell(path, document, hit, formatter) for path in columns)
    title = cells[0].fact.text if cells and cells[0].fact.kind != "none" else hit.id
    return ResultRow(document_url(index, hit.id), title, cells, tuple(_snippets(hit, cells, formatter))[:MAX_SNIPPETS])


def _cell(path: str, document: dict[str, Any], hit: Hit, formatter: ValueFormatter) -> TableCell:
    facts = [formatter.fact(path, value) for value in values_at(document, path) if value is not None]
    marks = {_plain(fragment): Markup(fragment) for fragment in hit.highlights.get(path, [])}  # `to_html` escaped it.
    if len(facts) <= 1:
        fact = facts[0] if facts else formatter.fact(path, None)
        return TableCell(fact, marks.get(fact.full) if fact.kind == "text" else None)
    # Matches come first, so that they are visible.
    texts = sorted(dict.fromkeys(fact.text for fact in facts), key=lambda text: text not in marks)
    shown = [marks.get(text, escape(text)) for text in texts[:MAX_VALUES_IN_CELL]]
    fact = Fact(path, ", ".join(texts[:MAX_VALUES_IN_CELL]), "text", ", ".join(texts))
    return TableCell(fact, Markup(", ").join(shown), max(0, len(texts) - MAX_VALUES_IN_CELL))


def _snippets(hit: Hit, cells: tuple[TableCell, ...], formatter: ValueFormatter) -> Iterator[tuple[str, Markup]]:
    """Highlighted words that no cell shows."""
    seen = {word for cell in cells if cell.marked for word in _marked_words(cell.marked)}
    for path, fragments in hit.highlights.items():
        new = _marked_words(fragments[0]) - seen if fragments else set()
        if new:
            seen |= new
            yield formatter.label(path), Markup(fragments[0])  # `to_html` escaped it.


def _marked_words(fragment: str) -> set[str]:
    return {unescape(word).casefold() for word in _MARKED.findall(fragment)}


def _plain(fragment: str) -> str:
    return unescape(_TAGS.sub("", fragment))
