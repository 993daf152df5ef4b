"""Rows of an export as CSV or NDJSON. Numbers stay as they are written in the document. Pure."""

import csv
import io
from collections.abc import Sequence
from typing import Protocol

import msgspec
from msgspec import Raw, Struct, field

from search_api.exports.columns import ID, VERSION, CellReader, ExportColumn, JsonCell
from search_api.exports.formula_escape import json_cell, text_cell


class ExportRow(Struct):
    """A hit of the export's search."""

    id: str = field(name="_id")
    source: Raw = field(name="_source", default=Raw(b"{}"))
    version: int = field(name="_version", default=0)
    sort: Raw = Raw(b"[]")


class Format(Protocol):
    """Encodes rows, a batch at a time."""

    media_type: str

    def begin(self) -> bytes:
        """The bytes before the first row."""

    def rows(self, rows: Sequence[ExportRow]) -> bytes:
        """A batch of rows."""

    def end(self) -> bytes:
        """The bytes after the last row."""


class RowCells:
    """Extracts the cells of rows: fields of the document, and the row's id and version."""

    def __init__(self, columns: Sequence[ExportColumn]) -> None:
        self._cells = CellReader(columns)
        self._ids = [place for place, column in enumerate(columns) if column.name == ID]
        self._versions = [place for place, column in enumerate(columns) if column.name == VERSION]

    def of(self, row: ExportRow) -> list[JsonCell]:
        """The cells of one row, in the order of the columns."""
        cells = self._cells.of(row.source)
        for place in self._ids:
            cells[place] = Raw(msgspec.json.encode(row.id))
        for place in self._versions:
            cells[place] = Raw(msgspec.json.encode(row.version))
        return cells


class Csv:
    """RFC 4180, with the column names first. `header` is False for a part that continues another."""

    media_type = "text/csv; charset=utf-8"

    def __init__(self, columns: Sequence[ExportColumn], header: bool) -> None:
        self._columns = columns
        self._cells = RowCells(columns)
        self._header = header

    def begin(self) -> bytes:
        return _lines([[text_cell(column.name) for column in self._columns]]) if self._header else b""

    def rows(self, rows: Sequence[ExportRow]) -> bytes:
        return _lines([[_text(cell) for cell in self._cells.of(row)] for row in rows])

    def end(self) -> bytes:
        return b""


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _text(cell: JsonCell) -> str:
    """A cell as text: null and missing values are empty, and no part of it is a formula."""
    if cell is None:
        return ""
    raw = bytes(cell)
    if raw.startswith(b'"'):
        return text_cell(raw[1:-1].decode() if b"\\" not in raw else msgspec.json.decode(raw, type=str))
    if raw.startswith((b"[", b"{")):
        return json_cell(raw.decode())
    return "" if raw == b"null" else raw.decode()


class Ndjson:
    """One JSON object per line: id, version and document; with chosen columns, one flat object of those."""

    media_type = "application/x-ndjson"

    def __init__(self, columns: Sequence[ExportColumn] | None) -> None:
        self._names = [msgspec.json.encode(column.name) for column in columns or ()]
        self._cells = RowCells(columns) if columns else None

    def begin(self) -> bytes:
        return b""

    def rows(self, rows: Sequence[ExportRow]) -> bytes:
        return b"".join(map(self._line, rows))

    def end(self) -> bytes:
        return b""

    def _line(self, row: ExportRow) -> bytes:
        if self._cells is None:
            return b'{"id":%b,"version":%d,"document":%b}\n' % (msgspec.json.encode(row.id), row.version, row.source)
        pairs = zip(self._names, self._cells.of(row), strict=True)
        return b"{" + b",".join(name + b":" + bytes(cell or b"null") for name, cell in pairs) + b"}\n"
