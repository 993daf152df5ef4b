"""A document as people see it: facts, tables and chips, from its JSON alone. Field order is the spec's, numbers stay as printed."""

import json
import re
from dataclasses import dataclass
from typing import Any

from msgspec import Raw

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
CARD_FACTS = 8
LONGEST_CARD_VALUE = 90


class Number(str):
    """A number as its JSON text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A field and its value. `kind` is text, number, time, or none (no value); `full` is the whole value."""

    name: str
    text: str
    kind: str
    full: str


@dataclass(frozen=True, slots=True)
class Table:
    """An array of objects: a column for each field that any element has. A cell's `None` is a field that is not there."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Fact | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """An object of the document, or the document itself (`name` is ""): its own fields, then what it holds."""

    name: str
    facts: tuple[Fact, ...]
    parts: tuple["Part", ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A hit in the list: a title, a few facts, and how many elements its arrays have."""

    title: str
    facts: tuple[Fact, ...]
    counts: tuple[str, ...]


def read(document: Raw) -> dict[str, Any]:
    """Decode a document; numbers become `Number`."""
    decoded: dict[str, Any] = json.loads(bytes(document), parse_float=Number, parse_int=Number)
    return decoded


def label(name: str) -> str:
    """A field's name in words."""
    return name.replace(".", " › ").replace("_", " ")


def fact(name: str, value: Any) -> Fact:
    """One value; anything that is not a single value becomes its JSON."""
    match value:
        case None:
            return Fact(name, "—", "none", "")
        case bool():
            return Fact(name, "yes" if value else "no", "text", str(value).lower())
        case Number():
            return Fact(name, str(value), "number", str(value))
        case str():
            return _text(name, value)
        case list() if all(not isinstance(one, (dict, list)) for one in value):
            text = ", ".join(fact(name, one).text for one in value)
            return Fact(name, text or "—", "text" if value else "none", text)
        case _:
            return Fact(name, *_json(value))


def _text(name: str, value: str) -> Fact:
    moment = _TIME.fullmatch(value)
    if moment:
        return Fact(name, f"{moment[1]} {moment[2]}", "time", value)
    return Fact(name, value or "—", "text" if value else "none", value)


def _json(value: Any) -> tuple[str, str, str]:
    text = _plain(value)
    return text, "text", text


def _plain(value: Any) -> str:
    """JSON with numbers as they were printed."""
    match value:
        case Number():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_plain(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_plain, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def part(document: dict[str, Any], name: str = "") -> Part:
    """A document, or an object of one, in parts."""
    facts: list[Fact] = []
    parts: list[Part] = []
    tables: list[Table] = []
    for key, value in document.items():
        match value:
            case dict() if value:
                parts.append(part(value, key))
            case [dict(), *_] if all(isinstance(one, dict) for one in value):
                tables.append(_table(key, value))
            case _:
                facts.append(fact(key, value))
    return Part(name, tuple(facts), tuple(parts), tuple(tables))


def _table(name: str, elements: list[dict[str, Any]]) -> Table:
    rows = [dict(_flat(element, "")) for element in elements]
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    cells = tuple(tuple(fact(column, row[column]) if column in row else None for column in columns) for row in rows)
    return Table(name, columns, cells)


def _flat(element: dict[str, Any], prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in element.items():
        path = f"{prefix}{key}"
        found += _flat(value, f"{path}.") if isinstance(value, dict) and value else [(path, value)]
    return found


def card(document: dict[str, Any], document_id: str) -> Card:
    """The document in the list of hits. Its first field is the title; the id is, when that has no value."""
    facts = _card_facts(document)
    counts = [f"{label(key)}: {len(value)}" for key, value in document.items() if isinstance(value, list) and value]
    title = facts[0].full if facts and facts[0].full else document_id
    return Card(title, tuple(facts[1 : CARD_FACTS + 1]), tuple(counts))


def _card_facts(document: dict[str, Any]) -> list[Fact]:
    """Single values of the document, then the first two of each object in it, as far as there is something to show."""
    own: list[Fact] = []
    below: list[Fact] = []
    for key, value in document.items():
        if isinstance(value, dict):
            inner = [fact(f"{key}.{name}", one) for name, one in value.items() if not isinstance(one, (dict, list))]
            below += [one for one in inner if one.kind == "text"][:2]
        elif not isinstance(value, list):
            own.append(fact(key, value))
    first, rest = own[:1], [one for one in own[1:] if one.kind != "none"]
    short = [one for one in rest if len(one.text) <= LONGEST_CARD_VALUE]
    return first + short[:5] + below
