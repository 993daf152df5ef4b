"""The placeholders that Debezium sends for unchanged TOAST values, which are not in the WAL, by column type. Pure.

Forms from Debezium's `UnchangedToastedPlaceholder`: one configured text, encoded as the column's JSON type requires.
"""

import base64
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec

from read_model.catalog.catalog import Column
from read_model.catalog.column_types import is_printed

_INT_ARRAYS = {"int4", "int8"}


def placeholder_values(columns: Iterable[Column], placeholder: str) -> dict[int, Any]:
    """The decoded placeholder by column position, for columns whose values TOAST may store out of line."""
    return {
        position: _placeholder_value(column, placeholder) for position, column in enumerate(columns) if column.toastable
    }


def _placeholder_value(column: Column, placeholder: str) -> Any:
    if column.element is not None:
        return msgspec.Raw(msgspec.json.encode(_array(column.element, placeholder)))
    if column.type == "bytea" or column.members or is_printed(column):
        return base64.b64encode(placeholder.encode()).decode()
    if column.type == "hstore":
        return msgspec.json.encode({placeholder: placeholder}).decode()
    return placeholder


def _array(element: str, placeholder: str) -> list[Any]:
    if element in _INT_ARRAYS:
        return list(placeholder.encode())
    if element == "uuid":
        digest = hashlib.md5(placeholder.encode(), usedforsecurity=False).digest()
        return [str(uuid.UUID(bytes=digest, version=3))]
    return [placeholder]


def placeholder_markers(placeholders: dict[int, Any]) -> tuple[bytes, ...]:
    """Byte strings of which every row image with an unchanged value contains at least one: a fast test before
    decoding."""
    texts = {bytes(value) if isinstance(value, msgspec.Raw) else str(value).encode() for value in placeholders.values()}
    return tuple(sorted(text.strip(b'[]"') for text in texts))
