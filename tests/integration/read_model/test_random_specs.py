"""Random specs over the shop's own data: the documents that SQLite builds equal PostgreSQL's (invariant 5)."""

import json
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest

from read_model import sqlite_rows
from read_model.canonical import differences
from read_model.catalog import CATALOG_QUERY, Catalog, Column, TableName, quote_identifier, read_catalog
from read_model.plan import PipelinePlan, TableUse
from read_model.postgres import document_query
from read_model.resolve import resolve
from read_model.spec import parse_spec
from read_model.values import form
from tests.support.random_specs import SpecMaker
from tests.support.row_store import RowStore
from tests.support.services import Place
from writer.database import Database

PATHS = {"attributes": ["colour", "material", "size", "size.width_mm", "labels", "in_stock", "nothing", "size.nothing"]}
SPECS = 60


def filled_row_store(plan: PipelinePlan, connection: psycopg.Connection[Any]) -> RowStore:
    """The tables of a plan with PostgreSQL's rows, as Debezium would have sent them."""
    store = RowStore(plan.tables, plan.documents)
    for use in plan.tables:
        for row in connection.execute(sent_rows(use)).fetchall():
            values = [decoded(column, text) for column, text in zip(use.columns, row, strict=True)]
            store.connection.execute(sqlite_rows.upsert(use), values)
    return store


def sent_rows(use: TableUse) -> str:
    """A query of JSON texts: numbers with decimals and json as strings, moments in ISO 8601."""
    return f"SELECT {', '.join(map(sent, use.columns))} FROM {use.table.quoted}"


def sent(column: Column) -> str:
    name = quote_identifier(column.name)
    if column.type in ("numeric", "json", "jsonb"):
        return f"to_json({name}::text)::text"
    return f"to_json({form(column).oracle.replace('{0}', name)})::text"


def decoded(column: Column, text: str | None) -> Any:
    decode: Any = form(column).decode
    return msgspec.json.decode(text or "null", type=decode if decode is msgspec.Raw else decode | None)


@pytest.fixture
def shop(place: Place) -> psycopg.Connection[Any]:
    with Database(place.dsn) as database:
        database.create_schema()
        database.seed(120, seed=3)
    return psycopg.connect(place.dsn, autocommit=True)


def test_random_specs_give_equal_documents(shop: psycopg.Connection[Any]) -> None:
    row = shop.execute(CATALOG_QUERY).fetchone()
    assert row
    catalog = read_catalog(json.loads(row[0]))
    dice = Random(20)
    maker = SpecMaker(catalog, dice, lambda table, column: some_values(table, column, shop), PATHS)
    documents = sum(assert_equal(maker.spec(), catalog, shop) for _ in range(SPECS))
    assert documents > 1000
    shop.close()


def some_values(table: TableName, column: Column, connection: psycopg.Connection[Any]) -> list[Any]:
    """Values to filter by, as JSON values."""
    name = quote_identifier(column.name)
    query = f"SELECT DISTINCT {form(column).oracle.replace('{0}', name)} FROM {table.quoted} WHERE {name} IS NOT NULL LIMIT 5"
    if column.type in ("json", "jsonb"):
        return []
    return [str(value) if column.type == "numeric" else value for (value,) in connection.execute(query)]


def assert_equal(text: str, catalog: Catalog, connection: psycopg.Connection[Any]) -> int:
    plan = resolve(parse_spec(text, "random.yaml"), catalog)
    (document,) = plan.documents
    wanted = dict(connection.execute(document_query(document)).fetchall())
    built = filled_row_store(plan, connection).build_all(document)
    assert built.keys() == wanted.keys(), text
    different = {identity: differences(built[identity], body) for identity, body in wanted.items()}
    assert {identity: one for identity, one in different.items() if one} == {}, text
    return len(wanted)
