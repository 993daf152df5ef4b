"""Folds change events into the last state of each touched row, which is all that the row store needs. Pure.

Between two commits of the row store only the last state of a row matters: a document is touched when one of its rows
differs before or after, and both states are examined. So a thousand changes of one row cost one write. Invariant 3
holds because only whole transactions are folded.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import msgspec

from cdc.log.envelope import Record
from cdc.log.recovery import Recovery
from read_model.catalog.catalog import TableName
from sync_worker.errors import RowError, ShapeError
from sync_worker.log.toast_placeholders import placeholder_markers

ESCAPED_IN_JSON = re.compile(r'["\\\x00-\x1f]')

Key = tuple[Hashable, ...]
Row = tuple[Any, ...]
StoredRow = Callable[[TableName, Key], Row | None]
"""Reads a row of the row store by its key, in the order of the table's columns."""


@dataclass(slots=True)
class TableChanges:
    """What a batch did to one table.

    `rows[key]` is the row's last state, None when it was deleted; `touched[key]` is the first commit LSN that
    touched it. `truncated_at` is the first commit LSN of a TRUNCATE, which deletes every row stored before.
    `deleted` holds the last state of rows that this batch wrote and then deleted: a key change may take unchanged
    values from it."""

    rows: dict[Key, Row | None] = field(default_factory=dict)
    touched: dict[Key, int] = field(default_factory=dict)
    truncated_at: int | None = None
    deleted: dict[Key, Row] = field(default_factory=dict)

    def first_lsn(self) -> int:
        """The lowest commit LSN of these changes."""
        lsns = [*self.touched.values()]
        if self.truncated_at is not None:
            lsns.append(self.truncated_at)
        return min(lsns)


class RowShape:
    """Decodes the row images of one table: only the columns that documents use, in the plan's order.

    `placeholders` maps column positions to the value that Debezium sends for an unchanged TOAST column.
    """

    def __init__(
        self, table: TableName, columns: Mapping[str, Any], key: tuple[str, ...], placeholders: Mapping[int, Any]
    ) -> None:
        self.table = table
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


class TakenChange(msgspec.Struct, frozen=True, gc=False):
    """A change event that waits for the end of its transaction: decoded, and as received (for the spool).

    `old_key` is the encoded key that the row had before its key changed."""

    record: Record
    value: bytes
    old_key: bytes | None = None


class Batch:
    """Folds the transactions of one batch. Ignores changes of tables that no document uses."""

    def __init__(self, shapes: Mapping[TableName, RowShape], stored: StoredRow) -> None:
        self._shapes = shapes
        self._stored = stored
        self._rows_may_be_newer = False
        self.tables: dict[TableName, TableChanges] = {}

    def fold(
        self,
        changes: Iterable[TakenChange],
        lsn: int,
        already_visible: frozenset[TableName] = frozenset(),
        rows_may_be_newer: bool = False,
    ) -> None:
        """Add the changes of one committed transaction, in order. Tables in `already_visible` contain them already.

        With `rows_may_be_newer`, stored rows may be ahead of the log: a missing row was deleted later, or got
        another key. Raises RowError when an update needs a stored row that does not exist, ShapeError when a row has
        other columns."""
        self._rows_may_be_newer = rows_may_be_newer
        for change in changes:
            source = change.record.source
            assert source is not None
            # A plain tuple equals the TableName, and is faster to make.
            shape = self._shapes.get((source.schema, source.table))  # type: ignore[call-overload]
            if shape is None or shape.table in already_visible:
                continue
            folded = self.tables.get(shape.table)
            if folded is None:
                folded = self.tables[shape.table] = TableChanges()
            self._fold_change(shape, folded, change, lsn)

    def _fold_change(self, shape: RowShape, changes: TableChanges, change: TakenChange, lsn: int) -> None:
        record = change.record
        match record.op:
            case "c" | "u" | "r":
                self._put(shape, changes, change, lsn)
            case "d":
                _delete(changes, shape.key_before(record.before), lsn)
            case "t":
                changes.rows = dict.fromkeys(changes.rows)
                changes.deleted.clear()
                changes.truncated_at = lsn if changes.truncated_at is None else changes.truncated_at
            case "m":
                return
            case _:
                raise RowError(f"An event of {shape.table} has the unknown operation {record.op!r}.")

    def _put(self, shape: RowShape, changes: TableChanges, change: TakenChange, lsn: int) -> None:
        after = change.record.after
        row = shape.row(after)
        key = shape.key(row)
        complete: Row | None = row
        if shape.may_be_unchanged(after):
            complete = self._complete(shape, changes, row, (_old_key(shape, change, key), key))
        if change.record.op == "u" and bytes(change.record.before) != b"null":
            old = shape.key_before(change.record.before)
            if old != key:
                _delete(changes, old, lsn)
        _touch(changes, key, complete, lsn)

    def _complete(self, shape: RowShape, changes: TableChanges, row: Row, keys: tuple[Key, Key]) -> Row | None:
        """The row with its unchanged values, taken from the previous row; `keys` are its old and its current key.

        None when the stored rows are newer and do not contain the row: the log will delete it later."""
        missing = shape.unchanged(row)
        if not missing:
            return row
        old, new = keys
        before = self._before(shape, changes, old)
        if before is None and self._rows_may_be_newer:
            before = self._before(shape, changes, new)
            if before is None:
                return None
        if before is None:
            raise RowError(
                f"An update of {shape.table} omits {', '.join(shape.names[i] for i in missing)} as unchanged, but the"
                " row store does not contain the row.",
                Recovery.NEW_STORE,
            )
        return tuple(before[i] if i in missing else value for i, value in enumerate(row))

    def _before(self, shape: RowShape, changes: TableChanges, key: Key) -> Row | None:
        before = changes.rows.get(key) or changes.deleted.get(key)
        if before is None and changes.truncated_at is None:
            before = self._stored(shape.table, key)
        return before


def _old_key(shape: RowShape, change: TakenChange, key: Key) -> Key:
    if change.old_key is not None:
        return shape.key_before(msgspec.Raw(change.old_key))
    if change.record.op == "u" and bytes(change.record.before) != b"null":
        return shape.key_before(change.record.before)
    return key


def _delete(changes: TableChanges, key: Key, lsn: int) -> None:
    row = changes.rows.get(key)
    if row is not None:
        changes.deleted[key] = row
    _touch(changes, key, None, lsn)


def _touch(changes: TableChanges, key: Key, row: Row | None, lsn: int) -> None:
    changes.rows[key] = row
    changes.touched.setdefault(key, lsn)
