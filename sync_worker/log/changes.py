"""Change events folded to what the row store needs: the last state of each row touched. Pure.

Between two commits of the row store only the last state of a row matters: a document is touched when a row of it differs
before or after, and both ends are looked at. So a thousand changes of one row cost one write (invariant 3 is kept because
only whole transactions are folded).
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import msgspec

from cdc.log.envelope import Record
from cdc.log.transaction import WAY_OUT
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
    """What a batch did to one table. `rows[key]` is the row's last state, None when it is gone; `touched[key]` the first commit
    LSN that touched it. `truncated_at` is the first commit LSN of a TRUNCATE: every row stored before is gone then.
    `deleted` is the last state of rows that this batch wrote and deleted again: a key change may take values from it."""

    rows: dict[Key, Row | None] = field(default_factory=dict)
    touched: dict[Key, int] = field(default_factory=dict)
    truncated_at: int | None = None
    deleted: dict[Key, Row] = field(default_factory=dict)

    def first_lsn(self) -> int:
        """The lowest commit LSN of these changes."""
        first = min(self.touched.values(), default=None)
        known = [lsn for lsn in (first, self.truncated_at) if lsn is not None]
        return min(known)


class RowShape:
    """Decodes the row images of one table: only the columns that documents use, in the plan's order.

    `placeholders` are the values by which Debezium says "unchanged, and not in the WAL" (TOAST), by column position.
    """

    def __init__(
        self, table: TableName, columns: Mapping[str, Any], key: tuple[str, ...], placeholders: Mapping[int, Any]
    ) -> None:
        self.table = table
        self.names = tuple(columns)
        self._placeholders = placeholders
        self._needles = placeholder_markers(dict(placeholders))
        self.key: Callable[[Row], Key] = _picker([self.names.index(name) for name in key])
        """Takes the primary key out of a decoded row."""
        self._row = _decoder(columns)
        self._before = _decoder({name: columns[name] for name in key})

    def row(self, image: msgspec.Raw) -> Row:
        """Decode an `after` image."""
        return self._decode(self._row, image)

    def key_before(self, image: msgspec.Raw) -> Key:
        """Decode the primary key of a `before` image or of a key header."""
        return self._decode(self._before, image)

    def unchanged(self, row: Row) -> list[int]:
        """Positions whose value is the placeholder."""
        return [position for position, text in self._placeholders.items() if _same(row[position], text)]

    def may_be_unchanged(self, image: msgspec.Raw) -> bool:
        """Whether the image can hold a placeholder: cheap, and right nearly always."""
        if not self._needles:
            return False
        whole = bytes(image)
        return any([needle in whole for needle in self._needles])  # A list: there are one or two.

    def _decode(self, decode: Callable[[msgspec.Raw], Row], image: msgspec.Raw) -> Row:
        try:
            return decode(image)
        except msgspec.MsgspecError as error:
            raise ShapeError(
                f"a row of {self.table} has another shape than when the spec was resolved ({error}); {WAY_OUT}",
                self.table,
            ) from error


def _picker(positions: list[int]) -> Callable[[Row], Key]:
    """Picks these values of a row, always as a tuple."""
    if len(positions) == 1:
        only = positions[0]
        return lambda row: (row[only],)
    return itemgetter(*positions)


def _same(value: Any, stand_in: Any) -> bool:
    if isinstance(stand_in, msgspec.Raw):
        return isinstance(value, msgspec.Raw) and bytes(value) == bytes(stand_in)
    return bool(value == stand_in)


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
    """Slower, for column names that msgspec does not take as names of fields."""
    image_of = msgspec.json.Decoder(dict[str, msgspec.Raw])
    decoders = [(name, msgspec.json.Decoder(kind)) for name, kind in columns.items()]

    def decode(image: msgspec.Raw) -> Row:
        values = image_of.decode(image)
        if missing := columns.keys() - values:
            raise msgspec.ValidationError(f"it has no {', '.join(sorted(missing))}")
        return tuple(decoder.decode(values[name]) for name, decoder in decoders)

    return decode


class TakenChange(msgspec.Struct, frozen=True, gc=False):
    """A change event as it waits for its transaction's end: decoded, and as it came (for the spool).

    `old_key` is the row's key before a move (a key change)."""

    record: Record
    value: bytes
    old_key: bytes | None = None


class Batch:
    """Folds the transactions of one batch. Changes of tables that no document uses are passed over."""

    def __init__(self, shapes: Mapping[TableName, RowShape], stored: StoredRow) -> None:
        self._shapes = shapes
        self._stored = stored
        self._newer = False
        self.tables: dict[TableName, TableChanges] = {}

    def fold(
        self,
        changes: Iterable[TakenChange],
        lsn: int,
        known: frozenset[TableName] = frozenset(),
        newer: bool = False,
    ) -> None:
        """Take over the changes of one committed transaction, in their order. Rows of `known` tables show them already.

        With `newer`, stored rows may be of a later moment: one that is not there was deleted since, or got another key."""
        self._newer = newer
        for change in changes:
            source = change.record.source
            assert source is not None
            shape = self._shapes.get((source.schema, source.table))  # type: ignore[call-overload]  # It equals a TableName.
            if shape is None or shape.table in known:
                continue
            folded = self.tables.get(shape.table)
            if folded is None:
                folded = self.tables[shape.table] = TableChanges()
            self._one(shape, folded, change, lsn)

    def _one(self, shape: RowShape, changes: TableChanges, change: TakenChange, lsn: int) -> None:
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
                raise RowError(f"an event of {shape.table} has the operation {record.op!r}, which is not known")

    def _put(self, shape: RowShape, changes: TableChanges, change: TakenChange, lsn: int) -> None:
        after = change.record.after
        row = shape.row(after)
        key = shape.key(row)
        found: Row | None = row
        if shape.may_be_unchanged(after):
            found = self._complete(shape, changes, row, (_old_key(shape, change, key), key))
        if change.record.op == "u" and bytes(change.record.before) != b"null":
            old = shape.key_before(change.record.before)
            if old != key:
                _delete(changes, old, lsn)
        _touch(changes, key, found, lsn)

    def _complete(self, shape: RowShape, changes: TableChanges, row: Row, keys: tuple[Key, Key]) -> Row | None:
        """The row with its unchanged values, which the row before holds; `keys` are the key before and the one of now.

        None when a later moment's rows do not hold it: then its end is still to come in the log."""
        missing = shape.unchanged(row)
        if not missing:
            return row
        old, new = keys
        before = self._before(shape, changes, old)
        if before is None and self._newer:
            before = self._before(shape, changes, new)
            if before is None:
                return None
        if before is None:
            raise RowError(
                f"an update of {shape.table} leaves out {', '.join(shape.names[i] for i in missing)} as unchanged, and the"
                f" row store does not hold the row; {WAY_OUT}"
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
