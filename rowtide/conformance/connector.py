"""Looks after the run's connector: a value that Debezium cannot convert stops it, and nothing would come any more."""

from time import monotonic

import httpx

from cdc.log.names import connector_name
from infra.errors import RunnerError

_LOOK_SECONDS = 2.0


class Connector:
    """Asks Kafka Connect now and then."""

    def __init__(self, connect_url: str, pipeline: str) -> None:
        self._url = f"{connect_url}/connectors/{connector_name(pipeline)}/status"
        self._next = 0.0

    def check(self) -> None:
        """Raise RunnerError with the cause when the connector's task has failed. A Connect that does not answer is no failure."""
        if monotonic() < self._next:
            return
        self._next = monotonic() + _LOOK_SECONDS
        try:
            answer = httpx.get(self._url, timeout=5.0, trust_env=False)
            tasks = answer.json().get("tasks", []) if answer.is_success else []
        except (httpx.TransportError, ValueError):
            return
        for task in tasks:
            if task.get("state") == "FAILED":
                raise RunnerError(f"the connector failed: {_cause(task.get('trace', ''))}")


def _cause(trace: str) -> str:
    """The causes without their stacks; the first line says only that the task was ended."""
    causes = [line.removeprefix("Caused by: ") for line in trace.splitlines() if line.startswith("Caused by: ")]
    return "; ".join(causes) or trace.partition("\n")[0] or "Kafka Connect does not say why"
