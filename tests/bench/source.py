"""The source database, as the benchmark uses it: changes in bulk and markers. Its tables are the order application's."""

import json
from time import monotonic
from typing import Any, Self

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.marker import MARKER_QUERY
from read_model.catalog.catalog import Catalog
from read_model.catalog.catalog_query import CATALOG_QUERY, read_catalog

_EACH_ALONE = """
DO $$
DECLARE it bigint;
BEGIN
  FOR it IN SELECT id FROM orders WHERE deleted_at IS NULL ORDER BY id LOOP
    UPDATE orders SET revision = revision + 1, updated_at = clock_timestamp() WHERE id = it;
    COMMIT;
  END LOOP;
END $$
"""

_FEW_OFTEN = """
DO $$
BEGIN
  FOR turn IN 1..{turns} LOOP
    UPDATE orders SET revision = revision + 1, updated_at = clock_timestamp() WHERE id <= {few};
    COMMIT;
  END LOOP;
END $$
"""


def create_database(admin_dsn: str, name: str) -> str:
    """Create an empty database; returns its DSN."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return make_conninfo(admin_dsn, dbname=name)


class Source:
    """One connection. Commits do not wait for the disk: it is not PostgreSQL that is measured."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._connection.execute("SET synchronous_commit = off")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def catalog(self) -> Catalog:
        """The tables as they are."""
        return read_catalog(json.loads(self._value(CATALOG_QUERY)))

    def has_slot(self) -> bool:
        """Whether the connector's slot is complete: from then on a message goes into the log."""
        return bool(
            self._value("SELECT EXISTS (SELECT FROM pg_replication_slots WHERE confirmed_flush_lsn IS NOT NULL)")
        )

    def marker(self) -> int:
        """Emit a message into the log; returns the LSN with which it comes back."""
        return int(self._value(MARKER_QUERY))

    def change_every_order(self) -> int:
        """Change each order once, a transaction each; returns how many there are."""
        self._connection.execute(_EACH_ALONE)
        return int(self._value("SELECT count(*) FROM orders WHERE deleted_at IS NULL"))

    def change_few_often(self, few: int, turns: int) -> None:
        """Change the same `few` orders in each of `turns` transactions."""
        self._connection.execute(SQL(_FEW_OFTEN).format(turns=turns, few=few))

    def change_one(self, place: int) -> float:
        """Change one order; returns when its commit was done, by `time.monotonic`."""
        self._connection.execute(
            "UPDATE orders SET revision = revision + 1 WHERE id = (SELECT min(id) + %s FROM orders)", [place]
        )
        return monotonic()

    def change_order(self, place: int) -> tuple[int, int, float]:
        """Change one order of those that `change_one` leaves alone for long; returns its id, its new revision, and when
        its commit was done."""
        row = self._connection.execute(
            "UPDATE orders SET revision = revision + 1 WHERE id = (SELECT id FROM orders WHERE deleted_at IS NULL"
            " ORDER BY id DESC OFFSET %s LIMIT 1) RETURNING id, revision",
            [place],
        ).fetchone()
        assert row is not None
        return row[0], row[1], monotonic()

    def is_archived(self, order: int) -> bool:
        """Whether the order is in no document any more."""
        return bool(self._value("SELECT deleted_at IS NOT NULL FROM orders WHERE id = %s", order))

    def _value(self, query: str, *parameters: object) -> Any:
        row = self._connection.execute(query, parameters or None).fetchone()
        assert row is not None
        return row[0]
