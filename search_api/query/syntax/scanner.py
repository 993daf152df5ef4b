"""The first pass over the search text, before the grammar: it tells operators from plain characters.

People type `AT&T`, `10:30`, `http://…` and `- ` without meaning any syntax. A character that only looks like syntax
is replaced by one that the grammar takes for a letter, or by a space, so that every position in the text stays the
same."""

import re
from dataclasses import dataclass, field

from search_api.query.field_lookup import CHOICES, AmbiguousField, FieldLookup, ObjectField, UnknownField, find_field
from search_api.query.limits import MAX_DEPTH
from search_api.query.schema import IndexSchema
from search_api.query.validation import ValidationError

PARAMETER = "q"
"""The parameter that errors name."""

_SUBSTITUTES = {character: chr(0xE100 + n) for n, character in enumerate("-+:/'")}
_RESTORED = {ord(substitute): character for character, substitute in _SUBSTITUTES.items()}
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
class ScanResult:
    """The result of the first pass.

    `text` is for the grammar. `fielded`: a field is named, so that invalid syntax is an error. `errors` apply in any
    case; `open` are the positions of parentheses and quotes that are never closed.
    """

    text: str = ""
    fielded: bool = False
    errors: list[ValidationError] = field(default_factory=list)
    open: list[int] = field(default_factory=list)


def literal(text: str) -> str:
    """A piece of the scanned text as it was typed."""
    return text.translate(_RESTORED)


def unescaped(text: str) -> str:
    """A piece of the scanned text without its backslashes."""
    return literal(_ESCAPE.sub(r"\1", text))


def unknown_name(name: str, lookup: AmbiguousField | UnknownField, start: int) -> ValidationError:
    """The error for a name that is unknown or ambiguous."""
    if isinstance(lookup, AmbiguousField):
        names, more = lookup.names[:CHOICES], len(lookup.names) - CHOICES
        choices = ", ".join(f"`{choice}`" for choice in names) + (f" and {more} more" if more > 0 else "")
        message = f"`{name}` is ambiguous. Write one of {choices}."
    else:
        near = " or ".join(f"`{choice}`" for choice in lookup.near)
        message = f"There is no field `{name}`. " + (f"Did you mean {near}?" if near else "`/fields` lists all fields.")
    return ValidationError(PARAMETER, message, start, start + len(name))


def scan(text: str, schema: IndexSchema) -> ScanResult:
    """Run the first pass. Errors are ambiguous and misspelled field names, and parentheses that are nested too
    deeply."""
    plain = _PRIVATE.sub(" ", text)
    scanner = _Scanner(plain, schema)
    for match in _TOKEN.finditer(plain):
        scanner.take(match)
    scanner.result.open += [place for place, _ in scanner.parts]
    scanner.result.text = "".join(scanner.pieces)
    return scanner.result


class _Scanner:
    """One pass over a text. `parts` are the open parentheses: the position of each, and the path that it applies to."""

    def __init__(self, text: str, schema: IndexSchema) -> None:
        self.text = text
        self.schema = schema
        self.result = ScanResult()
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
        """A word and its colon: a field name, or plain words."""
        name = unescaped(word)
        lookup = find_field(name, self.schema, self.parts[-1][1] if self.parts else "")
        after = self.text[start + len(word) + 1 :][:1]
        if not _is_field_name(lookup, after):
            return word + (" " if after == '"' else _SUBSTITUTES[":"])
        self.result.fielded = True
        if isinstance(lookup, (AmbiguousField, UnknownField)):
            self.result.errors.append(unknown_name(name, lookup, start))
        elif isinstance(lookup, ObjectField):
            self.part_before = lookup.path
        return f"{word}:"

    def _signs(self, piece: str, start: int) -> str:
        before, after = self.text[:start], self.text[start + len(piece) :][:1]
        number = before.endswith((":", "<", ">", "=", "[", "{", " TO ")) and after.isdigit()
        begins = before[-1:] in {"", "(", ":"} or before[-1:].isspace()
        if begins and not after.strip():
            return " " * len(piece)
        return piece if begins and len(piece) == 1 and not number else "".join(_SUBSTITUTES[sign] for sign in piece)

    def _character(self, piece: str, start: int, part: str) -> str:
        if piece == "(":
            self.parts.append((start, part or (self.parts[-1][1] if self.parts else "")))
            if len(self.parts) == MAX_DEPTH + 1:
                message = f"Parentheses can be nested up to {MAX_DEPTH} levels deep."
                self.result.errors.append(ValidationError(PARAMETER, message, start, start + 1))
        elif piece == ")" and self.parts:
            self.parts.pop()
        elif piece == '"':
            self.result.open.append(start)
        return _SUBSTITUTES.get(piece, piece)


def _is_field_name(lookup: FieldLookup, after: str) -> bool:
    """Whether a name before a colon means a field: it is known or similar to a known one, or a comparison follows."""
    return not isinstance(lookup, UnknownField) or bool(lookup.near) or after in {"<", ">", "[", "{", "("}
