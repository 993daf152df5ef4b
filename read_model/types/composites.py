"""Composite types: an object with the members of the type, each in the form of its own type.

Debezium does not know them, and sends PostgreSQL's text of the row in base64: `(1,"a b",)`, each member as PostgreSQL
prints it."""

import base64
import json
import re
from decimal import Decimal
from functools import cache

import msgspec

from read_model.catalog.catalog import Column, quote_identifier
from read_model.types import datetime_sql
from read_model.types.value_form import LONGEST_NUMBER, ValueForm, fill
from read_model.types.zoned_text import in_utc

_NUMBERS = frozenset({"int2", "int4", "int8", "oid", "numeric", "float4", "float8"})
_MOMENTS = {
    "date": datetime_sql.ORACLE_DATE,
    "timestamp": datetime_sql.ORACLE_TIMESTAMP,
    "timestamptz": datetime_sql.ORACLE_INSTANT,
}
_MEMBER = re.compile(r'"((?:[^"\\]|""|\\.)*)"|([^,()"]*)', re.DOTALL)
_ESCAPED = re.compile(r'""|\\(.)', re.DOTALL)
_MOMENT = re.compile(r"(\d+)(-\d\d-\d\d)(?: (\d\d:\d\d:\d\d(?:\.\d+)?))?(\+00)?( BC)?")
_LAST_UNSIGNED_YEAR = 9999
"""Later years are printed with a plus."""


def composite(column: Column) -> ValueForm:
    """The form of a composite column whose members are all supported."""
    members = sorted(column.members, key=lambda member: _place(member.name))
    shown = ", ".join(f"{_literal(member.name)}, {_oracle(member)}" for member in members)
    layout = json.dumps([[member.name, member.type, member.kind] for member in column.members]).replace("{", "\\u007b")
    return ValueForm(
        kind="json",
        declared="TEXT",
        decode=str,
        store=f"rowtide_composite({{0}}, {_literal(layout)})",
        # IS NULL is true of a row whose members are all null, too.
        oracle=f"CASE WHEN {{0}} IS DISTINCT FROM NULL THEN jsonb_build_object({shown}) END",
        source="translate(encode(convert_to(({0})::text, 'UTF8'), 'base64'), E'\\n', '')",
    )


def _oracle(member: Column) -> str:
    value = f"({{0}}).{quote_identifier(member.name)}"
    if member.type in _MOMENTS:
        return fill(_MOMENTS[member.type], value)
    if member.type == "numeric":
        return f"CASE WHEN length(({value})::text) > {LONGEST_NUMBER} THEN to_jsonb(({value})::text) ELSE to_jsonb({value}) END"
    return value


def _place(name: str) -> tuple[int, bytes]:
    """Where jsonb prints a member: it sorts the names."""
    return len(name.encode()), name.encode()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def composite_json(value: str | None, layout: str) -> str | None:
    """A row that Debezium sent as the JSON text of an object; a stored object is returned unchanged. Raises ValueError
    if the row has other members than the layout."""
    if value is None:
        return None
    members = _members(layout)
    if value.startswith("{"):
        return _stored(value, layout)
    texts = _texts(base64.b64decode(value).decode())
    if len(texts) != len(members):
        raise ValueError(f"a composite value has {len(texts)} members instead of {len(members)}")
    named = {name: _json(text, type_, kind) for (name, type_, kind), text in zip(members, texts, strict=True)}
    inner = ",".join(f"{json.dumps(name, ensure_ascii=False)}:{named[name]}" for name in _as_jsonb(layout))
    return f"{{{inner}}}"


@cache
def _members(layout: str) -> list[tuple[str, str, str]]:
    return [(name, type_, kind) for name, type_, kind in json.loads(layout)]


@cache
def _as_jsonb(layout: str) -> list[str]:
    """The members' names in the order in which jsonb prints them."""
    return sorted((name for name, _, _ in _members(layout)), key=_place)


def _stored(value: str, layout: str) -> str:
    if list(msgspec.json.decode(value, type=dict[str, msgspec.Raw])) != _as_jsonb(layout):
        raise ValueError("a composite value has other members than its type")
    return value


def _texts(row: str) -> list[str | None]:
    """The members of a row as PostgreSQL prints it, null for an empty one without quotes."""
    if not (row.startswith("(") and row.endswith(")")):
        raise ValueError("a composite value does not begin and end with a parenthesis")
    texts: list[str | None] = []
    at, end = 1, len(row) - 1
    while True:
        member = _MEMBER.match(row, at, end)
        assert member is not None
        quoted, plain = member.groups()
        texts.append((plain or None) if quoted is None else _ESCAPED.sub(lambda each: each[1] or '"', quoted))
        at = member.end()
        if at == end:
            return texts
        if row[at] != ",":
            raise ValueError("a composite value has something between two members")
        at += 1


def _json(text: str | None, type_: str, kind: str) -> str:
    """The JSON text of a member."""
    if text is None:
        return "null"
    if kind != "b":
        return msgspec.json.encode(text).decode()
    if type_ in _NUMBERS:
        return _number(text)
    if type_ == "bool":
        return {"t": "true", "f": "false"}[text]
    if type_ == "jsonb":
        return text
    return msgspec.json.encode(_moment(text) if type_ in _MOMENTS else text).decode()


def _number(text: str) -> str:
    plain = format(Decimal(text), "f")
    return f'"{plain}"' if plain[-1] in "Ny" or len(plain) > LONGEST_NUMBER else plain


def _moment(text: str) -> str:
    """A date or timestamp as documents show it: `-0043-03-15`, `+12345-01-01T00:00:00Z`."""
    parts = _MOMENT.fullmatch(in_utc(text) or "")
    if parts is None:
        return text
    digits, day, clock, zone, era = parts.groups()
    year = 1 - int(digits) if era else int(digits)
    shown = f"+{year}" if year > _LAST_UNSIGNED_YEAR else f"{year:04d}" if year >= 0 else f"-{-year:04d}"
    return f"{shown}{day}{f'T{clock}' if clock else ''}{'Z' if zone else ''}"
