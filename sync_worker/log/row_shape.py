"""Decodes the row images of a table: only the columns that documents use. Pure."""

import re
from collections.abc import Callable, Hashable, Mapping
from operator import itemgetter
from typing import Any

import msgspec

from read_model.catalog.catalog import TableName
from sync_worker.errors import ShapeError
from sync_worker.log.toast_placeholders import placeholder_markers

ESCAPED_IN_JSON = re.compile(r'["\\\x00-\x1f]')

Key = tuple[Hashable, ...]
Row = tuple[Any, ...]


class RowShape:
    """Decodes the row images of one table: only the columns that documents use, in the plan's order.

    `placeholders` maps column positions to the value that Debezium sends for an unchanged TOAST column. With
    `deferrable` two rows may have one key within a transaction; the `before` images are complete then.
    """

    def __init__(
        self,
        table: TableName,
        columns: Mapping[str, Any],
        key: tuple[str, ...],
        placeholders: Mapping[int, Any],
        deferrable: bool = False,
    ) -> None:
        self.table = table
        self.deferrable = deferrable
        self.names = tuple(columns)
        self._placeholders = placeholders
        self._markers = placeholder_markers(dict(placeholders))
        self.key: Callable[[Row], Key] = _picker([self.names.index(name) for name in key])
        """Extracts the primary key from a decoded row."""
        self._row = _decoder(columns)
        self._before = _decoder({name: columns[name] for name in key})

    def row(self, image: msgspec.Raw) -> Row:
        """Decode an `after` image. Raises ShapeError when it has other columns."""
        return self._decode(self._row, image)

    def key_before(self, image: msgspec.Raw) -> Key:
        """Decode the primary key of a `before` image or of a key header.

        Raises ShapeError when it has other columns."""
        return self._decode(self._before, image)

    def unchanged(self, row: Row) -> list[int]:
        """Positions of the columns that contain the placeholder."""
        return [position for position, text in self._placeholders.items() if _same(row[position], text)]

    def may_be_unchanged(self, image: msgspec.Raw) -> bool:
        """Whether the image may contain a placeholder: a cheap test without decoding, with rare false positives."""
        if not self._markers:
            return False
        content = bytes(image)
        return any([marker in content for marker in self._markers])  # A list is faster here: there are one or two.

    def _decode(self, decode: Callable[[msgspec.Raw], Row], image: msgspec.Raw) -> Row:
        try:
            return decode(image)
        except msgspec.MsgspecError as error:
            raise ShapeError(
                f"A row of {self.table} has other columns than when the spec was resolved ({error}).",
                self.table,
            ) from error


def _picker(positions: list[int]) -> Callable[[Row], Key]:
    """A function that picks these values of a row, always as a tuple."""
    if len(positions) == 1:
        only = positions[0]
        return lambda row: (row[only],)
    return itemgetter(*positions)


def _same(value: Any, placeholder: Any) -> bool:
    if isinstance(placeholder, msgspec.Raw):
        return isinstance(value, msgspec.Raw) and bytes(value) == bytes(placeholder)
    return bool(value == placeholder)


def _decoder(columns: Mapping[str, Any]) -> Callable[[msgspec.Raw], Row]:
    if any(ESCAPED_IN_JSON.search(name) for name in columns):
        return _decoder_by_name(columns)
    names = [f"c{position}" for position in range(len(columns))]
    shape = msgspec.defstruct(
        "Row", list(zip(names, columns.values(), strict=True)), rename=dict(zip(names, columns, strict=True)), gc=False
    )
    decoder = msgspec.json.Decoder(shape)
    return lambda image: msgspec.structs.astuple(decoder.decode(image))


def _decoder_by_name(columns: Mapping[str, Any]) -> Callable[[msgspec.Raw], Row]:
    """A slower decoder, for column names that msgspec does not accept as field names."""
    image_of = msgspec.json.Decoder(dict[str, msgspec.Raw])
    decoders = [(name, msgspec.json.Decoder(kind)) for name, kind in columns.items()]

    def decode(image: msgspec.Raw) -> Row:
        values = image_of.decode(image)
        if missing := columns.keys() - values:
            raise msgspec.ValidationError(f"it has no {', '.join(sorted(missing))}")
        return tuple(decoder.decode(values[name]) for name, decoder in decoders)

    return decode
