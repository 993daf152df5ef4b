"""The columns of an export, and the cells of a document as raw JSON, so that numbers keep their digits. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw

from search_api.query.schema import FieldKind, IndexSchema
from search_api.query.validation import InvalidRequest, ValidationError

ID, VERSION = "_id", "_version"
MAX_COLUMNS = 200

JsonCell = Raw | None
"""A value as JSON, an array if the column has several values; None if the document has no such field."""


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A field, or an object or array as JSON. `kind` is "json" if a cell may hold several values."""

    name: str
    kind: FieldKind


def default_columns(schema: IndexSchema) -> tuple[ExportColumn, ...]:
    """The id, every field outside of arrays, and each array as a whole."""
    columns = {ID: ExportColumn(ID, "keyword")}
    for field_ in schema.fields:
        name = field_.nested.split(".")[0] if field_.nested else field_.name
        columns[name] = ExportColumn(name, "json" if field_.nested else field_.kind)
    return tuple(columns.values())


def chosen_columns(names: Sequence[str], schema: IndexSchema) -> tuple[ExportColumn, ...]:
    """The columns with these names, in this order. Raises InvalidRequest."""
    columns = {name: _column(name, schema) for name in names}
    unknown = [name for name, column in columns.items() if column is None]
    if unknown:
        raise InvalidRequest(
            *(
                ValidationError("columns", f"There is no field {name!r}; `/fields` lists all fields.")
                for name in unknown
            )
        )
    if not 0 < len(columns) <= MAX_COLUMNS:
        raise InvalidRequest(
            ValidationError("columns", f"columns: the number of columns must be from 1 to {MAX_COLUMNS}.")
        )
    return tuple(column for column in columns.values() if column)


def _column(name: str, schema: IndexSchema) -> ExportColumn | None:
    if name in (ID, VERSION):
        return ExportColumn(name, "keyword" if name == ID else "integer")
    field_ = schema.by_name.get(name)
    if field_ is not None:
        return ExportColumn(name, "json" if field_.nested else field_.kind)
    return ExportColumn(name, "json") if any(field_.name.startswith(f"{name}.") for field_ in schema.fields) else None


@dataclass(slots=True)
class _Branch:
    """The columns below one key of the document."""

    places: list[int] = field(default_factory=list)
    below: dict[str, "_Branch"] = field(default_factory=dict)


_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])


class CellReader:
    """Extracts the cells of some columns from documents; each object of a document is decoded once."""

    def __init__(self, columns: Sequence[ExportColumn]) -> None:
        self._count = len(columns)
        self._root = _Branch()
        for place, column in enumerate(columns):
            branch = self._root
            for name in column.name.split("."):
                branch = branch.below.setdefault(name, _Branch())
            branch.places.append(place)

    def of(self, document: Raw) -> list[JsonCell]:
        """The cells of a document, in the order of the columns."""
        cells: list[JsonCell] = [None] * self._count
        _fill(document, self._root, cells)
        return cells


def _fill(value: Raw, branch: _Branch, cells: list[JsonCell]) -> None:
    """Fill in the cells below a value outside of arrays: each is one value, or an array of those below an array."""
    opening: object = memoryview(value)[:1]
    if opening == b"{":
        for below, part in _members(value, branch):
            for place in below.places:
                cells[place] = part
            if below.below:
                _fill(part, below, cells)
    elif opening == b"[":
        values_by_place: dict[int, list[Raw]] = {place: [] for place in _places(branch)}
        _collect(value, branch, values_by_place)
        for place, values in values_by_place.items():
            cells[place] = Raw(b"[" + b",".join(map(bytes, values)) + b"]")


def _collect(value: Raw, branch: _Branch, values_by_place: dict[int, list[Raw]]) -> None:
    """Collect the values below an array, or below a value inside of one."""
    opening: object = memoryview(value)[:1]
    if opening == b"{":
        for below, part in _members(value, branch):
            for place in below.places:
                values_by_place[place].append(part)
            if below.below:
                _collect(part, below, values_by_place)
    elif opening == b"[":
        for element in _array.decode(value):
            _collect(element, branch, values_by_place)


def _members(value: Raw, branch: _Branch) -> list[tuple[_Branch, Raw]]:
    """The members of an object that columns are below, each with its branch."""
    parts = _object.decode(value)
    return [(below, parts[name]) for name, below in branch.below.items() if name in parts]


def _places(branch: _Branch) -> list[int]:
    return [place for below in branch.below.values() for place in (*below.places, *_places(below))]
