"""The records that Debezium writes of a database's tables, in their true JSON forms."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from read_model.catalog.catalog import TableName
from read_model.plan.model import TableUse

PLACEHOLDER = "rowtide-unavailable-0123456789abcdef"
FLOATS = {"float4", "float8"}
SLOW = 100_000
"""Milliseconds from one LSN to the next: none is so close to another that clocks could explain it."""

Key = tuple[Any, ...]
Row = dict[str, Any]
ChangeEvent = tuple[TableName, dict[str, Any], Key | None]
"""The table, the op with the images, and the key before a key change."""


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka message, with the methods of the real one that the worker uses."""

    body: bytes
    place: int = 0
    oldkey: bytes | None = None

    def value(self) -> bytes:
        """The record's JSON."""
        return self.body

    def offset(self) -> int:
        """The offset."""
        return self.place

    def headers(self) -> list[tuple[str, bytes]] | None:
        """The header of the second half of a key change."""
        return None if self.oldkey is None else [("__debezium.oldkey", self.oldkey)]


class EventPosition(NamedTuple):
    """The place of a change event in the log: its LSN, its transaction, its number in it, and the commit before."""

    lsn: int
    tx_id: int
    order: int
    last_commit: int | None


class DebeziumRecords:
    """The records of these tables."""

    def __init__(self, uses: Iterable[TableUse]) -> None:
        self._uses = {use.table: use for use in uses}

    def snapshot(self, rows: Sequence[tuple[TableName, Row]], lsn: int) -> list[Message]:
        """A snapshot of these rows, all with one LSN."""
        messages = []
        for place, (table, row) in enumerate(rows):
            flag = self._snapshot_flag([table for table, _ in rows], place)
            source = _origin(table.schema, table.name, 789, lsn, f'[null,"{lsn}"]') | {"snapshot": flag}
            change = {"before": None, "after": self.image(table, row), "source": source, "transaction": None}
            body = change | {"op": "r", "ts_ms": lsn * SLOW}
            messages.append(Message(msgspec.json.encode(body)))
        return messages

    def _snapshot_flag(self, tables: Sequence[TableName], place: int) -> str:
        """As Debezium has it: `first` only when the first table has rows, `last` wherever the last row is."""
        table = tables[place]
        if place == len(tables) - 1:
            return "last"
        begins = place == 0 or tables[place - 1] != table
        if begins and table == next(iter(self._uses)):
            return "first"
        if tables[place + 1] != table:
            return "last_in_data_collection"
        return "first_in_data_collection" if begins else "true"

    def change(self, table: TableName, body: dict[str, Any], old: Key | None, position: EventPosition) -> Message:
        """A change event. `body` is its op and images, `old` the key before a key change."""
        lsn, tx_id = position.lsn, position.tx_id
        last = "null" if position.last_commit is None else f'"{position.last_commit}"'
        record = {
            "before": None,
            "after": None,
            **body,
            "source": _origin(table.schema, table.name, tx_id, lsn, f'[{last},"{lsn}"]'),
            "transaction": {"id": f"{tx_id}:{lsn}", "total_order": position.order, "data_collection_order": 1},
        }
        header = None if old is None else msgspec.json.encode(self.keyed(table, old))
        return Message(msgspec.json.encode(record), oldkey=header)

    def key(self, table: TableName, row: Row) -> Key:
        """A row's primary key."""
        return tuple(row[column.name] for column in self._uses[table].primary_key)

    def keyed(self, table: TableName, key: Key) -> Row:
        """The columns of a primary key."""
        return {column.name: value for column, value in zip(self._uses[table].primary_key, key, strict=True)}

    def before(self, table: TableName, row: Row) -> Row:
        """The `before` image of a delete: the primary key, all other columns null, or the row of a deferrable key."""
        if self._uses[table].deferrable:
            return self.image(table, row)
        return {name: None for name in row} | self.keyed(table, self.key(table, row))

    def before_update(self, table: TableName, row: Row) -> Row | None:
        """The `before` image of an update that leaves the key: only of a deferrable key, whose log has the old rows."""
        return self.image(table, row) if self._uses[table].deferrable else None

    def image(self, table: TableName, row: Row, old: Row | None = None) -> Row:
        """The row as Debezium sends it; texts that equal those in `old` are placeholders (TOAST)."""
        image: Row = {}
        for column in self._uses[table].columns:
            value = row[column.name]
            if old is not None and column.type == "text" and value is not None and old[column.name] == value:
                value = PLACEHOLDER
            elif isinstance(value, Decimal):
                value = msgspec.Raw(str(value).encode()) if column.type in FLOATS else str(value)
            image[column.name] = value
        return image


def heartbeat(lsn: int, neighbour: str = "") -> Message:
    """A heartbeat; with `neighbour`, that of the pipeline with this slot, on the same database."""
    content = msgspec.json.encode({"at_ms": lsn * SLOW, **({"neighbour": neighbour} if neighbour else {})})
    message = {"prefix": "rowtide-hb", "content": base64.b64encode(content).decode()}
    source = _origin("", "", None, lsn, f'["{lsn}","{lsn}"]')
    body = {"op": "m", "ts_ms": lsn, "source": source, "transaction": None, "message": message}
    return Message(msgspec.json.encode(body))


def begin_marker(tx_id: int, lsn: int) -> Message:
    """The record that begins a transaction."""
    return Message(msgspec.json.encode({"status": "BEGIN", "id": f"{tx_id}:{lsn}", "event_count": None, "ts_ms": lsn}))


def end_marker(tx_id: int, lsn: int, count: int) -> Message:
    """The record that ends a transaction of so many events."""
    return Message(msgspec.json.encode({"status": "END", "id": f"{tx_id}:{lsn}", "event_count": count, "ts_ms": lsn}))


def _origin(schema: str, table: str, tx_id: int | None, lsn: int, sequence: str) -> dict[str, Any]:
    return {"snapshot": None, "sequence": sequence, "schema": schema, "table": table, "txId": tx_id, "lsn": lsn}
