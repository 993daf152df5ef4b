"""One state for a connector and its tasks, and why it failed."""

import pytest

from cdc.connectors.client import ConnectorState, Status, TaskState
from cdc.connectors.health import health


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


def trace_of_decoding(*innermost: str) -> str:
    """What Debezium 3.7.0 reported after a restart for a row from before ALTER COLUMN … TYPE, without most frames."""
    return "\n".join(
        (
            "org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer. This"
            " connector will be stopped.",
            "\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:66)",
            "\tat io.debezium.connector.postgresql.PostgresStreamingChangeEventSource.execute"
            "(PostgresStreamingChangeEventSource.java:222)",
            "Caused by: org.apache.kafka.connect.errors.ConnectException: Error while processing event at offset"
            " {transaction_id=758, lsn_proc=28872312, lsn_events_processed=1, messageType=INSERT, lsn_commit=28872272,"
            " lsn=28872312, txId=758, ts_usec=1795947423171577}",
            "\tat io.debezium.pipeline.EventDispatcher.dispatchDataChangeEvent(EventDispatcher.java:342)",
            "\t... 10 more",
            *innermost,
            "\tat io.debezium.connector.postgresql.connection.ReplicationMessageColumnValueResolver.resolveValue"
            "(ReplicationMessageColumnValueResolver.java:73)",
            "\tat io.debezium.connector.postgresql.PostgresChangeRecordEmitter.columnValues"
            "(PostgresChangeRecordEmitter.java:221)",
            "\t... 19 more",
        )
    )


@pytest.mark.parametrize(
    "innermost",
    [
        ['Caused by: java.lang.NumberFormatException: For input string: "secret"'],
        [
            "Caused by: java.lang.NumberFormatException: Character s is neither a decimal digit number, decimal point,"
            ' nor "e" notation exponential mark.'
        ],
        [
            "Caused by: org.apache.kafka.connect.errors.ConnectException: java.time.format.DateTimeParseException: Text"
            " 'secret' could not be parsed at index 4",
            "\tat io.debezium.connector.postgresql.connection.DateTimeFormat$ISODateTimeFormat.format"
            "(DateTimeFormat.java:167)",
            "Caused by: java.time.format.DateTimeParseException: Text 'secret' could not be parsed at index 4",
        ],
    ],
)
def test_a_row_from_before_another_type_is_reported_with_the_recovery(innermost: list[str]) -> None:
    reason = health(status("RUNNING", "FAILED", trace=trace_of_decoding(*innermost))).reason
    assert "the row was written before ALTER COLUMN … TYPE" in reason
    assert reason.endswith("`rowtide resnapshot`.")
    assert "secret" not in reason


def test_a_connection_that_is_lost_while_a_value_is_read_is_no_value() -> None:
    trace = trace_of_decoding("Caused by: java.net.SocketException: Connection reset")
    assert health(status("RUNNING", "FAILED", trace=trace)).reason == "SocketException: Connection reset"


def test_a_value_that_cannot_be_converted_is_reported_with_its_column() -> None:
    trace = (
        "org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer.\n\tat X\n"
        "Caused by: io.debezium.DebeziumException: Failed to properly convert data value for 'public.people.moods' of"
        " type _mood\n\tat io.debezium.relational.TableSchemaBuilder.lambda$createValueGenerator$5\n"
        "Caused by: java.lang.IllegalArgumentException: Unexpected element secret\n\t... 5 more"
    )
    reason = health(status("RUNNING", "FAILED", trace=trace)).reason
    assert reason.startswith("Debezium cannot convert a value of column public.people.moods, of type _mood. Exclude")
    assert "secret" not in reason


def test_a_row_s_value_is_in_no_reason() -> None:
    trace = (
        'org.apache.kafka.connect.errors.ConnectException: x\nCaused by: java.lang.NumberFormatException: For "secret"'
    )
    assert health(status("RUNNING", "FAILED", trace=trace)).reason == "NumberFormatException"
