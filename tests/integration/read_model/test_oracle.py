"""SQLite's documents against PostgreSQL's own, on a real server (invariant 5)."""

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg import sql

from read_model.catalog.catalog import TableName, quote_identifier
from read_model.catalog.catalog_query import CATALOG_QUERY, read_catalog
from read_model.lineage import row_lineage
from read_model.plan.model import Compute, DocumentPlan, Include, Join, Node, Order, TableUse
from read_model.plan.resolve import resolve
from read_model.postgres.digests import bucket_query, digest_query
from read_model.postgres.documents import document_query
from read_model.postgres.rows import key_query, row_query
from read_model.spec.parser import parse_spec
from read_model.sqlite import rows as sqlite_rows
from read_model.types.canonical_json import differences
from read_model.types.value_forms import form
from sync_worker.log.row_shape import RowShape
from sync_worker.resync.source_snapshot import query_for_keys
from tests.support.builders import plans
from tests.support.builders.edge_values import EDGES, MEMBERS
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
                connection.execute("CREATE TYPE edge_floats AS RANGE (subtype = float8)")
                connection.execute("CREATE TYPE edge_instants AS RANGE (subtype = timestamptz)")
                connection.execute("CREATE TYPE edge_mood AS ENUM ('ok', 'very sad')")
                types = {"bpchar": "char(5)"}
                members = ", ".join(f"{quote_identifier(m.name)} {types.get(m.type, m.type)}" for m in MEMBERS)
                connection.execute(f"CREATE TYPE edge_composite AS ({members})".encode())
                connection.execute("SET TimeZone = UTC; SET search_path = public")
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


ODD = [
    "userId",
    'a "quoted" one',
    "two words",
    "select",
    "order",
    "naïve ß",
    "日本",
    "it's",
    "100%",
    "%s",
    ":id",
    "$1",
    "?1",
]
ODD += [
    "{0}",
    "back\\slash",
    "a\nb",
    "a.b",
    "^",
    "-- no",
    "rowid",
    "k0",
    "lsn",
    "first_lsn",
    "touch",
    "é" * 31,
    "x" * 63,
]


def test_rows_of_tables_with_odd_names_are_re_read(connection: psycopg.Connection) -> None:
    names = [f"{name}"[:63] for name in ODD]
    listed = ", ".join(f"{quote_identifier(name)} text NOT NULL" for name in names)
    key = ", ".join(map(quote_identifier, names[:3]))
    parent, child = TableName('odd "schema" %', "Par.ent %s"), TableName('odd "schema" %', "child :c")
    connection.execute(f"CREATE SCHEMA {quote_identifier(parent.schema)}".encode())
    connection.execute(f"CREATE TABLE {parent.quoted} ({listed}, PRIMARY KEY ({key}))".encode())
    connection.execute(
        f"CREATE TABLE {child.quoted} ({listed}, PRIMARY KEY ({key}), FOREIGN KEY ({key}) REFERENCES {parent.quoted})".encode()
    )
    for table in (parent, child):
        for row in "ab":
            values = ", ".join(f"'{row}{place}'" for place in range(len(names)))
            connection.execute(f"INSERT INTO {table.quoted} VALUES ({values})".encode())
    text = connection.execute(CATALOG_QUERY.encode()).fetchone()
    assert text is not None
    fields = [{f"f{place}": name} for place, name in enumerate(names)]
    include = {"children": {"many": str(child), "fields": fields}}
    body = {"pipeline": "odd", "documents": {"d": {"from": str(parent), "fields": fields, "include": include}}}
    plan = resolve(parse_spec(json.dumps(body), "spec.yaml"), read_catalog(json.loads(text[0])))
    (document,) = plan.documents
    store = RowStore(plan.tables, plan.documents)
    for use in plan.tables:
        shape = RowShape(use.table, sqlite_rows.decoded_types(use), tuple(c.name for c in use.primary_key), {})
        for (image,) in connection.execute(row_query(use).encode()).fetchall():
            store.connection.execute(sqlite_rows.upsert(use), shape.row(msgspec.Raw(image.encode())))
    assert_equal(store, document, connection)
    ids = list(store.build_all(document))
    for lineage in row_lineage(document):
        use = next(use for use in plan.tables if use.table == lineage.table)
        stored = [key for (key,) in store.connection.execute(lineage.row_store, {"ids": json.dumps(ids)})]
        assert len(stored) == 2
        keyed = query_for_keys(use, stored)
        for sql_, parameters in ((keyed.sql, keyed.parameters), (lineage.source, (ids,) * lineage.parameters)):
            assert len(connection.execute(key_query(use, sql_).encode(), parameters).fetchall()) == 2
            assert len(connection.execute(row_query(use, sql_).encode(), parameters).fetchall()) == 2
    assert len(connection.execute(bucket_query(document, True, 9).encode()).fetchall()) == 2
    assert len(connection.execute(digest_query(document).encode(), (ids,)).fetchall()) == 2
