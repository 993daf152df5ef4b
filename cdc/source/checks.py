"""Checks whether tables can be captured as they are, and what follows if they are. Pure.

A published table without a usable replica identity makes the application's own UPDATE and DELETE fail, so it is
refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cdc.capture_selection import Captured
from cdc.source.facts import Facts
from read_model.catalog.catalog import Column, OnlyTable, Table, TableName, quote_identifier
from read_model.plan.names import added_key, identity_advice

GENERATED_SINCE = 180000
"""The first server version that publishes stored generated columns."""

_PLACEHOLDER_ELEMENTS = frozenset({"text", "varchar", "bpchar", "int4", "int8", "uuid", "json", "jsonb", "bytea"})
"""The element types of arrays for which Debezium has a placeholder for an unchanged TOAST value."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Reasons against capturing the tables, and consequences that an operator should know."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check_tables(captured: Captured, facts: Facts, role: str) -> Verdict:
    """Check every captured table."""
    refusals: list[str] = []
    warnings: list[str] = []
    for name in sorted(captured):
        table = facts.catalog.tables.get(name)
        if table is None:
            refusals.append(_missing(name))
            continue
        if table.inherited and not isinstance(name, OnlyTable):
            refusals.append(
                f"{name}: other tables inherit from it, and their changes are in the log under their own names. Write"
                f" 'ONLY {name}' in the spec for its own rows, or remove it."
            )
        refusals += [*_identity(table), *_row_security(table, facts, role)]
        used = [column for column in table.columns.values() if not captured[name] or column.name in captured[name]]
        warnings += [*_identity_warnings(table), *_column_warnings(table, used, facts)]
    return Verdict(tuple(refusals), tuple(warnings))


def _missing(name: TableName) -> str:
    return (
        f"{name}: there is no such table. Check its schema and case. Views, foreign tables, temporary and unlogged"
        " tables and single partitions cannot be captured."
    )


def _identity(table: Table) -> Iterator[str]:
    """Reasons why the application's UPDATEs would fail, or the events would not identify their rows."""
    alter = f"ALTER TABLE {table.name.quoted}"
    would_fail = "publishing it would make the application's UPDATE and DELETE fail"
    use_default = f"Ask its owner to run: {alter} REPLICA IDENTITY DEFAULT."
    if not table.primary_key:
        fails = f", and {would_fail}" if table.replica_identity in "din" else ""
        yield (
            f"{table.name}: no primary key, so its changes do not identify their rows{fails}. Ask its owner to run:"
            f" {added_key(table)}{identity_advice(table)}. Instead of one, only a unique index on columns that"
            " are never null serves, named by REPLICA IDENTITY USING INDEX."
        )
    elif table.replica_identity == "n":
        yield f"{table.name}: REPLICA IDENTITY NOTHING; {would_fail}. {use_default}"
    elif table.replica_identity == "d" and table.deferrable_key:
        yield (
            f"{table.name}: the primary key is deferrable and cannot be the replica identity; {would_fail}. Ask its"
            f" owner for a primary key that is not deferrable, or to run: {alter} REPLICA IDENTITY FULL."
        )
    elif table.replica_identity == "i" and table.deferrable_key:
        yield (
            f"{table.name}: the primary key is deferrable, and the replica identity is an index: when two rows swap"
            " their keys in a transaction, the log does not tell them apart. Ask its owner to run:"
            f" {alter} REPLICA IDENTITY FULL."
        )
    elif table.replica_identity == "i" and not table.identity_columns:
        yield f"{table.name}: the index of its replica identity was dropped; {would_fail}. {use_default}"
    elif table.replica_identity == "i" and not set(table.primary_key) <= set(table.identity_columns):
        yield (
            f"{table.name}: its replica identity is the index on ({', '.join(table.identity_columns)}), which lacks the"
            f" primary key, so a delete would not identify its row. {use_default}"
        )


def _row_security(table: Table, facts: Facts, role: str) -> Iterator[str]:
    if table.row_security and not (facts.role and facts.role.bypasses_row_security):
        yield (
            f"{table.name}: row-level security hides rows from the snapshot, but not from the log, so documents would"
            f" miss rows. Run as a superuser, once the role exists: ALTER ROLE {quote_identifier(role)} BYPASSRLS (or"
            f" create it beforehand: CREATE ROLE {quote_identifier(role)} LOGIN REPLICATION BYPASSRLS)."
        )


def _identity_warnings(table: Table) -> Iterator[str]:
    if table.replica_identity == "f":
        yield (
            f"{table.name}: REPLICA IDENTITY FULL writes complete old rows to the WAL; Rowtide needs only the default."
        )
    if table.replica_identity == "i" and set(table.identity_columns) != set(table.primary_key):
        yield (
            f"{table.name}: its replica identity is an index other than the primary key, on"
            f" ({', '.join(table.identity_columns)}): every DELETE, and every UPDATE that changes one of these"
            " columns, writes all of them to the WAL; and if somebody drops the index, the application's UPDATE and"
            " DELETE fail. Rowtide needs only the default."
        )


def _column_warnings(table: Table, used: list[Column], facts: Facts) -> Iterator[str]:
    for column in used:
        name = f"{table.name}.{column.name}"
        if column.generated == "v":
            yield (
                f"{name}: a virtual generated column is never in the log, only in the snapshot. Remove it from the"
                " documents."
            )
        elif column.generated == "u":
            yield (
                f"{name}: PostgreSQL {facts.version // 10000} does not publish generated columns (18 does). Remove it from"
                " the documents."
            )
        if column.type == "money" and facts.money_places != 2:
            yield (
                f"{name}: the database prints money with {facts.money_places} decimal places (lc_monetary); documents"
                " show it with two. Use a numeric column."
            )
        if column.element_kind == "e":
            yield _stops_connector(name, "a NULL in an array of enums")
        if column.element == "numeric":
            yield _stops_connector(name, "a NaN in an array of numeric")
        if column.element and column.toastable and not _has_placeholder(column) and table.replica_identity != "f":
            yield (
                f"{name}: Debezium has no placeholder for a long {column.element}[] that an UPDATE does not change; the"
                " connector would fail there. Remove it from the documents unless its arrays stay below 2 kB."
            )


def _stops_connector(name: str, value: str) -> str:
    return (
        f"{name}: {value} makes Debezium, and so the connector, fail. Forbid it with a CHECK constraint, or remove the"
        " column from the documents."
    )


def _has_placeholder(column: Column) -> bool:
    return column.element in _PLACEHOLDER_ELEMENTS
