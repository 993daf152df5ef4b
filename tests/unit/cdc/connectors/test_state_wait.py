"""Waiting for a connector that Kafka Connect still reports as it was before the request."""

import httpx
import pytest

from cdc.connectors.client import Connect, ConnectorState, Status, TaskState
from cdc.connectors.state_wait import wait_for_state
from cdc.errors import OperatorError
from connections.connect import ConnectAccess
from tests.unit.cdc.connectors.test_client import PlayedConnect

OLD, NEW = "org.x.Failure: password authentication failed", "org.x.Failure: slot is active"


def status(task: str | None, trace: str = "", connector: str = "RUNNING") -> Status:
    return Status("x", ConnectorState(connector, "w"), [TaskState(0, task, "w", trace)] if task else [])


def wait(*seen: Status, before: Status | None = None, seconds: float = 5.0, stale: float = 4.0) -> None:
    answers = [
        httpx.Response(
            200,
            json={
                "name": each.name,
                "connector": {"state": each.connector.state, "worker_id": "w"},
                "tasks": [{"id": t.id, "state": t.state, "worker_id": "w", "trace": t.trace} for t in each.tasks],
            },
        )
        for each in seen
    ]
    with Connect(ConnectAccess("http://connect:8083"), PlayedConnect(answers)) as connect:
        wait_for_state(connect, "x", "running", seconds, before, stale)


def test_a_failure_from_before_the_request_is_not_its_result() -> None:
    before = status("FAILED", OLD)
    wait(before, before, status(None), status("RUNNING"), before=before)
    wait(before, status("FAILED", OLD, "RESTARTING"), status("RUNNING"), before=before)


def test_another_failure_is_reported_at_once() -> None:
    with pytest.raises(OperatorError, match=r"x is failed instead of running after 0 s: Failure: slot is active\."):
        wait(status("FAILED", OLD), status("FAILED", NEW), before=status("FAILED", OLD), seconds=60)
    with pytest.raises(OperatorError, match="after 0 s: Failure: password"):
        wait(status("FAILED", OLD), before=status("RUNNING"), seconds=60)


def test_the_same_failure_again_is_reported_after_a_while() -> None:
    before = status("FAILED", OLD)
    with pytest.raises(OperatorError, match=r"after [01] s: Failure: password"):
        wait(before, before=before, seconds=60, stale=0.3)


def test_a_task_that_runs_as_before_the_request_is_not_its_result() -> None:
    before = status("RUNNING")
    with pytest.raises(OperatorError, match="is failed instead of running after 0 s: Failure: slot is active"):
        wait(before, before, status("FAILED", NEW), before=before, seconds=60)
    wait(before, status("UNASSIGNED"), before, before=before, stale=60)
    wait(before, before=before, stale=0.3)
    with pytest.raises(OperatorError, match="is still running as before the request after 0 s"):
        wait(before, before=before, seconds=0.3)


def test_the_same_failure_of_a_new_task_is_reported_at_once() -> None:
    before = status("FAILED", OLD)
    with pytest.raises(OperatorError, match="after 0 s: Failure: password"):
        wait(before, status("UNASSIGNED"), before, before=before, seconds=60, stale=60)
