"""What tables and columns of the source are called in SQLite, which takes capitals and small letters for the same."""

import re

from read_model.catalog.catalog import TableName, quote_identifier

_MARKED = re.compile(r"[A-Z^]")


def column_name(name: str) -> str:
    """A column's quoted name: no two columns of a table share one, whatever their capitals."""
    return quote_identifier(_marked(name))


def name_of(table: TableName) -> str:
    """A table's name, unquoted. A point inside of the schema's or the table's name is marked, too."""
    return ".".join(_marked(part).replace(".", "^.") for part in table)


def _marked(name: str) -> str:
    return _MARKED.sub(lambda letter: f"^{letter[0]}", name)
