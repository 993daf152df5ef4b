"""How the SQL of heartbeats is written: on one line, functions by their full names, names and texts quoted."""

import re

_FUNCTION = re.compile(r"(?<![\w.])(\w+)\(")
_SYNTAX = frozenset({"coalesce", "extract", "below", "bit", "t", "ARRAY"})
"""Words before a parenthesis that do not name a function."""


def one_line(text: str) -> str:
    """The SQL without its line breaks."""
    return " ".join(text.split())


def qualified(sql: str) -> str:
    """Call functions of pg_catalog by their full name: a function of the same name in `public` that fits the arguments
    better would run with the rights of the connector's role."""
    return _FUNCTION.sub(lambda call: call[0] if call[1] in _SYNTAX else f"pg_catalog.{call[0]}", sql)


def literal(text: str) -> str:
    """Quote a text for SQL, whatever `standard_conforming_strings` is."""
    quoted = text.replace("'", "''")
    return " E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in quoted else f"'{quoted}'"


def quoted_table(schema: str, name: str) -> str:
    """The quoted name of a table."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
