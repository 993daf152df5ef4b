"""The rows behind documents: of every table in the plan, the keys of the rows that make up documents with given ids.

Filters and limits are passed over: a row too many does no harm. The walk is the one of `sqlite_fan_out`, downwards.
"""

from dataclasses import dataclass

from read_model.catalog.catalog import Column, TableName, quote_identifier
from read_model.plan.model import DocumentPlan, Join
from read_model.postgres import documents
from read_model.postgres.rows import escaped
from read_model.sqlite.documents import has_id
from read_model.sqlite.fan_out import ways_down
from read_model.sqlite.json_builder import column_of, matches, text_literal
from read_model.sqlite.rows import table_name
from read_model.types.value_forms import fill, form


@dataclass(frozen=True, slots=True)
class Behind:
    """Of one table. `kept` runs on the row store: a key as a JSON object as documents show it; binds `:ids`, a JSON array of id texts.
    `source` runs on PostgreSQL: the key's columns; its `ways` parameters `%s` are the list of id texts, each the same."""

    table: TableName
    kept: str
    source: str
    ways: int


def rows_behind(document: DocumentPlan) -> tuple[Behind, ...]:
    """One entry for each table of the document."""
    tables: dict[TableName, list[tuple[tuple[Column, ...], tuple[tuple[TableName, Join], ...]]]] = {}
    for table, key, steps in ways_down(document):
        tables.setdefault(table, []).append((key, steps))
    return tuple(
        Behind(
            table,
            " UNION ".join(_kept(document, key, steps) for key, steps in ways),
            " UNION ".join(_source(document, key, steps) for key, steps in ways),
            len(ways),
        )
        for table, ways in tables.items()
    )


def _kept(document: DocumentPlan, key: tuple[Column, ...], steps: tuple[tuple[TableName, Join], ...]) -> str:
    last = _alias(len(steps))
    members = [
        f"json_quote({text_literal(column.name)}), ':', {fill(form(column).show, column_of(last, column))}"
        for column in key
    ]
    shown = "concat('{', " + ", ',', ".join(members) + ", '}')"
    joined = [f"{table_name(document.root.table)} r"]
    joined += [
        f"{table_name(table)} r{n} ON {matches(join, _alias(n - 1), f'r{n}')}" for n, (table, join) in _counted(steps)
    ]
    return f"SELECT {shown} FROM {' CROSS JOIN '.join(joined)} WHERE {has_id(document, 'r')}"


def _source(document: DocumentPlan, key: tuple[Column, ...], steps: tuple[tuple[TableName, Join], ...]) -> str:
    last = _alias(len(steps))
    shown = ", ".join(f"{last}.{quote_identifier(column.name)}" for column in key)
    joined = [f"{document.root.table.quoted} r"]
    joined += [
        f"{table.quoted} r{n} ON {documents.matches(join, _alias(n - 1), f'r{n}')}"
        for n, (table, join) in _counted(steps)
    ]
    return f"{escaped(f'SELECT {shown} FROM ' + ' JOIN '.join(joined))} WHERE {documents.restriction(document)}"


def _alias(place: int) -> str:
    return f"r{place}" if place else "r"


def _counted(steps: tuple[tuple[TableName, Join], ...]) -> list[tuple[int, tuple[TableName, Join]]]:
    return list(enumerate(steps, 1))
