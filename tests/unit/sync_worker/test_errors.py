"""Errors name the commands that recover from them: each recovery has its text, and errors without one are unchanged."""

import pytest

from cdc.log.heartbeat import HeartbeatError
from cdc.log.recovery import Recovery
from cdc.log.transaction import LogError
from sync_worker.errors import RECOVERY_TEXT, PositionLost, ServiceMissing, StoreError, describe


def test_every_recovery_has_its_commands() -> None:
    assert RECOVERY_TEXT.keys() == set(Recovery)
    for recovery, text in RECOVERY_TEXT.items():
        assert ("--new-store" in text and "rowtide resnapshot" in text) is (recovery is not Recovery.APPLY_CONNECTOR)
        assert ("rowtide connectors apply" in text) is ("CONNECTOR" in recovery.name or "SPEC" in recovery.name)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (LogError("a"), "a; start the worker with --new-store, then take a new snapshot: rowtide resnapshot"),
        (PositionLost("a"), "a; start the worker with --new-store, then take a new snapshot: rowtide resnapshot"),
        (PositionLost("a", Recovery.APPLY_CONNECTOR), "a; apply the connector: rowtide connectors apply"),
        (HeartbeatError("a"), "a; apply the connector: rowtide connectors apply"),
        (StoreError("a"), "a"),
        (ServiceMissing("a"), "a"),
        (ValueError("a"), "a"),
    ],
)
def test_an_error_is_described_with_its_recovery(error: Exception, text: str) -> None:
    assert describe(error) == text
