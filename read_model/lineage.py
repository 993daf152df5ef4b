"""Row lineage: for every table of a plan, the keys of the rows that documents are made of.

Filters and limits do not count: an extra row does no harm. The joins are walked as in `read_model.sqlite.fan_out`,
but downwards.
"""

from dataclasses import dataclass

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, Join
from read_model.postgres import documents
from read_model.sqlite.documents import has_id
from read_model.sqlite.fan_out import table_paths
from read_model.sqlite.json_builder import column_of, matches, text_literal
from read_model.sqlite.rows import table_name
from read_model.types.value_form import fill
from read_model.types.value_forms import form


@dataclass(frozen=True, slots=True)
class RowLineage:
    """Two queries for the keys of one table's rows.

    `row_store` runs on SQLite, binds `:ids`, a JSON array of id texts, and yields each key as a JSON object of
    values as documents show them. `source` runs on PostgreSQL and yields the key's columns; each of its `parameters`
    `%s` takes the same list of id texts."""

    table: TableName
    row_store: str
    source: str
    parameters: int


def row_lineage(document: DocumentPlan) -> tuple[RowLineage, ...]:
    """One entry for each table of the document."""
    tables: dict[TableName, list[tuple[tuple[Column, ...], tuple[tuple[TableName, Join], ...]]]] = {}
    for table, key, steps in table_paths(document):
        tables.setdefault(table, []).append((key, steps))
    return tuple(
        RowLineage(
            table,
            " UNION ".join(_row_store(document, key, steps) for key, steps in ways),
            " UNION ".join(_source(document, key, steps) for key, steps in ways),
            len(ways),
        )
        for table, ways in tables.items()
    )


def _row_store(document: DocumentPlan, key: tuple[Column, ...], steps: tuple[tuple[TableName, Join], ...]) -> str:
    last = _alias(len(steps))
    members = [
        f"json_quote({text_literal(column.name)}), ':', {fill(form(column).render, column_of(last, column))}"
        for column in key
    ]
    key_json = "concat('{', " + ", ',', ".join(members) + ", '}')"
    joined = [f"{table_name(document.root.table)} r"]
    joined += [
        f"{table_name(table)} r{n} ON {matches(join, _alias(n - 1), f'r{n}')}"
        for n, (table, join) in enumerate(steps, 1)
    ]
    return f"SELECT {key_json} FROM {' CROSS JOIN '.join(joined)} WHERE {has_id(document, 'r')}"


def _source(document: DocumentPlan, key: tuple[Column, ...], steps: tuple[tuple[TableName, Join], ...]) -> str:
    last = _alias(len(steps))
    columns = ", ".join(documents.column_of(last, column) for column in key)
    joined = [f"{document.root.table.rows} r"]
    joined += [
        f"{table.rows} r{n} ON {documents.matches(join, _alias(n - 1), f'r{n}')}"
        for n, (table, join) in enumerate(steps, 1)
    ]
    select = documents.escaped(f"SELECT {columns} FROM {' JOIN '.join(joined)}")
    return f"{select} WHERE {documents.restriction(document)}"


def _alias(depth: int) -> str:
    return f"r{depth}" if depth else "r"
