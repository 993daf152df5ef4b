"""What a role that may only connect can read about the source."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.heartbeat import SYSTEM_QUERY
from cdc.log.names import slot_name
from sync_worker.source.source_status import read_status
from tests.support.servers.services import Place


@pytest.fixture
def bare(place: Place) -> Iterator[str]:
    """The DSN of such a role."""
    role = Identifier(f"bare_{place.pipeline}")
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'bare'").format(role))
        try:
            yield make_conninfo(place.dsn, user=f"bare_{place.pipeline}", password="bare")
        finally:
            connection.execute(SQL("DROP ROLE {}").format(role))


def test_a_role_that_may_only_connect_can_ask(place: Place, bare: str) -> None:
    slot = slot_name(place.pipeline)
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        system, end = connection.execute(f"SELECT ({SYSTEM_QUERY}), pg_current_wal_lsn() - '0/0'").fetchone() or (0, 0)
        status = read_status(bare, place.pipeline)
        assert status is not None
        assert (status.system, status.timeline, status.slot) == (system, 1, None)
        assert status.wal_end >= end
        connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (slot,))
        again = read_status(bare, place.pipeline)
        assert again is not None
        assert again.slot == "unread"
        connection.execute("SELECT pg_drop_replication_slot(%s)", (slot,))


def test_who_is_not_let_in_knows_nothing(place: Place, bare: str) -> None:
    assert read_status(make_conninfo(bare, password="wrong"), place.pipeline) is None
    assert read_status(make_conninfo(bare, port=1), place.pipeline) is None
