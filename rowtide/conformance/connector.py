"""Watches the connector of a run: a value that Debezium cannot convert stops it, and no more changes would arrive."""

from time import monotonic

import httpx

from cdc.connectors.health import root_cause
from cdc.log.names import connector_name
from connections.connect import ConnectAccess, client_options
from infra.errors import RunnerError

_POLL_SECONDS = 2.0


class ConnectorMonitor:
    """Reads the connector's status every few seconds."""

    def __init__(self, access: ConnectAccess, pipeline: str) -> None:
        self._client = httpx.Client(**client_options(access))
        self._path = f"/connectors/{connector_name(pipeline)}/status"
        self._next = 0.0

    def close(self) -> None:
        """Close the connection to Connect."""
        self._client.close()

    def check(self) -> None:
        """Raise RunnerError with the cause if the connector's task has failed. Silence of Connect is not a failure."""
        if monotonic() < self._next:
            return
        self._next = monotonic() + _POLL_SECONDS
        try:
            answer = self._client.get(self._path)
            tasks = answer.json().get("tasks", []) if answer.is_success else []
        except (httpx.TransportError, ValueError):
            return
        for task in tasks:
            if task.get("state") == "FAILED":
                raise RunnerError(f"The connector failed: {root_cause(task.get('trace', ''))}")
