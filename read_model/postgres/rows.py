"""Rows read from PostgreSQL by SQL, in the form in which the log would bring them: what a row's `take` takes.

Run them with DateStyle ISO and extra_float_digits 1 or more, which are the server's defaults.
"""

from read_model.catalog.catalog import Column, quote_identifier
from read_model.plan.model import TableUse
from read_model.types.value_forms import fill, form


def row_query(use: TableUse, keys: str = "") -> str:
    """A query of one column: a row's used columns as one JSON object.

    With `keys`, a query with parameters that yields primary keys in the key's order, only the rows with those."""
    found = f"SELECT {_sent(use.columns, 'r')} FROM {use.table.quoted} r"
    if keys:
        own = f" WHERE ({_names(use.primary_key, 'r')}) IN "
        return f"SELECT row_to_json(x)::text FROM ({escaped(found + own)}({keys})) x"
    return f"SELECT row_to_json(x)::text FROM ({found}) x"


def key_query(use: TableUse, keys: str) -> str:
    """Primary keys as JSON objects, in the log's form too, of a query that yields them in the key's order."""
    names = escaped(", ".join(quote_identifier(column.name) for column in use.primary_key))
    shown = escaped(_sent(use.primary_key, "k"))
    return f"SELECT row_to_json(x)::text FROM (SELECT {shown} FROM ({keys}) k({names})) x"


def given_keys(use: TableUse) -> str:
    """A query of primary keys that are given as a parameter `%s`: a JSON array of objects, values as documents show them."""
    names, table = escaped(_names(use.primary_key, "g")), escaped(use.table.quoted)
    return f"SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) g"


def escaped(query: str) -> str:
    """A text of a query that takes parameters."""
    return query.replace("%", "%%")


def _sent(columns: tuple[Column, ...], alias: str) -> str:
    return ", ".join(
        f"{fill(form(column).sent or form(column).oracle, f'{alias}.{quote_identifier(column.name)}')}"
        f" AS {quote_identifier(column.name)}"
        for column in columns
    )


def _names(columns: tuple[Column, ...], alias: str) -> str:
    return ", ".join(f"{alias}.{quote_identifier(column.name)}" for column in columns)
