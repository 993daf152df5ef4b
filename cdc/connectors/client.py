"""Kafka Connect's REST API: one method per endpoint, a typed record per response."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from cdc.errors import OperatorError, ServiceUnavailable, WrongUse
from connections.connect import ConnectAccess, client_options
from connections.tls import tls_failure
from connections.wait import wait_until

REBALANCE_SECONDS = 30.0
"""How long a request is repeated while Kafka Connect answers 409 because its workers rebalance."""
POLL_SECONDS = 0.2
"""The pause between two requests that wait for something."""

T = TypeVar("T")


class Plugin(msgspec.Struct, frozen=True, rename={"class_name": "class"}):
    """A connector class that the worker can run."""

    class_name: str
    type: str
    version: str | None = None


class ConnectorState(msgspec.Struct, frozen=True):
    """State of a connector itself."""

    state: str
    worker_id: str = ""
    trace: str = ""


class TaskState(msgspec.Struct, frozen=True):
    """State of one task. `trace` is a Java stack trace when it failed."""

    id: int
    state: str
    worker_id: str = ""
    trace: str = ""


class Status(msgspec.Struct, frozen=True):
    """A connector's status as Kafka Connect reports it; `cdc.connectors.health` interprets it."""

    name: str
    connector: ConnectorState
    tasks: list[TaskState] = []


class _Expanded(msgspec.Struct):
    status: Status


class _Value(msgspec.Struct):
    name: str
    errors: list[str] = []


class _Entry(msgspec.Struct):
    value: _Value


class _Validation(msgspec.Struct):
    error_count: int
    configs: list[_Entry]


class _Offset(msgspec.Struct):
    offset: dict[str, Any] | None = None


class _Offsets(msgspec.Struct):
    offsets: list[_Offset]


# At import, while there is one thread (docs/decisions/20261129-types-are-complete-at-import.md).
_plugins = msgspec.json.Decoder(list[Plugin])
_statuses = msgspec.json.Decoder(dict[str, _Expanded])
_status = msgspec.json.Decoder(Status)
_config = msgspec.json.Decoder(dict[str, str])
_validation = msgspec.json.Decoder(_Validation)
_offsets = msgspec.json.Decoder(_Offsets)


class Connect:
    """A client of one Kafka Connect cluster.

    Methods raise OperatorError with the URL and Connect's message, WrongUse when it rejects the login or its
    certificate is not trusted, and ServiceUnavailable when it does not answer."""

    def __init__(self, access: ConnectAccess, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(**client_options(access), transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def plugins(self) -> list[Plugin]:
        """The connector classes that the Connect worker can run."""
        return self._read("GET", "/connector-plugins", _plugins)

    def statuses(self) -> list[Status]:
        """The status of every connector, by name."""
        connectors = self._read("GET", "/connectors?expand=status", _statuses)
        return [connectors[name].status for name in sorted(connectors)]

    def status(self, name: str) -> Status | None:
        """One connector's status; None when there is no such connector, or Connect does not know its status yet."""
        return self._find("GET", f"/connectors/{quote(name, safe='')}/status", _status)

    def config(self, name: str) -> dict[str, str] | None:
        """The running configuration, secrets included; None when there is no such connector."""
        return self._find("GET", f"/connectors/{quote(name, safe='')}/config", _config)

    def put_config(self, name: str, config: Mapping[str, str]) -> None:
        """Create the connector or replace its configuration."""
        self._call("PUT", f"/connectors/{quote(name, safe='')}/config", dict(config))

    def validate(self, name: str, config: Mapping[str, str]) -> dict[str, list[str]]:
        """Have the plugin validate a configuration, for which Debezium connects to the database.

        Returns the errors by configuration key; empty means valid."""
        plugin = quote(config["connector.class"], safe="")
        path = f"/connector-plugins/{plugin}/config/validate"
        response = self._read("PUT", path, _validation, {**config, "name": name})
        return {entry.value.name: entry.value.errors for entry in response.configs if entry.value.errors}

    def pause(self, name: str) -> None:
        """Stop the tasks from reading; they keep their offsets."""
        self._call("PUT", f"/connectors/{quote(name, safe='')}/pause")

    def resume(self, name: str) -> None:
        """Resume a paused or stopped connector."""
        self._call("PUT", f"/connectors/{quote(name, safe='')}/resume")

    def stop(self, name: str) -> None:
        """Shut the tasks down and keep the configuration. Only the offsets of a stopped connector can be deleted."""
        self._call("PUT", f"/connectors/{quote(name, safe='')}/stop")

    def restart(self, name: str, only_failed: bool = False) -> None:
        """Restart the connector and its tasks."""
        only = "true" if only_failed else "false"
        self._call("POST", f"/connectors/{quote(name, safe='')}/restart?includeTasks=true&onlyFailed={only}")

    def delete(self, name: str) -> None:
        """Delete the connector; its offsets stay."""
        self._call("DELETE", f"/connectors/{quote(name, safe='')}")

    def offsets(self, name: str) -> list[dict[str, Any]]:
        """The stored source offsets; empty before the first one."""
        response = self._read("GET", f"/connectors/{quote(name, safe='')}/offsets", _offsets)
        return [entry.offset for entry in response.offsets if entry.offset is not None]

    def delete_offsets(self, name: str) -> None:
        """Delete the offsets of a stopped connector."""
        self._call("DELETE", f"/connectors/{quote(name, safe='')}/offsets")

    def _find(self, method: str, path: str, decoder: msgspec.json.Decoder[T]) -> T | None:
        response = self._send(method, path, None)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return self._decoded(self._checked(response), decoder)

    def _read(self, method: str, path: str, decoder: msgspec.json.Decoder[T], body: dict[str, str] | None = None) -> T:
        return self._decoded(self._call(method, path, body), decoder)

    def _decoded(self, response: httpx.Response, decoder: msgspec.json.Decoder[T]) -> T:
        try:
            return decoder.decode(response.content)
        except msgspec.MsgspecError as error:
            raise OperatorError(
                f"The answer of {response.url} is not a response of Kafka Connect: {error}. Correct"
                " ROWTIDE_CONNECT_URL."
            ) from error

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        return self._checked(self._send(method, path, body))

    def _send(self, method: str, path: str, body: dict[str, str] | None) -> httpx.Response:
        """Send the request, and repeat it while the cluster rebalances; every endpoint can answer 409 then."""
        responses: list[httpx.Response] = []

        def settled() -> bool:
            responses.append(self._once(method, path, body))
            return responses[-1].status_code != httpx.codes.CONFLICT

        wait_until(settled, REBALANCE_SECONDS, pause_seconds=POLL_SECONDS)
        return responses[-1]

    def _once(self, method: str, path: str, body: dict[str, str] | None) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            if failure := tls_failure("Kafka Connect", str(self._client.base_url), "ROWTIDE_CONNECT", str(error)):
                raise WrongUse(failure) from error
            raise ServiceUnavailable(
                f"Kafka Connect at {self._client.base_url} does not answer ({error})."
                " Start it or correct ROWTIDE_CONNECT_URL."
            ) from error

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise WrongUse(
                f"Kafka Connect at {self._client.base_url} rejected the login ({response.status_code})."
                " Correct ROWTIDE_CONNECT_USERNAME and ROWTIDE_CONNECT_PASSWORD."
            )
        raise OperatorError(
            f"{response.request.method} {response.url} answered {response.status_code}: {_message(response)}"
        )


def _message(response: httpx.Response) -> str:
    """The first line of Connect's message; the others may quote the values of a configuration."""
    try:
        message = msgspec.json.decode(response.content, type=dict[str, Any]).get("message", "")
    except msgspec.MsgspecError:
        return response.reason_phrase
    return str(message).split("\n")[0] or response.reason_phrase
