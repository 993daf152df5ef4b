"""Rows of an export as a Parquet file, one row group per batch."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from search_api.exports.columns import ExportColumn, JsonCell
from search_api.exports.formats import ExportRow, RowCells
from search_api.query.schema import FieldKind


class UnsupportedCell(Exception):
    """A value that does not fit its column, found after the file was begun."""


class _Sink:
    """The file that the writer writes to; its bytes are sent with the next rows."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Parquet:
    """One file. A column has the type of its field; if the first rows have several values in it, it is JSON text."""

    media_type = "application/vnd.apache.parquet"

    def __init__(self, columns: Sequence[ExportColumn]) -> None:
        import pyarrow  # noqa: PLC0415 Large, and only used by exports.
        import pyarrow.parquet  # noqa: PLC0415

        self._arrow = pyarrow
        self._parquet = pyarrow.parquet
        self._columns = columns
        self._cells = RowCells(columns)
        self._sink = _Sink()
        self._kinds: list[FieldKind] = []
        self._writer: Any = None

    def begin(self) -> bytes:
        return b""

    def rows(self, rows: Sequence[ExportRow]) -> bytes:
        """A row group. Raises UnsupportedCell."""
        cells = [self._cells.of(row) for row in rows]
        if self._writer is None:
            self._open(cells)
        arrays = [
            self._arrow.array([_value(row[place], kind, self._columns[place]) for row in cells], self._type(kind))
            for place, kind in enumerate(self._kinds)
        ]
        self._writer.write_table(self._arrow.table(arrays, names=[column.name for column in self._columns]))
        return self._sink.take()

    def end(self) -> bytes:
        if self._writer is None:
            self._open([])
        self._writer.close()
        return self._sink.take()

    def _open(self, first: list[list[JsonCell]]) -> None:
        several = [any(row[place] is not None and bytes(row[place] or b"")[:1] in (b"[", b"{") for row in first)
                   for place in range(len(self._columns))]  # fmt: skip
        self._kinds = ["json" if many else column.kind for column, many in zip(self._columns, several, strict=True)]
        fields = [
            self._arrow.field(column.name, self._type(kind))
            for column, kind in zip(self._columns, self._kinds, strict=True)
        ]
        self._writer = self._parquet.ParquetWriter(self._arrow.PythonFile(self._sink, "w"), self._arrow.schema(fields))

    def _type(self, kind: FieldKind) -> Any:
        match kind:
            case "integer":
                return self._arrow.int64()
            case "number":
                return self._arrow.float64()
            case "boolean":
                return self._arrow.bool_()
            case "date":
                return self._arrow.timestamp("us", tz="UTC")
            case _:
                return self._arrow.string()


def _value(cell: JsonCell, kind: FieldKind, column: ExportColumn) -> Any:
    if cell is None or bytes(cell) == b"null":
        return None
    raw = bytes(cell)
    if kind in ("json", "other"):
        return raw.decode()
    try:
        return _typed(raw, kind)
    except (msgspec.DecodeError, ValueError):
        raise UnsupportedCell(
            f"Column {column.name} contains values of several types; omit it, or choose another format."
        ) from None


def _typed(raw: bytes, kind: FieldKind) -> Any:
    match kind:
        case "integer":
            return msgspec.json.decode(raw, type=int)
        case "number":
            return float(msgspec.json.decode(raw, type=str) if raw[:1] == b'"' else raw)
        case "boolean":
            return msgspec.json.decode(raw, type=bool)
        case "date":
            return _timestamp(msgspec.json.decode(raw, type=str))
        case _:
            return msgspec.json.decode(raw, type=str)


def _timestamp(text: str) -> datetime | None:
    """Infinite dates and years beyond Python's range become null; CSV and NDJSON keep them."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
