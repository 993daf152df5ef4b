"""The application on one PostgreSQL database: schema, seed, commands, and what exists."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import resources
from types import TracebackType

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolTimeout

from writer import display_numbers, seeder
from writer.bulk import LAST_DAY
from writer.commands import Command, Done
from writer.errors import ConflictError, DatabaseUnavailableError, LoginRefusedError, NotFoundError, NotReadyError
from writer.execute import execute
from writer.rules import Status
from writer.shop import KnownCustomer, World

_DEADLOCK_TRIES = 3
_NUMBERS_AT_ONCE = 100
_CUSTOMERS_IN_WORLD = 5000
_ORDERS_IN_WORLD = 1000


class Database:
    """A pool of connections with the application's operations. Use it in a `with` statement, or close it."""

    def __init__(self, dsn: str, *, connections: int = 4, timeout_s: float = 10.0) -> None:
        """Connects at once. Raises DatabaseUnavailableError when that fails; the message has no password."""
        with _reported():
            # One plain connection first: it reports why a login fails; the pool reports only a timeout.
            psycopg.connect(dsn, connect_timeout=max(1, int(timeout_s))).close()
        self._pool = ConnectionPool(
            dsn,
            min_size=1,
            max_size=connections,
            timeout=timeout_s,
            open=True,
            kwargs={"application_name": "writer"},
        )

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        self._pool.close()

    def has_schema(self) -> bool:
        """Whether this application's tables are there."""
        with _reported(), self._pool.connection() as connection:
            row = connection.execute("SELECT to_regclass('public.order_lines') IS NOT NULL").fetchone()
        return row is not None and bool(row[0])

    def create_schema(self) -> None:
        """Creates every type and table in `public`, all or nothing. Raises ConflictError when one exists."""
        script = resources.files("writer").joinpath("schema.sql").read_bytes()
        try:
            with _reported(), self._pool.connection() as connection:
                connection.execute(script)
        except (errors.DuplicateObject, errors.DuplicateTable) as error:
            raise ConflictError(
                f"The schema cannot be created: {error.diag.message_primary}. "
                "It may exist already. To start over, use an empty database."
            ) from error

    def run(self, command: Command) -> Done:
        """Runs one command in one transaction; it is committed when this returns.

        Raises RuleBrokenError, NotFoundError or ConflictError when the command is refused, and
        DatabaseUnavailableError when PostgreSQL does not answer. Nothing was changed then, except that the outcome of a
        commit in progress is unknown.
        """
        for attempt in range(1, _DEADLOCK_TRIES + 1):
            try:
                with _reported(), self._pool.connection() as connection:
                    return execute(connection, command)
            except errors.DeadlockDetected:
                if attempt == _DEADLOCK_TRIES:
                    raise
        raise AssertionError("the loop returns or raises")

    def seed(
        self,
        size: int,
        seed: int,
        *,
        products: int | None = None,
        customers: int | None = None,
        until: datetime = LAST_DAY,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Adds `size` finished orders, and before that the catalogue and customers that they need.

        The orders were placed in the year and a half before `until`. On an empty schema the same arguments give the
        same rows, except when catalogue rows were created.
        A catalogue that exists is kept.
        """
        with _reported():
            with self._pool.connection() as connection:
                seeder.seed_catalogue(connection, seed, products or min(2000, max(300, size // 50)))
                seeder.seed_customers(connection, seed, customers or max(50, size // 10))
            seeder.seed_orders(self._pool, seed, size, until, progress)

    def world(self) -> World:
        """What a workload starts from: customers, products, the latest orders, and new numbers."""
        with _reported(), self._pool.connection() as connection:
            customers = connection.execute(
                """SELECT c.number, c.name, array_agg(a.label ORDER BY a.id)
                     FROM customers c JOIN addresses a ON a.customer_id = c.id
                    GROUP BY c.id ORDER BY c.id LIMIT %s""",
                (_CUSTOMERS_IN_WORLD,),
            ).fetchall()
            skus = connection.execute("SELECT sku FROM products WHERE active ORDER BY id").fetchall()
            orders = connection.execute(
                """SELECT number, status::text FROM orders WHERE deleted_at IS NULL AND total > 10
                    ORDER BY id DESC LIMIT %s""",
                (_ORDERS_IN_WORLD,),
            ).fetchall()
            tags = connection.execute("SELECT name FROM tags ORDER BY id").fetchall()
        if not customers or not skus:
            raise NotReadyError(
                "There is no customer or no product to order. Create some with `python -m writer seed`."
            )
        return World(
            customers=[KnownCustomer(row[0], row[1], tuple(row[2])) for row in customers],
            skus=[row[0] for row in skus],
            orders=[(row[0], Status(row[1])) for row in reversed(orders)],
            tags=[row[0] for row in tags],
            order_numbers=self._order_numbers(),
            customer_numbers=self._customer_numbers(),
        )

    def order(self, number: str) -> dict[str, object]:
        """The order with its lines, for people who just wrote it. Raises NotFoundError."""
        with _reported(), self._pool.connection() as connection:
            row = connection.execute(
                """SELECT o.status::text, o.total, o.currency, o.notes, o.revision, c.number,
                          (SELECT coalesce(json_agg(json_build_object('sku', p.sku, 'quantity', l.quantity,
                                  'unit_price', l.unit_price::text) ORDER BY l.line_no), '[]')
                             FROM order_lines l JOIN products p ON p.id = l.product_id WHERE l.order_id = o.id)
                     FROM orders o JOIN customers c ON c.id = o.customer_id
                    WHERE o.number = %s AND o.deleted_at IS NULL""",
                (number,),
            ).fetchone()
        if row is None:
            raise NotFoundError("order", number)
        names = ("status", "total", "currency", "notes", "revision", "customer", "lines")
        return {"number": number, **dict(zip(names, row, strict=True))}

    def _order_numbers(self) -> Iterator[str]:
        while True:
            with _reported(), self._pool.connection() as connection:
                row = connection.execute("SELECT extract(year FROM now())::int").fetchone()
                block = seeder.reserve(connection, "order_number_seq", _NUMBERS_AT_ONCE)
            assert row is not None
            yield from (display_numbers.order_number(row[0], number) for number in block)

    def _customer_numbers(self) -> Iterator[str]:
        while True:
            with _reported(), self._pool.connection() as connection:
                block = seeder.reserve(connection, "customer_number_seq", _NUMBERS_AT_ONCE)
            yield from (display_numbers.customer_number(number) for number in block)


@contextmanager
def _reported() -> Iterator[None]:
    """Turns PostgreSQL's errors into the application's, which say what to do."""
    try:
        yield
    except errors.UndefinedTable as error:
        raise NotReadyError(
            f"The application's tables do not exist: {error.diag.message_primary}. "
            "Create them with `python -m writer init`."
        ) from error
    except errors.DeadlockDetected:
        raise
    except errors.InsufficientPrivilege as error:
        raise NotReadyError(
            f"The role may not do this: {error.diag.message_primary}. Grant it, or log in as the tables' owner."
        ) from error
    except (PoolTimeout, psycopg.OperationalError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        if login_refused(str(error)):
            raise LoginRefusedError(
                f"PostgreSQL rejected the connection: {reason}. Correct ROWTIDE_WRITER_DSN, or allow the connection on"
                " the server."
            ) from error
        raise DatabaseUnavailableError(
            f"PostgreSQL does not answer: {reason}. Check the address in ROWTIDE_WRITER_DSN, and that the server runs."
        ) from error


def login_refused(message: str) -> bool:
    """Whether the server rejected the login for good; not a server that accepts no connections at the moment."""
    temporary = ("the database system is", "too many c", "slots are reserved", "terminating connection")
    return (
        "FATAL:" in message and not any(words in message for words in temporary)
    ) or "no password supplied" in message
