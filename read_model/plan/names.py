"""Find a spec's tables and columns in the catalogue, and say what to write when they are not there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from read_model.catalog.catalog import Catalog, Column, Table, TableName
from read_model.catalog.column_types import not_a_key, unsupported
from read_model.spec.errors import Faults, Place
from read_model.spec.yaml_reader import suggestion


@dataclass(frozen=True, slots=True)
class Scope:
    """What the whole resolution shares."""

    catalog: Catalog
    faults: Faults


def find_table(text: str, place: Place, scope: Scope) -> Table | None:
    """The table that a spec calls `table` (of schema public) or `schema.table`; documents can use it."""
    tables = scope.catalog.tables
    table = next((tables[name] for name in _readings(text) if name in tables), None)
    if table is None:
        scope.faults.add(place, f"there is no table '{text}'", _instead(text, scope.catalog))
        return None
    if table.inherited:
        what = f"other tables inherit from {table.name}: their rows are rows of it to a query, but not in the log"
        scope.faults.add(place, what, "Leave the table out; the tables that inherit can be used")
        return None
    if not table.primary_key:
        remedy = f"Add one (ALTER TABLE {table.name.quoted} ADD PRIMARY KEY …), or leave the table out"
        scope.faults.add(
            place, f"the table {table.name} has no primary key, so its changes cannot be told apart", remedy
        )
        return None
    for name in table.primary_key:
        column = table.columns[name]
        if reason := unsupported(column) or not_a_key(column):
            what = f"the primary key of {table.name} has the column '{name}': {reason}"
            scope.faults.add(place, what, "Leave the table out, or give it another primary key")
            return None
    return table


def _readings(text: str) -> Iterator[TableName]:
    """All ways to read a name, since schemas and tables may contain points themselves."""
    yield TableName("public", text)
    for at, character in enumerate(text):
        if character == ".":
            yield TableName(text[:at], text[at + 1 :])


def _instead(text: str, catalog: Catalog) -> str:
    last = text.rpartition(".")[2].lower()
    same = [spoken(name) for name in catalog.tables if name.name.lower() == last]
    if same:
        return f"Write {' or '.join(same)}"
    names = sorted(map(spoken, catalog.tables))
    close = get_close_matches(text, names, n=1)
    return (
        f"Did you mean '{close[0]}'"
        if close
        else "Name a table: views, partitions and unlogged tables have no changes of their own"
    )


def spoken(name: TableName) -> str:
    """A table's name as a spec writes it: without the schema when that is public."""
    return name.name if name.schema == "public" else str(name)


def find_column(table: Table, name: str, place: Place, scope: Scope) -> Column | None:
    """A column of a table by its exact name, of a type that documents can hold."""
    column = table.columns.get(name)
    if column is None:
        folded = {known.lower(): known for known in table.columns}
        remedy = f"Write '{folded[name.lower()]}'" if name.lower() in folded else suggestion(name, table.columns)
        scope.faults.add(place, f"{table.name} has no column '{name}'", remedy)
        return None
    if reason := unsupported(column):
        scope.faults.add(place, f"the column '{name}' of {table.name} cannot be shown: {reason}", "Leave it out")
        return None
    return column


def key_columns(table: Table) -> tuple[Column, ...]:
    """The primary key's columns."""
    return tuple(table.columns[name] for name in table.primary_key)


def is_unique(table: Table, names: Iterable[str]) -> bool:
    """Whether at most one row can have given values in these columns (nulls match nothing)."""
    covered = set(names)
    return any(covered.issuperset(key) for key in (table.primary_key, *table.unique_keys) if key)
