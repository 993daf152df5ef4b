"""SQLite's documents against PostgreSQL's own, on a real server (invariant 5)."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg import sql

from read_model.catalog.catalog import TableName
from read_model.plan.model import Compute, DocumentPlan, Include, Join, Node, Order, TableUse
from read_model.postgres.documents import document_query
from read_model.sqlite import rows as sqlite_rows
from read_model.types.canonical_json import differences
from read_model.types.value_forms import form
from tests.support.builders import plans
from tests.support.builders.edge_values import EDGES
from tests.support.fakes.row_store import RowStore
from tests.support.oracle import digests

SQL_TYPES = {"int4": "int", "int8": "bigint", "text": "text", "bool": "bool", "timestamptz": "timestamptz"}

SPELLED_OTHERWISE = {"float4", "float8", "float_array", "float_array_odd", "real_array", "numeric_negative_scale"}
"""Types of which some values have the same meaning and another spelling in the index, so that `verify` looks twice."""


@pytest.fixture(scope="module")
def connection(stack: Any) -> Iterator[psycopg.Connection]:
    """An empty database on the stack's PostgreSQL, dropped afterwards."""
    name = f"read_model_{uuid4().hex[:12]}"
    dsn = stack.addresses.postgres_dsn
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
        try:
            with psycopg.connect(dsn, dbname=name, autocommit=True) as connection:
                yield connection
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def assert_equal(store: RowStore, plan: DocumentPlan, connection: psycopg.Connection) -> None:
    """Every document of the store is the oracle's, ids both ways; asking for ids gives the same documents."""
    built = store.build_all(plan)
    expected: dict[str, str] = dict(connection.execute(document_query(plan)).fetchall())
    assert built.keys() == expected.keys()
    differing = {identity: differences(built[identity], text) for identity, text in expected.items()}
    assert {identity: different for identity, different in differing.items() if different} == {}
    assert list(expected) == digests.ids_in_order(plan, connection)
    some = sorted(expected)[::2]
    selected: dict[str, str] = dict(connection.execute(document_query(plan, ids=True), (some,)).fetchall())
    assert selected == {identity: expected[identity] for identity in some}


@pytest.mark.parametrize("name", EDGES)
def test_values_of_every_type_are_shown_alike(name: str, connection: psycopg.Connection) -> None:
    column, sql_type, cases = EDGES[name]
    table = TableName("public", f"edge {name}")
    literals = [(n, literal) for n, (literal, _) in enumerate([*cases, ("NULL", "null")])]
    connection.execute(f"CREATE TABLE {table.quoted} (id int8 PRIMARY KEY, one int8 DEFAULT 1, v {sql_type})")
    for n, literal in literals:
        connection.execute(f"INSERT INTO {table.quoted} (id, v) VALUES ({n}, {literal})")
    plan, use = edge_plan(table, column)
    store = RowStore((use,), (plan,))
    decoders = [
        msgspec.json.Decoder(kind if kind is msgspec.Raw else kind | None) for kind in map(decode_of, use.columns)
    ]
    for n, (_, sent) in enumerate([*cases, ("NULL", "null")]):
        values = [decoder.decode(text) for decoder, text in zip(decoders, (str(n), "1", sent), strict=True)]
        store.connection.execute(sqlite_rows.upsert(use), values)
    assert_equal(store, plan, connection)
    unlike = digests.unlike(plan, connection, store.build_all(plan))
    assert not unlike or name in SPELLED_OTHERWISE


def decode_of(column: Any) -> Any:
    """What the worker decodes a column as."""
    return form(column).decode


def edge_plan(table: TableName, column: Any) -> tuple[DocumentPlan, TableUse]:
    """Documents with the value itself, in an ordered array, in a limited one, and summed and compared where the type allows."""
    constant = plans.integer("one")
    leaf = Node(table, (plans.ID,), plans.fields(column))
    join = Join((constant,), (constant,))
    how = form(column)
    kinds = ("int", "bool", "scaled", "decimal", "float", "text", "moment")
    order = (Order(column), Order(plans.ID)) if how.kind in kinds else (Order(plans.ID),)
    every = Include("every", True, leaf, join, order_by=order, value=True)
    few = Include("few", True, leaf, join, order_by=(Order(plans.ID, descending=True),), limit=2, value=True)
    computes = [Compute("total", "sum", every, column)] if how.total else []
    if how.kind in ("int", "bool", "scaled", "decimal", "float", "text") or column.type in ("date", "timestamptz"):
        computes += [Compute("least", "min", every, column), Compute("most", "max", every, column)]
    same = Include("same", False, leaf, Join((plans.ID,), (plans.ID,)), value=True)
    root = Node(table, (plans.ID,), plans.fields(column), includes=(every, few, same), computes=tuple(computes))
    use = TableUse(table, (plans.ID, constant, column), (plans.ID,), (("one",),))
    return DocumentPlan("edge", root, (plans.ID,)), use


@pytest.mark.parametrize("seed", range(3))
def test_random_databases_give_equal_documents(seed: int, connection: psycopg.Connection) -> None:
    dice = random.Random(seed)
    store = RowStore(plans.TABLES, plans.DOCUMENTS)
    for use in plans.TABLES:
        columns = ", ".join(
            f'"{column.name}" {SQL_TYPES.get(column.type) or column.type + precision(column)}' for column in use.columns
        )
        connection.execute(f"DROP TABLE IF EXISTS {use.table.quoted}")
        key = ", ".join(f'"{column.name}"' for column in use.primary_key)
        connection.execute(f"CREATE TABLE {use.table.quoted} ({columns}, PRIMARY KEY ({key}))")
        rows = {}
        for _ in range(60):
            row = {column.name: some_value(column, dice) for column in use.columns}
            rows[tuple(row[column.name] for column in use.primary_key)] = row
        for row in rows.values():
            store.upsert(use.table, row)
            marks = ", ".join(["%s"] * len(row))
            connection.execute(f"INSERT INTO {use.table.quoted} VALUES ({marks})", list(row.values()))
    for plan in plans.DOCUMENTS:
        assert_equal(store, plan, connection)
        assert len(digests.unlike(plan, connection, store.build_all(plan))) < 10


def precision(column: Any) -> str:
    """A numeric's modifier."""
    return f"({column.precision},{column.scale})" if column.precision else ""


def some_value(column: Any, dice: random.Random) -> Any:
    """A value of a column's type; sometimes null."""
    if column.nullable and dice.random() < 0.15:
        return None
    integer = dice.randint(1, 25)
    moment = f"2024-05-{dice.randint(10, 30)}T09:{dice.randint(10, 59)}:00{dice.choice(['', '.5', '.000001'])}Z"
    return {
        "bool": integer < 5,
        "numeric": Decimal(dice.randint(-(10**6), 10**6)).scaleb(-2),
        "float8": dice.choice([0.1, 0.2, -1.5, 14.0, 2.5e-07, 1e22]),
        "timestamptz": moment,
        "text": dice.choice(["", "a", "b", "B", "é", "it's", "draft", 'x"y\\z', "𝄞", "tab\t", "tail ", "100%"]),
    }.get(column.type, integer)
