"""Databases of the order application, on the stack's PostgreSQL."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from writer import commands as c
from writer.database import Database


@pytest.fixture(scope="module")
def new_database(stack: Any) -> Iterator[Any]:
    """Makes empty databases on the stack's PostgreSQL; they are dropped afterwards."""
    names: list[str] = []
    with psycopg.connect(stack.addresses.postgres_dsn, autocommit=True) as server:

        def make() -> str:
            name = f"writer_{uuid4().hex[:12]}"
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            names.append(name)
            return psycopg.conninfo.make_conninfo(stack.addresses.postgres_dsn, dbname=name)

        yield make
        for name in names:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def shop_dsn(new_database: Any) -> str:
    """A database with the schema and 300 seeded orders."""
    dsn = str(new_database())
    with Database(dsn) as database:
        database.create_schema()
        database.seed(300, seed=1)
    return dsn


@pytest.fixture(scope="module")
def shop(shop_dsn: str) -> Iterator[Database]:
    with Database(shop_dsn) as database:
        yield database


@pytest.fixture
def rows(shop_dsn: str) -> Iterator[psycopg.Connection]:
    """Looks at the tables from outside the application."""
    with psycopg.connect(shop_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def placed(shop: Database) -> str:
    """The number of a new order with two lines."""
    world = shop.world()
    customer = world.customers[0]
    return shop.run(
        c.PlaceOrder(
            customer=customer.number,
            ship_to=customer.labels[0],
            bill_to=customer.labels[0],
            lines=(c.Line(world.skus[0], 2), c.Line(world.skus[1], 1)),
            notes="Ring twice.",
        )
    ).name
