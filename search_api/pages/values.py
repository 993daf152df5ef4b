"""Values of a document as people see them: text in the visitor's locale, and the exact value."""

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
"""The typical spelling of a state; in a keyword field, such values are shown as chips."""
MAX_CHIP_LENGTH = 24
TONES = 8
ID_ENDINGS = ("id", "_id")


class Number(str):
    """A number as its JSON text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A value in its place. `kind` is text, number, time, chip or none (no value); `full` is the exact value.

    `path` is the full field name, `label` the display name in its object. `tone` is the colour of a chip.
    """

    path: str
    text: str
    kind: str
    full: str
    tone: int = 0
    label: str = ""


def parse_document(document: Raw) -> dict[str, Any]:
    """Decode a document; numbers become `Number`, so that they keep their digits."""
    decoded: dict[str, Any] = json.loads(bytes(document), parse_float=Number, parse_int=Number)
    return decoded


def values_at(value: Any, path: str) -> Iterator[Any]:
    """All values of a document at a path, through arrays."""
    head, _, rest = path.partition(".")
    match value:
        case list():
            for element in value:
                yield from values_at(element, path)
        case dict() if head in value and rest:
            yield from values_at(value[head], rest)
        case dict() if head in value:
            yield value[head]


@dataclass(frozen=True, slots=True)
class ValueFormatter:
    """Formats the values of one document; the schema tells what a field contains."""

    locale: Locale
    schema: IndexSchema
    document: Mapping[str, Any] = field(default_factory=dict)

    def label(self, path: str, within: str = "") -> str:
        """The display name of a field in an object: the spec's label, else the rest of its name in words."""
        known = self.schema.by_name.get(path)
        return (known.label if known else "") or in_words(path[len(within) + 1 :] if within else path)

    def fact(self, path: str, value: Any) -> Fact:
        """One value; objects and arrays of objects become JSON."""
        return replace(self._fact(path, value), label=self.label(path, path.rpartition(".")[0]))

    def _fact(self, path: str, value: Any) -> Fact:
        match value:
            case None:
                return Fact(path, "—", "none", "")
            case bool():
                return Fact(path, "yes" if value else "no", "chip", str(value).lower(), chip_tone(str(value)))
            case Number():
                return self._number(path, value)
            case str():
                return self._text(path, value)
            case list() if all(not isinstance(element, (dict, list)) for element in value):
                return self._list(path, value)
            case _:
                text = json_text(value)
                return Fact(path, text, "text", text)

    def _number(self, path: str, value: Number) -> Fact:
        currency = self._currency(path)
        if currency:
            return Fact(path, self.locale.money(value, currency), "number", f"{value} {currency}")
        shown = str(value) if path.endswith(ID_ENDINGS) else self.locale.number(value)
        return Fact(path, shown, "number", str(value))

    def _currency(self, path: str) -> str:
        """The currency of an amount, "" for other numbers: a code, or the document's value of the named field."""
        known = self.schema.by_name.get(path)
        if known is None or not known.money:
            return ""
        currencies = [value for value in values_at(self.document, known.money) if isinstance(value, str)]
        return currencies[0] if currencies else known.money if known.money.isupper() else ""

    def _text(self, path: str, value: str) -> Fact:
        if not value:
            return Fact(path, "—", "none", "")
        for pattern, write in self._forms():
            if pattern.fullmatch(value):
                return Fact(path, write(value), "time", value)
        if self._is_state(path, value):
            return Fact(path, value.replace("_", " "), "chip", value, chip_tone(value))
        return Fact(path, value, "text", value)

    def _forms(self) -> tuple[tuple[re.Pattern[str], Callable[[str], str]], ...]:
        return ((_TIME, self.locale.moment), (_DAY, self.locale.day))

    def _is_state(self, path: str, value: str) -> bool:
        known = self.schema.by_name.get(path)
        coded = known is not None and known.kind == "keyword" and len(value) <= MAX_CHIP_LENGTH
        return coded and _CODE.fullmatch(value) is not None

    def _list(self, path: str, values: list[Any]) -> Fact:
        texts = [self.fact(path, value).text for value in values]
        return Fact(path, ", ".join(texts) or "—", "text" if texts else "none", ", ".join(map(str, values)))


def chip_tone(value: str) -> int:
    """A number for the colour of a value, the same everywhere."""
    return zlib.crc32(value.encode()) % TONES


def json_text(value: Any) -> str:
    """JSON with numbers as they were written."""
    match value:
        case Number():
            return str(value)
        case dict():
            return (
                "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {json_text(v)}" for k, v in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(map(json_text, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)
