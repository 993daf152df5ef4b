"""Waits for a connector's state after a request that changes it."""

from time import monotonic

from cdc.connectors.client import Connect, Status
from cdc.connectors.health import Health, Part, failed_parts, health, parts, task_parts
from cdc.errors import OperatorError
from connections.wait import wait_until

STALE_SECONDS = 5.0
"""How long Kafka Connect may report the states from before a request that starts the tasks again."""

_POLL_SECONDS = 0.05
"""Short, because a task that is started again is in another state only briefly."""


class _Progress:
    """Tells the states that Kafka Connect still reports from before a request from those that the request led to."""

    def __init__(self, state: str, before: Status | None, stale: float) -> None:
        self._state = state
        self._unchanged: frozenset[Part] = parts(before)
        self._stale = stale
        self._began = monotonic()
        self.observed = Health("absent")

    @property
    def seconds(self) -> float:
        """Seconds since the request."""
        return monotonic() - self._began

    def settled(self, status: Status | None) -> bool:
        """Whether the wait is over: the connector is in the state, or has failed while it should run."""
        self.observed = health(status)
        self._unchanged &= parts(status)
        current = self.seconds > self._stale
        if self._state != "running":
            return self.observed.state == self._state
        if self.observed.state == "failed":
            return current or not failed_parts(status) <= self._unchanged
        return self.observed.state == "running" and (current or not task_parts(status) & self._unchanged)


def wait_for_state(
    connect: Connect, name: str, state: str, seconds: float, before: Status | None = None, stale: float = STALE_SECONDS
) -> None:
    """Wait until the connector is in this state. Raises OperatorError when it does not reach it within `seconds`, or
    fails while it should run.

    `before` is its status before a request that starts its tasks again. What did not change since counts only after
    `stale` seconds: Kafka Connect first reports the old states. A connector that failed earlier can still be stopped:
    it is `failed` until it is `stopped`."""
    progress = _Progress(state, before, stale)
    in_time = wait_until(lambda: progress.settled(connect.status(name)), seconds, pause_seconds=_POLL_SECONDS)
    observed = progress.observed
    if observed.state == state and in_time:
        return
    reason = f": {observed.reason.rstrip('.')}" if observed.reason else ""
    shown = "still running as before the request" if observed.state == state else f"{observed.state} instead of {state}"
    raise OperatorError(
        f"Connector {name} is {shown} after {progress.seconds:.0f} s{reason}."
        " Check `rowtide connectors status` and Kafka Connect's log."
    )
