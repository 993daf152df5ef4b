"""Fills the tables quickly: the catalogue, customers, and finished orders through COPY."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from random import Random

from psycopg import Connection, sql
from psycopg_pool import ConnectionPool

from writer import bulk, catalogue, customer_data
from writer.commands import CreateCustomer
from writer.display_numbers import customer_number
from writer.execute import execute
from writer.vocabulary import vocabulary

BATCH = 5000  # Orders per transaction: about 30,000 rows.
# Tables in the order in which their foreign keys allow them.
_ORDER_TABLES = ("orders", "order_lines", "payments", "shipments", "order_tags")


def seed_catalogue(connection: Connection, seed: int, size: int) -> int:
    """Categories, tags and `size` products, if there are no products yet. Returns the number of products."""
    row = connection.execute("SELECT count(*) FROM products").fetchone()
    assert row is not None
    if row[0] > 0:
        return int(row[0])
    for category in catalogue.categories():
        connection.execute(
            """INSERT INTO categories (parent_id, slug, name)
               VALUES ((SELECT id FROM categories WHERE slug = %s), %s, %s)""",
            (category.parent, category.slug, category.name),
        )
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO tags (name) VALUES (%s)", [(t,) for t in vocabulary().lists["tags"]])
    products = list(catalogue.products(seed, size))
    with connection.pipeline():
        for product in products:
            execute(connection, product)
    return len(products)


def seed_customers(connection: Connection, seed: int, count: int) -> int:
    """Adds customers until there are `count`. Returns how many were added."""
    row = connection.execute("SELECT count(*) FROM customers").fetchone()
    assert row is not None
    missing = max(0, count - int(row[0]))
    if missing == 0:
        return 0
    # One generator for all of them: the first customers are those of `shop.new_world` with the same seed.
    rng = Random(f"customers-{seed}")
    numbers = reserve(connection, "customer_number_seq", missing)
    customers = [customer_data.customer(rng, customer_number(number)) for number in numbers]
    ids = reserve(connection, "customers_id_seq", missing)
    _copy(
        connection,
        "customers",
        "id, number, name, company, email, phone, segment, country",
        (
            (id_, c.number, c.name, c.company, c.email, c.phone, c.segment, c.country)
            for id_, c in zip(ids, customers, strict=True)
        ),
    )
    _copy(
        connection,
        "addresses",
        "customer_id, label, recipient, street, postal_code, city, region, country",
        (row for id_, c in zip(ids, customers, strict=True) for row in _addresses(id_, c)),
    )
    return missing


def seed_orders(
    pool: ConnectionPool, seed: int, size: int, until: datetime, progress: Callable[[int], None] | None = None
) -> None:
    """Adds `size` orders, BATCH per transaction. `progress` is called with the orders written so far."""
    with pool.connection() as connection:
        stock = _stock(connection)
    rng = Random(f"orders-{seed}")
    written = 0
    for part in bulk.batches(size, BATCH):
        with pool.connection() as connection:
            ids = reserve(connection, "orders_id_seq", part)
            running = reserve(connection, "order_number_seq", part)
            rows = bulk.batch(rng, stock, list(zip(ids, running, strict=True)), until)
            for table in _ORDER_TABLES:
                _copy(connection, table, bulk.COLUMNS[table], getattr(rows, table))
        written += part
        if progress is not None:
            progress(written)


def reserve(connection: Connection, sequence: str, count: int) -> list[int]:
    """Reserve `count` values of a sequence."""
    rows = connection.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", (sequence, count)).fetchall()
    return [row[0] for row in rows]


def _stock(connection: Connection) -> bulk.Stock:
    buyers = connection.execute(
        "SELECT customer_id, array_agg(id ORDER BY id) FROM addresses GROUP BY customer_id ORDER BY customer_id"
    ).fetchall()
    articles = connection.execute("SELECT id, price FROM products WHERE active ORDER BY id").fetchall()
    tags = connection.execute("SELECT id FROM tags ORDER BY id").fetchall()
    return bulk.Stock(
        buyers=[bulk.Buyer(row[0], tuple(row[1])) for row in buyers],
        articles=[bulk.Article(row[0], row[1]) for row in articles],
        tag_ids=[row[0] for row in tags],
    )


def _addresses(customer_id: int, customer: CreateCustomer) -> Iterable[tuple[object, ...]]:
    for a in customer.addresses:
        yield (customer_id, a.label, a.recipient, a.street, a.postal_code, a.city, a.region, a.country)


def _copy(connection: Connection, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
    names = sql.SQL(", ").join(sql.Identifier(name.strip()) for name in columns.split(","))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
