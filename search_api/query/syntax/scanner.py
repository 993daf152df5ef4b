"""A first look at the text of the search box, before the grammar: what is an operator, and what are just characters.

People type `AT&T`, `10:30`, `http://…` and `- ` and mean no syntax. A character that only looks like syntax is put aside: it is
replaced by one that the grammar takes for a letter, or by a space, so that every place in the text stays where it is."""

import re
from dataclasses import dataclass, field

from search_api.query.field_lookup import CHOICES, AmbiguousField, FieldLookup, ObjectField, UnknownField, find_field
from search_api.query.limits import MAX_DEPTH
from search_api.query.schema import IndexSchema
from search_api.query.validation import ValidationError

BOX = "q"
"""The parameter that faults name."""

_ASIDE = {character: chr(0xE100 + n) for n, character in enumerate("-+:/'")}
_BACK = {ord(aside): character for character, aside in _ASIDE.items()}
_PRIVATE = re.compile("[\ue000-\ue1ff\0]")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<phrase> "(?:[^"\\]|\\.)*" )
    | (?P<word> (?:[^\s:^~(){}\[\]/"'+\-\\<>]|\\.) (?:[^\s:^\\~(){}\[\]]|\\.)* ) (?P<colon> :)?
    | (?P<signs> [+\-]+ )
    | (?P<character> \S )
    | \s+
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class Scan:
    """What the first look found. `text` is for the grammar. `fielded`: a field is named, so that a wrong syntax is a fault.

    `faults` stand in any case; `open` are the places of parentheses and quotes that are never closed."""

    text: str = ""
    fielded: bool = False
    errors: list[ValidationError] = field(default_factory=list)
    open: list[int] = field(default_factory=list)


def literal(text: str) -> str:
    """A piece of a scanned text as it was typed."""
    return text.translate(_BACK)


def unescaped(text: str) -> str:
    """A piece of a scanned text without its backslashes, as it was meant."""
    return literal(_ESCAPE.sub(r"\1", text))


def unknown_name(name: str, found: AmbiguousField | UnknownField, start: int) -> ValidationError:
    """The fault of a name that is no field's or several fields'."""
    if isinstance(found, AmbiguousField):
        names, more = found.names[:CHOICES], len(found.names) - CHOICES
        choices = ", ".join(f"`{one}`" for one in names) + (f" and {more} more" if more > 0 else "")
        message = f"`{name}` may be several fields. Write one of {choices}."
    else:
        near = " or ".join(f"`{one}`" for one in found.near)
        message = f"There is no field `{name}`. " + (f"Did you mean {near}?" if near else "`/fields` lists them.")
    return ValidationError(BOX, message, start, start + len(name))


def scan(text: str, schema: IndexSchema) -> Scan:
    """Take the first look. Faults are names that are nearly or doubly a field's, and too many parentheses."""
    plain = _PRIVATE.sub(" ", text)
    look = _Look(plain, schema)
    for match in _TOKEN.finditer(plain):
        look.take(match)
    look.found.open += [place for place, _ in look.parts]
    look.found.text = "".join(look.pieces)
    return look.found


class _Look:
    """One pass over a text. `parts` are the open parentheses: the place of each, and the path of the part that it is about."""

    def __init__(self, text: str, schema: IndexSchema) -> None:
        self.text = text
        self.schema = schema
        self.found = Scan()
        self.pieces: list[str] = []
        self.parts: list[tuple[int, str]] = []
        self.part_before = ""

    def take(self, match: re.Match[str]) -> None:
        piece, start = match[0], match.start()
        part, self.part_before = self.part_before, ""
        match match.lastgroup:
            case "colon":
                self.pieces.append(self._named(match["word"], start))
            case "word":
                self.pieces.append("OR" if piece == "||" else piece)
            case "signs":
                self.pieces.append(self._signs(piece, start))
            case "character":
                self.pieces.append(self._character(piece, start, part))
            case _:
                self.pieces.append(piece)

    def _named(self, word: str, start: int) -> str:
        """A word and its colon: they name a field, or they are words."""
        name = unescaped(word)
        found = find_field(name, self.schema, self.parts[-1][1] if self.parts else "")
        after = self.text[start + len(word) + 1 :][:1]
        if not _meant(found, after):
            return word + (" " if after == '"' else _ASIDE[":"])
        self.found.fielded = True
        if isinstance(found, (AmbiguousField, UnknownField)):
            self.found.errors.append(unknown_name(name, found, start))
        elif isinstance(found, ObjectField):
            self.part_before = found.path
        return f"{word}:"

    def _signs(self, piece: str, start: int) -> str:
        before, after = self.text[:start], self.text[start + len(piece) :][:1]
        number = before.endswith((":", "<", ">", "=", "[", "{", " TO ")) and after.isdigit()
        begins = before[-1:] in {"", "(", ":"} or before[-1:].isspace()
        if begins and not after.strip():
            return " " * len(piece)
        return piece if begins and len(piece) == 1 and not number else "".join(_ASIDE[one] for one in piece)

    def _character(self, piece: str, start: int, part: str) -> str:
        if piece == "(":
            self.parts.append((start, part or (self.parts[-1][1] if self.parts else "")))
            if len(self.parts) == MAX_DEPTH + 1:
                message = f"Parentheses can stand within each other {MAX_DEPTH} deep, no deeper."
                self.found.errors.append(ValidationError(BOX, message, start, start + 1))
        elif piece == ")" and self.parts:
            self.parts.pop()
        elif piece == '"':
            self.found.open.append(start)
        return _ASIDE.get(piece, piece)


def _meant(found: FieldLookup, after: str) -> bool:
    """Whether a name before a colon means a field: it is one's, or nearly one's, or a comparison follows."""
    return not isinstance(found, UnknownField) or bool(found.near) or after in {"<", ">", "[", "{", "("}
