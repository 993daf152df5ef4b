"""Statements on a table whose key is deferrable: rows share keys until the end, and swap them."""

from dataclasses import dataclass

from read_model.catalog.catalog import TableName
from tests.support.builders.debezium_records import ChangeEvent, DebeziumRecords, Key, Row

Step = tuple[int, Key | int] | Row | int
"""Change the key of a row (its number, and the new key or the number of the row that had it at first), insert a row,
or delete a row (its number)."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Steps in which rows may share a key. Of those that do at the end, all are deleted but the newest, or but the
    oldest with `keep_oldest`."""

    table: TableName
    steps: tuple[Step, ...]
    keep_oldest: bool = False


class DeferredStatement:
    """Runs a `Deferred` on the rows of its table, by key. `events` are its change events."""

    def __init__(self, records: DebeziumRecords, operation: Deferred, members: dict[Key, Row]) -> None:
        self._records = records
        self._table = operation.table
        self._first = [dict(row) for row in members.values()]
        self._rows: list[Row | None] = [*self._first]
        self.events: list[ChangeEvent] = []
        for step in operation.steps:
            self._step(step)
        members.clear()
        numbers = range(len(self._rows))
        for number in numbers if operation.keep_oldest else reversed(numbers):
            self._keep(number, members)

    def _step(self, step: Step) -> None:
        if isinstance(step, dict):
            self._rows.append(None)
            self._change(len(self._rows) - 1, dict(step))
        elif not self._rows:
            return
        elif isinstance(step, int):
            self._change(step % len(self._rows), None)
        else:
            number = step[0] % len(self._rows)
            row, key = self._rows[number], self._key(step[1])
            if row is not None:
                self._change(number, row | self._records.keyed(self._table, key or self._records.key(self._table, row)))

    def _key(self, key: Key | int) -> Key | None:
        if isinstance(key, tuple):
            return key
        return self._records.key(self._table, self._first[key % len(self._first)]) if self._first else None

    def _change(self, number: int, to: Row | None) -> None:
        row, old = self._rows[number], None
        if row is not None:
            old = self._records.key(self._table, row)
            self.events.append((self._table, {"op": "d", "before": self._records.before(self._table, row)}, None))
        if to is not None:
            self.events.append((self._table, {"op": "c", "after": self._records.image(self._table, to)}, old))
        self._rows[number] = to

    def _keep(self, number: int, members: dict[Key, Row]) -> None:
        row = self._rows[number]
        if row is None:
            return
        key = self._records.key(self._table, row)
        if key in members:
            self._change(number, None)
        else:
            members[key] = row
