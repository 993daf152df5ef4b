"""A fingerprint of everything that decides what the documents of a plan contain."""

import json
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

from read_model.catalog.catalog import Column
from read_model.catalog.column_types import JSON
from read_model.plan.model import DocumentPlan, Field

NOT_HASHED = frozenset({"options", "search"})
"""Search options change an index's mapping, but no document."""
HASHED_AS = {"left": "near", "right": "far"}
"""Attributes that were renamed keep their old name in the hash: another hash would rebuild every index."""


def spec_hash(pipeline: str, documents: tuple[DocumentPlan, ...]) -> str:
    """32 hexadecimal digits, equal for equal documents in every process and release; another hash if a document
    could differ.

    Search options, boosts, synonyms and columns that no document uses do not count."""
    text = json.dumps([pipeline, _plain(documents)], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:32]


def _json_mapping(field: Field) -> dict[str, Any]:
    """The only option that changes a document: the mapping of a whole JSON column decides whether it is wrapped."""
    return (
        {"type": field.options.get("type", "flattened")}
        if (field.column.type in JSON or field.column.members) and not field.path
        else {}
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Column):
        length = value.length if value.type in ("bpchar", "bit") else None
        plain = [value.name, value.type, value.precision, value.scale, length, value.element]
        return [*plain, _plain(value.members)] if value.members else plain
    if is_dataclass(value):
        names = [attribute.name for attribute in fields(value) if attribute.name not in NOT_HASHED]
        parts = {HASHED_AS.get(name, name): _plain(getattr(value, name)) for name in names}
        parts[""] = type(value).__name__
        return parts | _json_mapping(value) if isinstance(value, Field) else parts
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
