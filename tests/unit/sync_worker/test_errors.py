"""Errors name the commands that recover from them: each recovery has its text, and errors without one are unchanged."""

import pytest

from cdc.log.heartbeat import HeartbeatError
from cdc.log.recovery import Recovery
from cdc.log.transaction import LogError
from sync_worker.errors import RECOVERY_TEXT, PositionLost, ServiceMissing, StoreError, describe

NEW_STORE = "Start the worker with --new-store, then take a new snapshot with `rowtide resnapshot`."
APPLY = "Apply the connector with `rowtide connectors apply`."


def test_every_recovery_has_its_commands() -> None:
    assert RECOVERY_TEXT.keys() == set(Recovery)
    for recovery, text in RECOVERY_TEXT.items():
        assert ("--new-store" in text and "rowtide resnapshot" in text) is (recovery is not Recovery.APPLY_CONNECTOR)
        assert text[0].isupper()
        assert text.endswith(".")
        assert ("rowtide connectors apply" in text) is ("CONNECTOR" in recovery.name or "SPEC" in recovery.name)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (LogError("A."), f"A. {NEW_STORE}"),
        (PositionLost("A."), f"A. {NEW_STORE}"),
        (PositionLost("A:\n  b"), f"A:\n  b\n{NEW_STORE}"),
        (PositionLost("A.", Recovery.APPLY_CONNECTOR), f"A. {APPLY}"),
        (HeartbeatError("A."), f"A. {APPLY}"),
        (StoreError("A."), "A."),
        (ServiceMissing("A."), "A."),
        (ValueError("A."), "A."),
    ],
)
def test_an_error_is_described_with_its_recovery(error: Exception, text: str) -> None:
    assert describe(error) == text
