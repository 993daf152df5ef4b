"""The worker's reads give way to the application's DDL, which must not become the victim of a deadlock."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg

from cdc.log.lsn import Lsn
from read_model.catalog.catalog import TableName
from sync_worker.resync.source_snapshot import source_snapshot
from tests.support.servers.services import Place

WAITING = """
SELECT waitstart::text, waitstart < clock_timestamp() - (SELECT setting::int * interval '1 ms' FROM pg_settings WHERE name = 'deadlock_timeout')
FROM pg_locks WHERE relation = 'second'::regclass AND NOT granted
"""


def test_ddl_over_two_tables_does_not_die_of_a_reread(place: Place) -> None:
    with psycopg.connect(place.dsn, autocommit=True) as watch:
        watch.execute("CREATE TABLE first (id int PRIMARY KEY); CREATE TABLE second (id int PRIMARY KEY)")
        with psycopg.connect(place.dsn) as application, ThreadPoolExecutor(1) as pool:
            application.execute("LOCK TABLE second IN ACCESS EXCLUSIVE MODE")
            reading = pool.submit(_read, place.dsn)
            begun = _waits(watch, 3)
            application.execute("LOCK TABLE first IN ACCESS EXCLUSIVE MODE")
            application.commit()
            assert reading.result(30) > 0
    assert len(begun) >= 3, "it gave up and tried again"


def _read(dsn: str) -> Lsn:
    with source_snapshot(dsn, [TableName("public", "first"), TableName("public", "second")]) as snapshot:
        return snapshot.lsn


def _waits(watch: psycopg.Connection, count: int) -> set[str]:
    """When each wait for the second table began; none may last until PostgreSQL checks for deadlocks."""
    begun: set[str] = set()
    deadline = time.monotonic() + 30
    while len(begun) < count and time.monotonic() < deadline:
        for began, too_long in watch.execute(WAITING).fetchall():
            assert not too_long
            begun.add(began)
    return begun
