"""Parses the search text with luqum's grammar; syntax that `luqum_tree` does not list is rejected.

A text without a field name never fails: if it is not valid syntax, its words are searched as typed.
"""

import re
from dataclasses import dataclass
from typing import cast

from luqum.exceptions import ParseError
from luqum.thread import parse as parse_lucene
from luqum.tree import Item

from search_api.query.limits import MAX_CLAUSES, MAX_TEXT
from search_api.query.schema import IndexSchema
from search_api.query.syntax.luqum_tree import NO_CONDITION, LuqumConverter
from search_api.query.syntax.scanner import PARAMETER, ScanResult, scan
from search_api.query.syntax.tree import Node, Word, Words, clauses_of
from search_api.query.validation import InvalidRequest, ValidationError

_PLACE = re.compile(r"at position (\d+)")
_WORD = re.compile(r"\w+|.", re.DOTALL)
_PLAIN = re.compile(r'"([^"]*)"|(\S+)')
_OPERATORS = {"AND", "OR", "NOT"}
NO_WORDS = Words(())
"""A text without letters and digits; it matches nothing."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """`as_words`: the text was not valid syntax, although it looks like it, and was read as plain words."""

    node: Node
    as_words: bool = False


def parse(text: str, schema: IndexSchema) -> Parsed:
    """Parse the text. Raises InvalidRequest, whose errors point at positions in it."""
    if len(text) > MAX_TEXT:
        raise InvalidRequest(
            ValidationError(PARAMETER, f"The text has {len(text)} characters; the limit is {MAX_TEXT}.")
        )
    scanned = scan(text, schema)
    try:
        if scanned.errors:
            raise InvalidRequest(*scanned.errors)
        parsed = Parsed(_read(text, scanned, schema))
    except InvalidRequest:
        if scanned.fielded:
            raise
        parsed = Parsed(_plain(text), as_words=True)
    if (count := clauses_of(parsed.node)) > MAX_CLAUSES:
        message = f"The text has {count} words and conditions; the limit is {MAX_CLAUSES}."
        raise InvalidRequest(ValidationError(PARAMETER, message))
    return parsed


def _read(text: str, scanned: ScanResult, schema: IndexSchema) -> Node:
    if not scanned.text.strip():
        return NO_WORDS
    try:
        tree = cast(Item, parse_lucene(scanned.text))
    except (ParseError, ArithmeticError, ValueError) as error:
        raise InvalidRequest(_syntax_error(error, text, scanned)) from None
    converter = LuqumConverter(schema, text)
    node = converter.convert(tree)
    if converter.errors:
        raise InvalidRequest(*converter.errors)
    return NO_WORDS if node == NO_CONDITION else node


def _plain(text: str) -> Words:
    """The words and quoted phrases of a text; everything else is ignored."""
    words = [
        Word(quoted or word, phrase=bool(quoted))
        for quoted, word in _PLAIN.findall(text)
        if word not in _OPERATORS and any(map(str.isalnum, quoted or word))
    ]
    if words and not words[-1].phrase and text[-1].isalnum():
        words[-1] = Word(words[-1].text, unfinished=True)
    return Words(tuple(words))


def _syntax_error(error: Exception, text: str, scanned: ScanResult) -> ValidationError:
    """The position of invalid syntax and what is expected there; an unclosed parenthesis or quote takes precedence."""
    if scanned.open:
        start = scanned.open[0]
        what = {"(": "parenthesis is never closed; expected `)`", '"': 'quote is never closed; expected `"`'}[
            text[start]
        ]
        return ValidationError(PARAMETER, f"This {what}.", start, start + 1)
    match = _PLACE.search(str(error))
    start = min(int(match[1]) if match else len(text), len(text))
    word = _WORD.match(text, start)
    return ValidationError(PARAMETER, _expected(text, start), start, word.end() if word else start)


def _expected(text: str, start: int) -> str:
    before, here = text[:start].rstrip(), text[start : start + 1]
    if before.rfind("[") > before.rfind("]") or before.rfind("{") > before.rfind("}"):
        return "This range is incomplete; expected `[from TO to]`, with `*` for an open end."
    if before.endswith((":", "<", ">", "=")):
        return 'A value is missing here; expected a word, a number, a date, a "phrase" or `[from TO to]`.'
    if before.endswith(tuple(_OPERATORS)):
        return f"Nothing follows `{before.rpartition(' ')[2]}`; expected a word or a condition."
    if here == ")":
        return "This parenthesis has no matching `(`."
    if here:
        return f"`{here}` is not allowed here; quote it to search for it."
    return "The text ends unexpectedly; expected a word or a condition."
