"""The desired against the running configuration, and one state for a connector and its tasks."""

from dataclasses import replace

import pytest

from cdc.connectors.client import ConnectorState, Status, TaskState
from cdc.connectors.health import health
from cdc.connectors.plan import Create, Difference, Unchanged, Update, plan

WANTED = {"a": "1", "database.password": "new"}


def test_create_when_there_is_none() -> None:
    assert plan(WANTED, None) == Create(WANTED)


def test_unchanged_although_connect_adds_the_name() -> None:
    assert plan(WANTED, {**WANTED, "name": "rowtide-shop"}) == Unchanged()


def test_update_names_every_key_both_ways() -> None:
    outcome = plan(WANTED, {"a": "2", "b": "3", "database.password": "old"})
    assert outcome == Update(
        (Difference("a", "2", "1"), Difference("b", "3", None), Difference("database.password", "old", "new"))
    )


def test_a_secret_is_hidden_on_both_sides() -> None:
    assert Difference("database.password", "old", None).masked() == Difference("database.password", "********", None)


def test_a_reference_to_a_secret_is_shown() -> None:
    difference = Difference("database.password", "old", "${file:/run/x.properties:password.1}")
    assert difference.masked() == replace(difference, running="********")


def status(connector: str, *tasks: str, trace: str = "") -> Status:
    return Status("x", ConnectorState(connector), [TaskState(n, state, "", trace) for n, state in enumerate(tasks)])


@pytest.mark.parametrize(
    ("connector", "state"),
    [
        (None, "absent"),
        (status("RUNNING", "RUNNING"), "running"),
        (status("RUNNING"), "starting"),
        (status("RUNNING", "FAILED"), "failed"),
        (status("PAUSED", "PAUSED"), "paused"),
        (status("RUNNING", "PAUSED"), "paused"),
        (status("STOPPED"), "stopped"),
        (status("RUNNING", "RESTARTING"), "restarting"),
        (status("RUNNING", "UNASSIGNED"), "unassigned"),
        (status("FAILED", "RUNNING"), "failed"),
        (status("SOMETHING NEW", "RUNNING"), "failed"),
    ],
)
def test_the_worst_part_decides(connector: Status | None, state: str) -> None:
    assert health(connector).state == state


def test_the_reason_is_the_innermost_cause() -> None:
    trace = (
        "org.apache.kafka.connect.errors.ConnectException: An exception occurred\n\tat io.debezium.X(Y.java:1)\n"
        "Caused by: io.debezium.DebeziumException: Failed to convert\n\tat Z\n"
        "Caused by: org.postgresql.util.PSQLException: ERROR: slot is gone\n\t... 5 more"
    )
    assert health(status("RUNNING", "FAILED", trace=trace)).reason == "PSQLException: ERROR: slot is gone"


def test_a_slot_that_lost_wal_is_reported_with_the_recovery() -> None:
    trace = (
        "io.debezium.DebeziumException: The connector is trying to read change stream starting at PostgresOffsetContext"
        " [sourceInfo=source_info[server='shop'db='shop', lsn=LSN{0/3F826B0}, txId=1059, lastCommitLsn=LSN{0/3F826B1}],"
        " x=null],"
        " but this is no longer available on the server. Reconfigure the connector to use a"
        " snapshot mode when needed.\n\tat Y"
    )
    reason = health(status("RUNNING", "FAILED", trace=trace)).reason
    assert reason.startswith("The replication slot no longer reaches back to 0/3F826B0, the connector's position")
    assert reason.endswith("`rowtide resnapshot`.")
