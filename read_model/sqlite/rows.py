"""The row store's tables: one for each source table, with the columns that documents use, in SQLite.

Statements take Debezium's JSON values, decoded as `decoded_types` defines, as positional parameters in the order of
`TableUse.columns` (upsert) or of `TableUse.primary_key` (delete and changed keys).
"""

from collections.abc import Collection

from read_model.catalog.catalog import Column, TableName, quote_identifier
from read_model.plan.model import TableUse
from read_model.sqlite.identifiers import column_name, name_of
from read_model.types.value_form import fill
from read_model.types.value_forms import form

ROWS = "row_"
"""The prefix of the tables that documents are built from."""
SNAPSHOT = "snap_"
"""The prefix of the tables that a running snapshot fills."""
CHANGED = "changed_"
"""The prefix of the temporary tables of changed keys."""
ALL_COLUMNS = -1
"""Every bit of `column_bits`."""
_LAST_BIT = 62


def table_name(table: TableName, prefix: str = ROWS) -> str:
    """The quoted name of a source table's rows in SQLite."""
    return quote_identifier(f"{prefix}{name_of(table)}")


def create_table(use: TableUse, prefix: str = ROWS) -> list[str]:
    """The statements that create a table of rows. For a snapshot create the indexes afterwards (`create_indexes`)."""
    columns = [f"{column_name(column.name)} {_declaration(column, use)}" for column in use.columns]
    columns.append(f"PRIMARY KEY ({_names(use.primary_key)})")
    # A single integer key is the rowid itself; every other key is the table's own tree instead of a second one.
    suffix = "" if _is_rowid(use) else " WITHOUT ROWID"
    return [f"CREATE TABLE IF NOT EXISTS {table_name(use.table, prefix)} ({', '.join(columns)}){suffix}"]


def create_indexes(use: TableUse, prefix: str = ROWS) -> list[str]:
    """The statements that create the indexes for joins.

    Their names carry the prefix, so both sets can exist at once."""
    key = tuple(column.name for column in use.primary_key)
    statements = []
    for lookup in use.lookups:
        if key[: len(lookup)] != lookup:
            name = quote_identifier(f"{prefix}{name_of(use.table)} by {', '.join(map(column_name, lookup))}")
            columns = ", ".join(map(column_name, lookup))
            statements.append(f"CREATE INDEX IF NOT EXISTS {name} ON {table_name(use.table, prefix)} ({columns})")
    return statements


def drop_table(use: TableUse) -> str:
    """Drop the rows of a table that no document uses any more."""
    return f"DROP TABLE {table_name(use.table)}"


def upsert(use: TableUse, prefix: str = ROWS) -> str:
    """Insert a row or replace the one with its key."""
    values = ", ".join(fill(form(column).store, f"?{n}") for n, column in enumerate(use.columns, 1))
    return f"INSERT OR REPLACE INTO {table_name(use.table, prefix)} ({_names(use.columns)}) VALUES ({values})"


def conversions(use: TableUse) -> dict[str, str]:
    """By column, the conversion of a value (`?1`) to its stored form."""
    return {column.name: f"SELECT {fill(form(column).store, '?1')}" for column in use.columns}


def delete(use: TableUse, prefix: str = ROWS) -> str:
    """Delete the row with a key."""
    return f"DELETE FROM {table_name(use.table, prefix)} WHERE {key_matches(use)}"


def truncate(use: TableUse) -> str:
    """Delete all rows."""
    return f"DELETE FROM {table_name(use.table)}"


def select_row(use: TableUse, prefix: str = ROWS) -> str:
    """The values of the stored row with a key, so that `upsert` takes them, in the order of `TableUse.columns`."""
    values = ", ".join(fill(form(column).resend, column_name(column.name)) for column in use.columns)
    return f"SELECT {values} FROM {table_name(use.table, prefix)} WHERE {key_matches(use)}"


def differs(use: TableUse) -> str:
    """Compare a row (parameters as of `upsert`) with the stored one: yields a row if they differ or none is stored."""
    same = " AND ".join(_same(column) for column in use.columns)
    return f"SELECT 1 FROM (SELECT {_bound_row(use)}) n WHERE NOT EXISTS (SELECT 1 FROM {table_name(use.table)} r WHERE {same})"


def begin_snapshot(use: TableUse) -> list[str]:
    """The statements that create an empty table for a snapshot, next to that of the rows."""
    return [f"DROP TABLE IF EXISTS {table_name(use.table, SNAPSHOT)}", *create_table(use, SNAPSHOT)]


def finish_snapshot(use: TableUse) -> list[str]:
    """The statements that replace the rows with the loaded snapshot."""
    rows, loaded = table_name(use.table), table_name(use.table, SNAPSHOT)
    return [f"DROP TABLE {rows}", f"ALTER TABLE {loaded} RENAME TO {rows}", *create_indexes(use)]


def decoded_types(use: TableUse) -> dict[str, type]:
    """What msgspec decodes each column's JSON value as. All but `msgspec.Raw` may be None; a null Raw is `null`."""
    return {column.name: form(column).decode for column in use.columns}


def create_changed(use: TableUse) -> str:
    """The temporary table of a batch's changed keys: k0, k1, …, the LSN of the first change, and which columns changed
    (bits as in `column_bits`; all when the row was inserted or deleted)."""
    columns = [f"k{n} {form(column).declared}" for n, column in enumerate(use.primary_key)]
    key = ", ".join(f"k{n}{letter_by_letter(column)}" for n, column in enumerate(use.primary_key))
    name = table_name(use.table, CHANGED)
    return (
        f"CREATE TEMP TABLE IF NOT EXISTS {name} ({', '.join(columns)}, lsn INTEGER, columns INTEGER, PRIMARY KEY ({key}))"
        " WITHOUT ROWID"
    )


def drop_changed(use: TableUse) -> str:
    """Drop the temporary table of changed keys."""
    return f"DROP TABLE {_changed(use)}"


def column_bits(use: TableUse, columns: Collection[Column]) -> int:
    """A set of columns as an integer. SQLite's integers have 63 bits and a sign: later columns share the last bit."""
    return sum({1 << min(n, _LAST_BIT) for n, column in enumerate(use.columns) if column in columns})


def insert_changed(use: TableUse) -> str:
    """Mark a key (`TableUse.primary_key`, then the LSN) as changed in every column. A key marked before keeps its
    LSN."""
    values = [fill(form(column).store, f"?{n}") for n, column in enumerate(use.primary_key, 1)]
    return f"INSERT OR IGNORE INTO {_changed(use)} VALUES ({', '.join(values)}, ?{len(values) + 1}, {ALL_COLUMNS})"


def mark_changed(use: TableUse) -> str:
    """Mark the key of a row (parameters as of `upsert`, then the LSN) as changed, unless the stored row is the same. A
    key marked before keeps its LSN and its columns."""
    key = " AND ".join(
        same_spelling(column, f"r.{column_name(column.name)}", f"n.{column_name(column.name)}")
        for column in use.primary_key
    )
    keys = [f"n.{column_name(column.name)} AS k{n}" for n, column in enumerate(use.primary_key)]
    others = (column for column in use.columns if column not in use.primary_key)
    bits = " | ".join(f"iif({_same(column)}, 0, {column_bits(use, [column])})" for column in others)
    changed = f"iif(r.{column_name(use.primary_key[0].name)} IS NULL, {ALL_COLUMNS}, {bits or '0'}) AS columns"
    return (
        f"INSERT OR IGNORE INTO {_changed(use)}"
        f" SELECT * FROM (SELECT {', '.join(keys)}, ?{len(use.columns) + 1} AS lsn, {changed}"
        f" FROM (SELECT {_bound_row(use)}) n LEFT JOIN {table_name(use.table)} r ON {key}) WHERE columns <> 0"
    )


def mark_all(use: TableUse) -> str:
    """Mark the keys of all stored rows as changed; binds the LSN."""
    keys = _names(use.primary_key)
    return f"INSERT OR IGNORE INTO {_changed(use)} SELECT {keys}, ?, {ALL_COLUMNS} FROM {table_name(use.table)}"


def mark_differing(use: TableUse) -> tuple[str, ...]:
    """Mark as changed the keys whose rows differ between the stored rows and the loaded snapshot, either way; `?1`
    is the LSN."""
    rows, loaded = table_name(use.table), table_name(use.table, SNAPSHOT)
    key = " AND ".join(_same(column) for column in use.primary_key)
    same = " AND ".join(_same(column) for column in use.columns)
    changed = f"INSERT OR IGNORE INTO {_changed(use)}"
    keys = [column_name(column.name) for column in use.primary_key]
    new = f"SELECT {', '.join(f'n.{name}' for name in keys)}, ?1, {ALL_COLUMNS} FROM {loaded} n"
    old = f"SELECT {', '.join(f'r.{name}' for name in keys)}, ?1, {ALL_COLUMNS} FROM {rows} r"
    return (
        f"{changed} {new} WHERE NOT EXISTS (SELECT 1 FROM {rows} r WHERE {same})",
        f"{changed} {old} WHERE NOT EXISTS (SELECT 1 FROM {loaded} n WHERE {key})",
    )


def count_changed(use: TableUse) -> str:
    """The number of changed keys."""
    return f"SELECT count(*) FROM {_changed(use)}"


def clear_changed(use: TableUse) -> str:
    """Empty the table of changed keys."""
    return f"DELETE FROM {_changed(use)}"


def key_matches(use: TableUse) -> str:
    """The condition on the row with a key, spelt as it is; parameters from `?1` on."""
    return " AND ".join(
        same_spelling(column, column_name(column.name), fill(form(column).store, f"?{n}"))
        for n, column in enumerate(use.primary_key, 1)
    )


def letter_by_letter(column: Column) -> str:
    """The collation that tells equal values apart that are spelt differently, as a suffix of an expression or of an
    indexed column; "" if there are none. citext ignores case, and 1.0 equals 1.00. A float has one spelling in documents,
    but two in the row store: the log writes 2.0, and PostgreSQL 2."""
    equal_by_collation = "COLLATE" in form(column).declared and form(column).kind != "float"
    return " COLLATE BINARY" if equal_by_collation else ""


def same_spelling(column: Column, left: str, right: str, operator: str = "=") -> str:
    """The condition that two values of a column are equal and spelt alike. The first term uses the column's index."""
    exact = letter_by_letter(column)
    return f"{left} {operator} {right}" + (f" AND {left} {operator} {right}{exact}" if exact else "")


def _changed(use: TableUse) -> str:
    return f"temp.{table_name(use.table, CHANGED)}"


def _bound_row(use: TableUse) -> str:
    """The stored values of a row that is bound as in `upsert`, each named as its column."""
    return ", ".join(
        f"{fill(form(column).store, f'?{n}')} AS {column_name(column.name)}" for n, column in enumerate(use.columns, 1)
    )


def _same(column: Column) -> str:
    """Both null, or equal and spelt alike: documents show it."""
    name = column_name(column.name)
    return same_spelling(column, f"r.{name}", f"n.{name}", "IS")


def _is_rowid(use: TableUse) -> bool:
    return len(use.primary_key) == 1 and form(use.primary_key[0]).declared == "INTEGER"


def _declaration(column: Column, use: TableUse) -> str:
    return form(column).declared + (" NOT NULL" if column in use.primary_key else "")


def _names(columns: tuple[Column, ...]) -> str:
    return ", ".join(column_name(column.name) for column in columns)
