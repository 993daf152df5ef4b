"""A value of a document as people see it: its text in the reader's language, and the exact value beside it."""

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import Raw

from search_api.pages.locale import Locale
from search_api.query.schema import IndexSchema, in_words

_TIME = re.compile(r"\d{4,}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CODE = re.compile(r"[a-z][a-z0-9]*([ _-][a-z0-9]+){0,2}")
"""How programs write the states of things: what has this form, in a field of such values, is shown as a chip."""
LONGEST_CHIP = 24
TONES = 8
ID_ENDINGS = ("id", "_id")


class Number(str):
    """A number as its JSON text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A value in its place. `kind` is text, number, time, chip, or none (no value); `full` is the exact value.

    `path` is the field's full name, `label` what people call it in its place. `tone` tells chips apart by colour."""

    path: str
    text: str
    kind: str
    full: str
    tone: int = 0
    label: str = ""


def read(document: Raw) -> dict[str, Any]:
    """Decode a document; numbers become `Number`."""
    decoded: dict[str, Any] = json.loads(bytes(document), parse_float=Number, parse_int=Number)
    return decoded


def values_at(value: Any, path: str) -> Iterator[Any]:
    """All values that a document has at a path, through arrays."""
    head, _, rest = path.partition(".")
    match value:
        case list():
            for one in value:
                yield from values_at(one, path)
        case dict() if head in value and rest:
            yield from values_at(value[head], rest)
        case dict() if head in value:
            yield value[head]


@dataclass(frozen=True, slots=True)
class ValueFormatter:
    """Writes the values of one document for a reader; the schema tells what a field holds."""

    reader: Locale
    schema: IndexSchema
    document: Mapping[str, Any] = field(default_factory=dict)

    def label(self, path: str, within: str = "") -> str:
        """What people call a field in an object: what the spec says, else the rest of its name in words."""
        known = self.schema.by_name.get(path)
        return (known.label if known else "") or in_words(path[len(within) + 1 :] if within else path)

    def fact(self, path: str, value: Any) -> Fact:
        """One value; anything that is not a single value becomes its JSON."""
        return replace(self._fact(path, value), label=self.label(path, path.rpartition(".")[0]))

    def _fact(self, path: str, value: Any) -> Fact:
        match value:
            case None:
                return Fact(path, "—", "none", "")
            case bool():
                return Fact(path, "yes" if value else "no", "chip", str(value).lower(), tone(str(value)))
            case Number():
                return self._number(path, value)
            case str():
                return self._text(path, value)
            case list() if all(not isinstance(one, (dict, list)) for one in value):
                return self._list(path, value)
            case _:
                text = as_json(value)
                return Fact(path, text, "text", text)

    def _number(self, path: str, value: Number) -> Fact:
        currency = self._currency(path)
        if currency:
            return Fact(path, self.reader.money(value, currency), "number", f"{value} {currency}")
        shown = str(value) if path.endswith(ID_ENDINGS) else self.reader.number(value)
        return Fact(path, shown, "number", str(value))

    def _currency(self, path: str) -> str:
        """The currency of an amount, "" for other numbers: a code, or what the document has in the field that is named."""
        known = self.schema.by_name.get(path)
        if known is None or not known.money:
            return ""
        found = [one for one in values_at(self.document, known.money) if isinstance(one, str)]
        return found[0] if found else known.money if known.money.isupper() else ""

    def _text(self, path: str, value: str) -> Fact:
        if not value:
            return Fact(path, "—", "none", "")
        for pattern, write in self._forms():
            if pattern.fullmatch(value):
                return Fact(path, write(value), "time", value)
        if self._is_state(path, value):
            return Fact(path, value.replace("_", " "), "chip", value, tone(value))
        return Fact(path, value, "text", value)

    def _forms(self) -> tuple[tuple[re.Pattern[str], Callable[[str], str]], ...]:
        return ((_TIME, self.reader.moment), (_DAY, self.reader.day))

    def _is_state(self, path: str, value: str) -> bool:
        known = self.schema.by_name.get(path)
        coded = known is not None and known.kind == "keyword" and len(value) <= LONGEST_CHIP
        return coded and _CODE.fullmatch(value) is not None

    def _list(self, path: str, values: list[Any]) -> Fact:
        texts = [self.fact(path, one).text for one in values]
        return Fact(path, ", ".join(texts) or "—", "text" if texts else "none", ", ".join(map(str, values)))


def tone(value: str) -> int:
    """A colour of its own for a value, the same everywhere."""
    return zlib.crc32(value.encode()) % TONES


def as_json(value: Any) -> str:
    """JSON with numbers as they were printed."""
    match value:
        case Number():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {as_json(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(as_json, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)
