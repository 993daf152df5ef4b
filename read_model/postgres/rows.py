"""Queries for rows in PostgreSQL whose values come as Debezium would send them, so that `rows.upsert` can store them.

Run them in a session whose settings are pinned (`connections.postgres`).
"""

from read_model.catalog.catalog import Column, quote_identifier
from read_model.plan.model import TableUse
from read_model.postgres.documents import column_of, escaped
from read_model.types.value_form import fill
from read_model.types.value_forms import form


def row_query(use: TableUse, keys: str = "") -> str:
    """A query of one column: the used columns of each row as one JSON object.

    `keys` limits it to the rows with the primary keys that this query (with parameters) yields."""
    select = f"SELECT {_values(use.columns, 'r')} FROM {use.table.rows} r"
    if keys:
        where = f" WHERE ({_names(use.primary_key, 'r')}) IN "
        return f"SELECT row_to_json(x)::text FROM ({escaped(select + where)}({keys})) x"
    return f"SELECT row_to_json(x)::text FROM ({select}) x"


def key_query(use: TableUse, keys: str) -> str:
    """The primary keys that the query `keys` yields, as JSON objects with values as Debezium would send them."""
    names = escaped(", ".join(quote_identifier(column.name) for column in use.primary_key))
    values = escaped(_values(use.primary_key, "k"))
    return f"SELECT row_to_json(x)::text FROM (SELECT {values} FROM ({keys}) k({names})) x"


def given_keys(use: TableUse) -> str:
    """A query of the primary keys in the parameter `%s`: a JSON array of objects with values as documents show them."""
    names, table = escaped(_names(use.primary_key, "g")), escaped(use.table.quoted)
    return f"SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) g"


def _values(columns: tuple[Column, ...], alias: str) -> str:
    return ", ".join(
        f"{fill(form(column).source or form(column).oracle, column_of(alias, column))}"
        f" AS {quote_identifier(column.name)}"
        for column in columns
    )


def _names(columns: tuple[Column, ...], alias: str) -> str:
    return ", ".join(column_of(alias, column) for column in columns)
