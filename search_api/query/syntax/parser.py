"""The text of the search box as a tree: luqum's grammar, of which only what is listed here is taken.

A text that names no field never fails: where it is no syntax, its words are searched as they stand."""

import re
from dataclasses import dataclass
from typing import cast

from luqum.exceptions import ParseError
from luqum.thread import parse as parse_lucene
from luqum.tree import Item

from search_api.query.limits import MAX_CLAUSES, MAX_TEXT
from search_api.query.schema import IndexSchema
from search_api.query.syntax.luqum_tree import NONE, LuqumConverter
from search_api.query.syntax.scanner import BOX, Scan, scan
from search_api.query.syntax.tree import Node, Word, Words, clauses_of
from search_api.query.validation import InvalidRequest, ValidationError

_PLACE = re.compile(r"at position (\d+)")
_WORD = re.compile(r"\w+|.", re.DOTALL)
_PLAIN = re.compile(r'"([^"]*)"|(\S+)')
_OPERATORS = {"AND", "OR", "NOT"}
NOTHING = Words(())
"""A text without a single letter or digit; it finds nothing by words."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """`as_words`: the text was no syntax, though it looks like some, and was read as plain words."""

    node: Node
    as_words: bool = False


def parse(text: str, schema: IndexSchema) -> Parsed:
    """Read the text; raises InvalidRequest, whose faults point at their places."""
    if len(text) > MAX_TEXT:
        raise InvalidRequest(
            (ValidationError(BOX, f"The text has {len(text)} characters; up to {MAX_TEXT} are read."),)
        )
    look = scan(text, schema)
    try:
        if look.errors:
            raise InvalidRequest(tuple(look.errors))
        parsed = Parsed(_read(text, look, schema))
    except InvalidRequest:
        if look.fielded:
            raise
        parsed = Parsed(_plain(text), as_words=True)
    if (count := clauses_of(parsed.node)) > MAX_CLAUSES:
        message = f"The text has {count} words and conditions; up to {MAX_CLAUSES} are taken."
        raise InvalidRequest((ValidationError(BOX, message),))
    return parsed


def _read(text: str, look: Scan, schema: IndexSchema) -> Node:
    if not look.text.strip():
        return NOTHING
    try:
        tree = cast(Item, parse_lucene(look.text))
    except (ParseError, ArithmeticError, ValueError) as error:
        raise InvalidRequest((_wrong_syntax(error, text, look),)) from None
    reading = LuqumConverter(schema, text)
    node = reading.read(tree)
    if reading.errors:
        raise InvalidRequest(tuple(reading.errors))
    return NOTHING if node == NONE else node


def _plain(text: str) -> Words:
    """The words and quoted phrases of a text, whatever else stands in it."""
    found = [
        Word(quoted or word, phrase=bool(quoted))
        for quoted, word in _PLAIN.findall(text)
        if word not in _OPERATORS and any(map(str.isalnum, quoted or word))
    ]
    if found and not found[-1].phrase and text[-1].isalnum():
        found[-1] = Word(found[-1].text, unfinished=True)
    return Words(tuple(found))


def _wrong_syntax(error: Exception, text: str, look: Scan) -> ValidationError:
    """The place of a wrong syntax and what should stand there. Of a parenthesis or a quote never closed, that one."""
    if look.open:
        start = look.open[0]
        what = {"(": "parenthesis is never closed; expected `)`", '"': 'quote is never closed; expected `"`'}[
            text[start]
        ]
        return ValidationError(BOX, f"This {what}.", start, start + 1)
    match = _PLACE.search(str(error))
    start = min(int(match[1]) if match else len(text), len(text))
    word = _WORD.match(text, start)
    return ValidationError(BOX, _expected(text, start), start, word.end() if word else start)


def _expected(text: str, start: int) -> str:
    before, here = text[:start].rstrip(), text[start : start + 1]
    if before.rfind("[") > before.rfind("]") or before.rfind("{") > before.rfind("}"):
        return "This range is not whole; expected `[from TO to]`, with `*` for an open end."
    if before.endswith((":", "<", ">", "=")):
        return 'A value is missing here; expected a word, a number, a date, a "phrase" or `[from TO to]`.'
    if before.endswith(tuple(_OPERATORS)):
        return f"Nothing follows `{before.rpartition(' ')[2]}`; expected a word or a condition."
    if here == ")":
        return "This parenthesis closes none; expected `(` before it."
    if here:
        return f"`{here}` cannot stand here; put it into quotes to search for it."
    return "The text ends too early; expected a word or a condition."
