"""Whether a table can be captured as it is, and what follows if it is. Pure.

A published table without a usable replica identity makes the application's own UPDATE and DELETE fail: refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdc.source.facts import Facts
from read_model.catalog.catalog import Column, Table, TableName, quote_identifier

Captured = Mapping[TableName, Sequence[str]]
"""The tables to capture, and the columns of each that documents use; none means all."""

GENERATED_SINCE = 180000

_PLACEHOLDER_ELEMENTS = frozenset({"text", "varchar", "int2", "int4", "int8", "uuid", "json", "jsonb", "bytea"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Reasons against, and consequences to know."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(captured: Captured, facts: Facts, role: str) -> Verdict:
    """Judge every captured table."""
    refusals: list[str] = []
    warnings: list[str] = []
    for name in sorted(captured):
        table = facts.catalog.tables.get(name)
        if table is None:
            refusals.append(_missing(name))
            continue
        if table.inherited:
            refusals.append(
                f"{name}: other tables inherit from it, and their changes have their own names in the log. Leave it out."
            )
        refusals += [*_identity(table), *_row_security(table, facts, role)]
        used = [column for column in table.columns.values() if not captured[name] or column.name in captured[name]]
        warnings += [*_identity_warnings(table), *_column_warnings(table, used, facts.version)]
    return Verdict(tuple(refusals), tuple(warnings))


def _missing(name: TableName) -> str:
    return (
        f"{name}: there is no such table. Check its schema and case; views, foreign, temporary and unlogged tables"
        " and single partitions cannot be captured."
    )


def _identity(table: Table) -> Iterator[str]:
    """Reasons why the table's UPDATEs would fail, or its events be of no use."""
    alter = f"ALTER TABLE {table.name.quoted}"
    would_fail = "publishing it would make the application's UPDATE and DELETE fail"
    if not table.primary_key:
        so = f"its changes cannot be told apart{f', and {would_fail}' if table.replica_identity in 'dn' else ''}"
        yield f"{table.name}: no primary key, so {so}. Ask its owner for: {alter} ADD PRIMARY KEY (…). No replica identity replaces it."
    elif table.replica_identity == "n":
        yield f"{table.name}: REPLICA IDENTITY NOTHING; {would_fail}. Ask its owner for: {alter} REPLICA IDENTITY DEFAULT."
    elif table.replica_identity == "d" and table.deferrable_key:
        yield (
            f"{table.name}: the primary key is deferrable and so no replica identity; {would_fail}. Ask its owner for"
            f" a key that is not, or for: {alter} REPLICA IDENTITY FULL."
        )
    elif table.replica_identity == "i" and not table.identity_columns:
        yield f"{table.name}: the index of its replica identity is gone; {would_fail}. Ask its owner for: {alter} REPLICA IDENTITY DEFAULT."
    elif table.replica_identity == "i" and not set(table.primary_key) <= set(table.identity_columns):
        yield (
            f"{table.name}: its replica identity is the index on ({', '.join(table.identity_columns)}) without the primary"
            f" key, so a delete would not say which row. Ask its owner for: {alter} REPLICA IDENTITY DEFAULT."
        )


def _row_security(table: Table, facts: Facts, role: str) -> Iterator[str]:
    if table.row_security and not (facts.role and facts.role.bypasses_row_security):
        yield (
            f"{table.name}: row-level security hides rows from the snapshot, but not from the log; documents would miss"
            f" rows. As a superuser, once the role exists: ALTER ROLE {quote_identifier(role)} BYPASSRLS"
            f" (or create it before: CREATE ROLE {quote_identifier(role)} LOGIN REPLICATION BYPASSRLS)."
        )


def _identity_warnings(table: Table) -> Iterator[str]:
    if table.replica_identity == "f":
        yield f"{table.name}: REPLICA IDENTITY FULL writes whole old rows to the WAL; the default is enough for Rowtide."
    if table.replica_identity == "i" and set(table.identity_columns) != set(table.primary_key):
        yield (
            f"{table.name}: its replica identity is an index other than the key, on ({', '.join(table.identity_columns)}):"
            " every DELETE, and every UPDATE that changes one of these columns, writes all of them to the WAL; and if somebody"
            " drops the index, the application's UPDATE and DELETE fail. The default is enough for Rowtide."
        )


def _column_warnings(table: Table, used: list[Column], version: int) -> Iterator[str]:
    for column in used:
        where = f"{table.name}.{column.name}"
        if column.generated == "v":
            yield f"{where}: a virtual generated column is never in the log, only in the snapshot. Leave it out of documents."
        elif column.generated == "s" and version < GENERATED_SINCE:
            yield f"{where}: PostgreSQL {version // 10000} does not publish generated columns (18 does). Leave it out of documents."
        if column.element_kind == "e":
            yield f"{where}: a NULL in an array of enums makes Debezium, and so the connector, stop. Forbid it by a CHECK, or leave it out."
        if column.element == "numeric":
            yield f"{where}: a NaN in an array of numeric makes Debezium, and so the connector, stop. Forbid it by a CHECK, or leave it out."
        if column.element and column.toastable and not _stands_in(column) and table.replica_identity != "f":
            yield (
                f"{where}: Debezium has no stand-in for a long {column.element}[] that an UPDATE leaves as it is: the"
                " connector would fail there. Leave it out of documents unless its arrays stay below 2 kB."
            )


def _stands_in(column: Column) -> bool:
    return column.element in _PLACEHOLDER_ELEMENTS
