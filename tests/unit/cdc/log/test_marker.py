"""The marker's SQL, by the version of the server."""

from cdc.log.marker import marker_query


def test_a_server_from_17_on_is_asked_to_flush() -> None:
    assert marker_query(170000) == "SELECT pg_logical_emit_message(false, 'rowtide-marker', '', true) - '0/0'"


def test_an_older_server_is_not() -> None:
    assert marker_query(160009) == "SELECT pg_logical_emit_message(false, 'rowtide-marker', '') - '0/0'"
