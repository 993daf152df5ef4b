"""Finds the tables and columns that a spec names in the catalogue, and suggests names for those that do not exist."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from read_model.catalog.catalog import Catalog, Column, OnlyTable, Table, TableName, quote_identifier
from read_model.catalog.column_types import RANGES, not_a_key, unsupported
from read_model.plan.remedies import remedy
from read_model.spec.errors import Diagnostics, Place
from read_model.spec.yaml_reader import suggestion


@dataclass(frozen=True, slots=True)
class ResolutionContext:
    """What all steps of a resolution share."""

    catalog: Catalog
    errors: Diagnostics


def find_table(text: str, place: Place, scope: ResolutionContext) -> Table | None:
    """The table that a spec calls `table` (in schema public) or `schema.table`; None with an error if documents
    cannot use it."""
    table = _table(text, scope.catalog) or _only_table(text, scope.catalog)
    if table is None:
        scope.errors.add(place, f"Table '{text}' does not exist", _table_suggestion(text, scope.catalog))
        return None
    if table.inherited and not isinstance(table.name, OnlyTable):
        what = (
            f"Table {table.name} has child tables: queries include their rows, but the log has these under other names"
        )
        scope.errors.add(place, what, f"Write 'ONLY {text}' for its own rows, and use the child tables for the others")
        return None
    if pair := _differ_by_case(table.columns):
        what = f"Columns '{pair[0]}' and '{pair[1]}' of table {table.name} differ only by case"
        scope.errors.add(place, f"{what}, and Debezium takes them for one column", "Rename one of them")
        return None
    if not table.primary_key:
        what = f"Table {table.name} has no primary key, so its changes cannot be assigned to rows"
        add = f"Add one ({added_key(table)}){identity_advice(table)}, or remove the table from the spec"
        scope.errors.add(place, what, add)
        return None
    for name in table.primary_key:
        column = table.columns[name]
        if reason := unsupported(column) or not_a_key(column):
            what = f"Column '{name}' cannot be part of the primary key of table {table.name}: {reason}"
            scope.errors.add(place, what, f"{_other_key(table, column)}, or remove the table from the spec")
            return None
    return table


def added_key(table: Table) -> str:
    """The statements that give a table a primary key. Only the second keeps rows that are equal in all columns."""
    alter = f"ALTER TABLE {table.name.quoted}"
    new = "ADD COLUMN … bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, which no statement has to name"
    return f"{alter} ADD PRIMARY KEY (…), or {alter} {new}"


def identity_advice(table: Table) -> str:
    """`, or …`: how the table's unique index without nulls can serve instead of a primary key; empty without one."""
    keys = [key for key in table.unique_keys if not any(table.columns[name].nullable for name in key)]
    if not keys:
        return ""
    index = f"its unique index on ({', '.join(keys[0])})"
    return f", or name {index} (ALTER TABLE {table.name.quoted} REPLICA IDENTITY USING INDEX …)"


def _other_key(table: Table, column: Column) -> str:
    """How a table whose primary key cannot be used gets another key."""
    alter, name = f"ALTER TABLE {table.name.quoted}", quote_identifier(column.name)
    if column.type not in RANGES:
        return f"Change the primary key{identity_advice(table)}"
    return (
        f"Add a column with the start ({alter} ADD COLUMN … GENERATED ALWAYS AS (lower({name})) STORED NOT NULL),"
        f" a unique index on it, and name that index ({alter} REPLICA IDENTITY USING INDEX …)"
    )


def _table(text: str, catalog: Catalog) -> Table | None:
    return next((catalog.tables[name] for name in _readings(text) if name in catalog.tables), None)


def _only_table(text: str, catalog: Catalog) -> Table | None:
    """The table that the spec calls `ONLY table`."""
    word, _, name = text.partition(" ")
    table = _table(name.strip(), catalog) if word.upper() == "ONLY" else None
    return table and replace(table, name=OnlyTable(*table.name))


def _readings(text: str) -> Iterator[TableName]:
    """All ways to read a name: names of schemas and tables may contain dots."""
    yield TableName("public", text)
    for at, character in enumerate(text):
        if character == ".":
            yield TableName(text[:at], text[at + 1 :])


def _differ_by_case(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two names that are one in lower case."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            return other, name
    return None


def _table_suggestion(text: str, catalog: Catalog) -> str:
    last = text.rpartition(".")[2].lower()
    same = [spec_name(name) for name in catalog.tables if name.name.lower() == last]
    if same:
        return f"Write {' or '.join(same)}"
    names = sorted(map(spec_name, catalog.tables))
    close = get_close_matches(text, names, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return "Name an ordinary table: views, single partitions and unlogged tables have no changes of their own"


def spec_name(name: TableName) -> str:
    """A table's name as a spec writes it: without the schema public."""
    return name.name if name.schema == "public" else str(name)


def find_column(table: Table, name: str, place: Place, scope: ResolutionContext) -> Column | None:
    """The column with this exact name; None with an error if it does not exist or documents cannot hold its type."""
    column = table.columns.get(name)
    if column is None:
        folded = {known.lower(): known for known in table.columns}
        written = f"Write '{folded[name.lower()]}'" if name.lower() in folded else suggestion(name, table.columns)
        scope.errors.add(place, f"Table {table.name} has no column '{name}'", written)
        return None
    if reason := unsupported(column):
        what = f"Column '{name}' of table {table.name} cannot be used: {reason}"
        scope.errors.add(place, what, f"Remove it from the spec{remedy(table, column)}")
        return None
    return column


def key_columns(table: Table) -> tuple[Column, ...]:
    """The primary key's columns."""
    return tuple(table.columns[name] for name in table.primary_key)


def is_unique(table: Table, names: Iterable[str]) -> bool:
    """Whether at most one row can have the same values in these columns. NULLs match nothing."""
    columns = set(names)
    return any(columns.issuperset(key) for key in (table.primary_key, *table.unique_keys) if key)
