"""Names of the source's tables and columns in SQLite, whose names are case-insensitive: capitals are marked with
`^`."""

import re

from read_model.catalog.catalog import TableName, quote_identifier

_MARKED = re.compile(r"[A-Z^]")


def column_name(name: str) -> str:
    """A column's quoted name, different for names that differ only in case."""
    return quote_identifier(_marked(name))


def name_of(table: TableName) -> str:
    """A table's name, not quoted. A dot within the name of the schema or the table is also marked."""
    return ".".join(_marked(part).replace(".", "^.") for part in table)


def _marked(name: str) -> str:
    return _MARKED.sub(lambda letter: f"^{letter[0]}", name)
