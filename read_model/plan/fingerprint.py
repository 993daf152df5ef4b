"""A stable fingerprint of what the documents of a plan contain."""

import json
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

from read_model.catalog.catalog import Column
from read_model.catalog.column_types import JSON
from read_model.plan.model import DocumentPlan, Field

FOR_SEARCH = frozenset({"options", "search"})
"""What search is told about a field changes the index's mapping, but no document."""


def spec_hash(pipeline: str, documents: tuple[DocumentPlan, ...]) -> str:
    """The same text for the same documents, in every process and release that reads plans alike; other text when a
    document could differ. Names of search (options, boosts, synonyms) and columns that no document uses do not count."""
    text = json.dumps([pipeline, _plain(documents)], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:32]


def _shaping(field: Field) -> dict[str, Any]:
    """The one option that a document follows: how a whole json column is mapped decides whether it is wrapped."""
    return {"type": field.options.get("type", "flattened")} if field.column.type in JSON and not field.path else {}


def _plain(value: Any) -> Any:
    if isinstance(value, Column):
        length = value.length if value.type in ("bpchar", "bit") else None
        return [value.name, value.type, value.precision, value.scale, length, value.element]
    if is_dataclass(value):
        kept = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in FOR_SEARCH}
        shape = {"": type(value).__name__} | {name: _plain(part) for name, part in kept.items()}
        return shape | _shaping(value) if isinstance(value, Field) else shape
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
