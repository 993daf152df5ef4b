"""What to do about a column that documents cannot hold: which other column shows its values, or what makes it usable.

Each is tried by the case `semantics/remedies-for-types`, or by those of arrays under REPLICA IDENTITY FULL."""

from read_model.catalog.catalog import Column, Table, quote_identifier
from read_model.catalog.column_types import FLOATS, WITHOUT_PLACEHOLDER, is_array

_PRINTED_ALIKE = frozenset({*FLOATS, "numeric"})
"""Elements whose text does not depend on settings, as PostgreSQL sees it, so that a generated column may have it."""
_AS_JSON = "CREATE FUNCTION as_json(anyarray) RETURNS jsonb IMMUTABLE LANGUAGE sql AS 'SELECT to_jsonb($1)'"


def remedy(table: Table, column: Column) -> str:
    """`, or …`: what to do about a column that is not supported, instead of leaving it out; empty if there is nothing."""
    if column.generated or column.mistaken_for:
        return ""
    alter, name = f"ALTER TABLE {table.name.quoted}", quote_identifier(column.name)
    full = "" if table.partitioned else f", or run {alter} REPLICA IDENTITY FULL"
    if column.type == "bit":
        return f"{full}{_other_column(alter, 'text', f'{name}::text')}"
    if not is_array(column):
        return _other_column(alter, "text", f"({name}).member" if column.kind == "c" else f"{name}::text")
    if column.dimensions > 1 or column.element not in WITHOUT_PLACEHOLDER:
        return _other_column(alter, "jsonb", f"as_json({name})", f", after {_AS_JSON}")
    if column.element in _PRINTED_ALIKE:
        return f"{full}{_other_column(alter, 'text[]', f'{name}::text[]')}"
    return full


def _other_column(alter: str, type_: str, expression: str, after: str = "") -> str:
    return (
        f", or add a column that shows the value ({alter} ADD COLUMN … {type_} GENERATED ALWAYS AS ({expression}) STORED"
        f"{after}; before PostgreSQL 18 an ordinary column that a trigger fills)"
    )
