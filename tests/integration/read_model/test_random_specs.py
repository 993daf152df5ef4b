"""Random specs over the shop's data: SQLite builds the same documents as PostgreSQL (invariant 5)."""

import json
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest

from read_model.catalog.catalog import Catalog, Column, TableName, quote_identifier
from read_model.catalog.catalog_query import CATALOG_QUERY, read_catalog
from read_model.plan.model import PipelinePlan, TableUse
from read_model.plan.resolve import resolve
from read_model.postgres.documents import document_query
from read_model.postgres.lineage import parts_query
from read_model.spec.parser import parse_spec
from read_model.sqlite import rows as sqlite_rows
from read_model.types.canonical_json import differences
from read_model.types.value_forms import form
from tests.support.builders.random_specs import SpecMaker
from tests.support.fakes.row_store import RowStore
from tests.support.oracle import digests
from tests.support.servers.services import Place
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
def shop(place: Place) -> Iterator[psycopg.Connection[Any]]:
    """A database with 120 seeded orders."""
    with Database(place.dsn) as database:
        database.create_schema()
        database.seed(120, seed=3)
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        yield connection


def spec_maker(connection: psycopg.Connection[Any], seed: int) -> SpecMaker:
    row = connection.execute(CATALOG_QUERY).fetchone()
    assert row
    catalog = read_catalog(json.loads(row[0]))
    return SpecMaker(catalog, Random(seed), lambda table, column: some_values(table, column, connection), PATHS)


def test_random_specs_give_equal_documents(shop: psycopg.Connection[Any]) -> None:
    maker = spec_maker(shop, seed=20)
    documents = sum(assert_equal(maker.spec(), maker.catalog, shop) for _ in range(SPECS))
    assert documents > 1000


def test_random_changes_touch_every_document_that_they_change(shop: psycopg.Connection[Any]) -> None:
    maker = spec_maker(shop, seed=21)
    changed = sum(changed_documents(maker.spec(), maker, shop) for _ in range(SPECS // 2))
    assert changed > 100


def changed_documents(text: str, maker: SpecMaker, connection: psycopg.Connection[Any]) -> int:
    """Change some rows of a plan's tables; how many documents changed, all of them pending."""
    plan = resolve(parse_spec(text, "random.yaml"), maker.catalog)
    (document,) = plan.documents
    before = filled_row_store(plan, connection).build_all(document)
    store = filled_row_store(plan, connection)
    changes = [change for use in plan.tables for change in row_changes(use, store, maker.dice)]
    for use, old, new in changes:
        for row in (old, new):
            store.note_changed(use.table, [row[place] for place in key_places(use)])
    store.touch_changed()
    for use, old, new in changes:
        store.delete(use.table, [old[place] for place in key_places(use)])
        if new is not old:
            store.connection.execute(sqlite_rows.upsert(use), new)
    store.touch_changed()
    pending, after = store.pending(document), store.build_all(document)
    different = {id_ for id_ in before.keys() | after.keys() if before.get(id_) != after.get(id_)}
    assert different <= pending, text
    return len(different)


def row_changes(use: TableUse, store: RowStore, dice: Random) -> list[Any]:
    """Up to three rows of a table with what becomes of each: other values from another row (new parents, now and then
    another key), or the row itself for a delete."""
    names = ", ".join(quote_identifier(column.name) for column in use.columns)
    rows = [list(row) for row in store.connection.execute(f"SELECT {names} FROM {sqlite_rows.table_name(use.table)}")]
    rows = [[as_bound(column, value) for column, value in zip(use.columns, row, strict=True)] for row in rows]
    changes = []
    for old in dice.sample(rows, min(dice.randint(0, 3), len(rows))):
        other = dice.choice(rows)
        fixed = set(key_places(use)) if dice.random() < 0.8 else set()
        mixed = [value if at in fixed or dice.random() < 0.5 else other[at] for at, value in enumerate(old)]
        changes.append((use, old, old if dice.random() < 0.25 else mixed))
    return changes


def as_bound(column: Column, stored: Any) -> Any:
    """A stored value as the worker binds it."""
    value_form = form(column)
    if value_form.kind == "scaled" and stored is not None:
        return str(Decimal(stored).scaleb(-value_form.scale))
    return bool(stored) if value_form.kind == "bool" and stored is not None else stored


def key_places(use: TableUse) -> list[int]:
    """Where the primary key's columns stand in a row."""
    return [use.columns.index(column) for column in use.primary_key]


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
    expected = dict(connection.execute(document_query(document)).fetchall())
    built = filled_row_store(plan, connection).build_all(document)
    assert built.keys() == expected.keys(), text
    different = {identity: differences(built[identity], body) for identity, body in expected.items()}
    assert {identity: places for identity, places in different.items() if places} == {}, text
    assert digests.unlike(document, connection, built) == set(), text
    ids = sorted(expected)[:3]
    for (parts,) in connection.execute(parts_query(document, committed=False), (ids,)):
        assert json.loads(parts)[0].keys() == {"path", "table", "key", "xid", "age", "committed_ms"}, text
    return len(expected)
