"""The marker's SQL. That it comes back in time is shown by tests/e2e/test_read_your_writes.py."""

from cdc.log.control import captured_prefixes
from cdc.log.marker import MARKER_QUERY
from cdc.log.names import MARKER_PREFIX
from cdc.log.signature import ControlKey, generate_key


def test_a_marker_is_a_transaction_whose_message_nobody_captures() -> None:
    assert f"pg_logical_emit_message(true, '{MARKER_PREFIX}', '')" in MARKER_QUERY
    assert MARKER_PREFIX not in captured_prefixes(ControlKey(generate_key()))


def test_its_commit_waits_for_the_disk_and_for_no_standby() -> None:
    assert "set_config('synchronous_commit', 'local', true)" in MARKER_QUERY
