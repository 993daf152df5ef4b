"""How Debezium says "unchanged, and not in the WAL" (TOAST), by column type. Pure.

Forms from Debezium's `UnchangedToastedPlaceholder`: one configured text, spelled as the column's JSON type needs it.
"""

import base64
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec

from read_model.catalog.catalog import Column
from read_model.catalog.column_types import PRINTED

_INT_ARRAYS = {"int2", "int4", "int8", "date"}


def placeholder_values(columns: Iterable[Column], placeholder: str) -> dict[int, Any]:
    """The decoded value that stands for "unchanged", by position of the columns that TOAST may move out of line."""
    return {position: _stand_in(column, placeholder) for position, column in enumerate(columns) if column.toastable}


def _stand_in(column: Column, placeholder: str) -> Any:
    if column.element is not None:
        return msgspec.Raw(msgspec.json.encode(_array(column.element, placeholder)))
    if column.type == "bytea" or column.type in PRINTED:
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


def placeholder_markers(stand_in: dict[int, Any]) -> tuple[bytes, ...]:
    """Bytes of which at least one is in every row image with an unchanged value: a quick test before decoding more."""
    texts = {bytes(value) if isinstance(value, msgspec.Raw) else str(value).encode() for value in stand_in.values()}
    return tuple(sorted(text.strip(b'[]"') for text in texts))
