"""Kafka Connect's REST API: a method an endpoint, a typed record a reply."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from cdc.errors import OperatorError, ServiceUnavailable, WrongUse
from connections.wait import wait_until

REBALANCE_SECONDS = 30.0
"""How long a call is repeated while Connect answers 409, "a rebalance is going on"."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ConnectAccess:
    """Where Kafka Connect is, and as whom to go there. `ca` is a file of certificates to trust instead of the usual ones."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    timeout_s: float = 90.0


def client_options(access: ConnectAccess) -> dict[str, Any]:
    """How the HTTP client is set up. Connect stands beside the operator: a proxy for the internet must not come between."""
    login = {"auth": (access.username, access.password or "")} if access.username else {}
    certificates = {"verify": ssl.create_default_context(cafile=access.ca)} if access.ca else {}
    return {"base_url": access.url, "timeout": access.timeout_s, "trust_env": False, **login, **certificates}


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
    """What Connect says of a connector; `cdc.connectors.health` says what it means."""

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


class Connect:
    """A client of one Connect cluster. OperatorError names the URL and what Connect said; ServiceUnavailable that it is away."""

    def __init__(self, access: ConnectAccess, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(**client_options(access), transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def plugins(self) -> list[Plugin]:
        """The connector classes of the worker."""
        return self._read("GET", "/connector-plugins", list[Plugin])

    def statuses(self) -> list[Status]:
        """Every connector with its state."""
        found = self._read("GET", "/connectors?expand=status", dict[str, _Expanded])
        return [found[name].status for name in sorted(found)]

    def status(self, name: str) -> Status | None:
        """One connector's state; None when there is no such connector (or Connect does not know its state yet)."""
        return self._find("GET", f"/connectors/{quote(name, safe='')}/status", Status)

    def config(self, name: str) -> dict[str, str] | None:
        """The running configuration, secrets included; None when there is no such connector."""
        return self._find("GET", f"/connectors/{quote(name, safe='')}/config", dict[str, str])

    def put_config(self, name: str, config: Mapping[str, str]) -> None:
        """Create the connector or replace its configuration."""
        self._call("PUT", f"/connectors/{quote(name, safe='')}/config", dict(config))

    def validate(self, name: str, config: Mapping[str, str]) -> dict[str, list[str]]:
        """Let the plugin check a configuration (Debezium connects to the database): key → errors. Empty means valid."""
        plugin = quote(config["connector.class"], safe="")
        path = f"/connector-plugins/{plugin}/config/validate"
        answer = self._read("PUT", path, _Validation, {**config, "name": name})
        return {entry.value.name: entry.value.errors for entry in answer.configs if entry.value.errors}

    def pause(self, name: str) -> None:
        """Ask the tasks to stop reading; they keep their place."""
        self._call("PUT", f"/connectors/{quote(name, safe='')}/pause")

    def resume(self, name: str) -> None:
        """Ask a paused or stopped connector to go on."""
        self._call("PUT", f"/connectors/{quote(name, safe='')}/resume")

    def stop(self, name: str) -> None:
        """Shut the tasks down, keeping the configuration; only a stopped connector's offsets can be deleted."""
        self._call("PUT", f"/connectors/{quote(name, safe='')}/stop")

    def restart(self, name: str, only_failed: bool = False) -> None:
        """Restart the connector and its tasks."""
        only = "true" if only_failed else "false"
        self._call("POST", f"/connectors/{quote(name, safe='')}/restart?includeTasks=true&onlyFailed={only}")

    def delete(self, name: str) -> None:
        """Delete the connector; its offsets stay."""
        self._call("DELETE", f"/connectors/{quote(name, safe='')}")

    def offsets(self, name: str) -> list[dict[str, Any]]:
        """The stored source offsets; an empty list before the first one."""
        answer = self._read("GET", f"/connectors/{quote(name, safe='')}/offsets", _Offsets)
        return [entry.offset for entry in answer.offsets if entry.offset is not None]

    def delete_offsets(self, name: str) -> None:
        """Forget where a stopped connector was."""
        self._call("DELETE", f"/connectors/{quote(name, safe='')}/offsets")

    def _find(self, method: str, path: str, kind: type[T]) -> T | None:
        answer = self._send(method, path, None)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return self._decoded(self._checked(answer), kind)

    def _read(self, method: str, path: str, kind: type[T], body: dict[str, str] | None = None) -> T:
        return self._decoded(self._call(method, path, body), kind)

    def _decoded(self, answer: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            raise OperatorError(f"{answer.url} answered something that is not Kafka Connect's form: {error}") from error

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        return self._checked(self._send(method, path, body))

    def _send(self, method: str, path: str, body: dict[str, str] | None) -> httpx.Response:
        """Send, and send again while the cluster rebalances: declared here for every endpoint."""
        answers: list[httpx.Response] = []

        def settled() -> bool:
            answers.append(self._once(method, path, body))
            return answers[-1].status_code != httpx.codes.CONFLICT

        wait_until(settled, REBALANCE_SECONDS)
        return answers[-1]

    def _once(self, method: str, path: str, body: dict[str, str] | None) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise WrongUse(
                    f"The certificate of Kafka Connect at {self._client.base_url} is not trusted ({error})."
                    " Set ROWTIDE_CONNECT_CA to the file of the authority that signed it."
                ) from error
            raise ServiceUnavailable(
                f"Kafka Connect at {self._client.base_url} does not answer ({error})."
                " Start it, or set ROWTIDE_CONNECT_URL to where it is."
            ) from error

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise WrongUse(
                f"Kafka Connect at {self._client.base_url} does not let us in ({answer.status_code})."
                " Correct ROWTIDE_CONNECT_USERNAME and ROWTIDE_CONNECT_PASSWORD."
            )
        raise OperatorError(f"{answer.request.method} {answer.url} answered {answer.status_code}: {_said(answer)}")


def _said(answer: httpx.Response) -> str:
    """Connect's own message, without the values of a configuration."""
    try:
        message = msgspec.json.decode(answer.content, type=dict[str, Any]).get("message", "")
    except msgspec.MsgspecError:
        return answer.reason_phrase
    return str(message).split("\n")[0] or answer.reason_phrase
