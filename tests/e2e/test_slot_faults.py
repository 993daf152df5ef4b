"""Faults of the replication slot: idle, used by two, dropped, and created again under the same name."""

import threading

import psycopg
import pytest

from cdc.log.names import connector_name, slot_name
from connections.wait import wait_until
from tests.e2e.conftest import LivePipeline
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import Place

SPEC = """\
pipeline: slots
documents:
  things:
    from: things
    fields: [id, note]
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, note text);
CREATE TABLE unwatched(note text);
INSERT INTO things SELECT n, 'first' FROM generate_series(1, 20) n;
"""
MISSED = """
INSERT INTO things VALUES ({n} + 100, 'missed');
UPDATE things SET note = 'missed {n}' WHERE id = 5;
DELETE FROM things WHERE id = {n};
"""


@pytest.fixture(scope="module")
def pipeline(shared_pipeline: LivePipeline) -> Pipeline:
    """One pipeline for all tests, live."""
    return shared_pipeline(SPEC, SCHEMA)


def query(place: Place, statement: str, *values: object) -> object:
    """Run a statement; the first column of its last row."""
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        cursor = connection.execute(statement, values or None)
        row = cursor.fetchone() if cursor.description else None
    return None if row is None else row[0]


def test_writes_that_nobody_watches_free_their_wal(pipeline: Pipeline) -> None:
    query(pipeline.place, "INSERT INTO unwatched SELECT repeat('x', 1000) FROM generate_series(1, 2000)")
    end = query(pipeline.place, "SELECT pg_current_wal_lsn()")
    confirmed = "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s"
    slot = slot_name(pipeline.place.pipeline)
    assert wait_until(lambda: query(pipeline.place, confirmed, end, slot) is True, 60, pause_seconds=0.1), (
        "the slot does not move with an idle table"
    )


def test_a_second_reader_of_the_slot_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(psycopg.errors.ObjectInUse, match="is active for PID"):
        query(
            pipeline.place,
            "SELECT count(*) FROM pg_logical_slot_get_binary_changes(%s, NULL, NULL, 'proto_version', '1',"
            " 'publication_names', %s)",
            slot_name(pipeline.place.pipeline),
            slot_name(pipeline.place.pipeline),
        )


@pytest.mark.parametrize(("n", "again"), [(1, False), (2, True)], ids=["dropped", "dropped and made again"])
def test_a_slot_that_is_gone_alarms_and_a_new_snapshot_mends(pipeline: Pipeline, n: int, again: bool) -> None:
    place, slot = pipeline.place, slot_name(pipeline.place.pipeline)
    drop(place)
    query(place, MISSED.format(n=n))
    if again:
        query(place, "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", slot)
        query(place, MISSED.format(n=n + 10))
    pipeline.wait_reason(f"Replication slot {slot} is not active" if again else f"Replication slot {slot} is gone")
    assert pipeline.wait_state("degraded").reason.startswith("No records arrive in the log")

    def failed() -> bool:
        status = pipeline.rowtide("connectors", "status", "--output", "json", check=False)
        return (
            status.returncode == 1
            and "no longer reaches back to" in status.stdout
            and "rowtide resnapshot" in status.stdout
        )

    assert wait_until(failed, 60, pause_seconds=0.1), f"{connector_name(place.pipeline)} does not say what happened"

    pipeline.rowtide("resnapshot")
    pipeline.wait_reason("")
    pipeline.wait_state("live")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == 20


def drop(place: Place) -> None:
    """Drop the slot, before its reader can come back."""
    slot, pause = slot_name(place.pipeline), threading.Event()
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        for _ in range(1000):
            connection.execute(
                "SELECT pg_terminate_backend(active_pid, 2000) FROM pg_replication_slots"
                " WHERE slot_name = %s AND active_pid IS NOT NULL",
                (slot,),
            )
            try:
                connection.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
            except psycopg.errors.ObjectInUse:
                pause.wait(0.01)
            else:
                return
    raise AssertionError(f"{slot} cannot be dropped")
