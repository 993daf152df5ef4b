"""The settings of the search API: read once by the entry point, with every error reported."""

import secrets
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connections.elasticsearch import ElasticsearchSettings
from connections.log_lines import LogSettings
from connections.settings import LOCAL_FOLDER, HttpUrl, LocalPath, setting_faults
from connections.worker_token import WorkerTokenSettings
from http_server.client_network import Proxies
from http_server.host_names import accepted_names, is_loopback
from http_server.open_connections import ConnectionLimits
from search_api.access.callers import ALL, READING, SCOPES, Caller, Scope, anybody
from search_api.access.rate_limits import Rate

DEFAULT_RATE = 20.0


class InvalidSettings(Exception):
    """The settings cannot be used; the message lists every error."""

    exit_code = 2


class StateSettings(BaseSettings):
    """What commands need that manage API keys. Read from ROWTIDE_ variables, or passed by name."""

    model_config = SettingsConfigDict(env_prefix="ROWTIDE_", frozen=True, extra="ignore")

    api_state: LocalPath = Field(
        LOCAL_FOLDER / "api" / "state.db",
        validate_default=True,
        description="File for API keys, saved searches and the audit of exports; `:memory:` stores nothing.",
    )

    @property
    def state_file(self) -> Path | None:
        """The file, or None for a state in memory."""
        return None if str(self.api_state) == ":memory:" else self.api_state


Settings = TypeVar("Settings", bound=StateSettings)


class ApiSettings(ElasticsearchSettings, StateSettings, WorkerTokenSettings, LogSettings):
    """Read from ROWTIDE_ variables, or passed by name."""

    worker_url: HttpUrl | None = Field(
        None, description="The worker's address, as http(s)://host:port, to report how fresh the documents are."
    )
    api_host: str = Field("127.0.0.1", description="Address on which the API and the page listen.")
    api_port: int = Field(8080, gt=0, lt=65536, description="Port on which they listen.")
    api_anonymous: bool | None = Field(
        None, description="Let clients without an API key read. Default: only on a loopback host."
    )
    api_anonymous_pii: str | None = Field(
        None,
        description="Kinds of personal data shown without an API key, comma-separated, or `*` for all. Default: all"
        " on a loopback host.",
    )
    api_anonymous_export: bool = Field(
        False, description="Let clients without an API key export whole results even on a host that is not loopback."
    )
    api_hosts: str | None = Field(
        None,
        description="Host names that the API accepts, comma-separated. Default: those of a loopback host, else any.",
    )
    api_proxies: str = Field(
        "",
        description="Addresses and networks of the reverse proxies in front of the API, comma-separated. Only they are"
        " believed when they name a client in `X-Forwarded-For` or a scheme in `X-Forwarded-Proto`. Default: none.",
    )
    api_connections: int = Field(1000, ge=16, le=100_000, description="Maximum number of open connections.")
    api_connections_per_client: int = Field(
        250, ge=4, description="Maximum number of them from one address (of IPv6, one /64 network); not for proxies."
    )
    api_header_seconds: float = Field(
        10.0, gt=0, le=600, description="Seconds in which the header of a request must arrive."
    )
    api_body_seconds: float = Field(30.0, gt=0, le=600, description="Seconds in which its body must arrive.")
    api_idle_seconds: float = Field(
        5.0, gt=0, le=600, description="Seconds that a connection stays open after a response."
    )
    api_rate: float | None = Field(
        None,
        gt=0,
        description="Cost per second that a caller may spend. Default: 20; unlimited without a key on a loopback host.",
    )
    api_burst: int = Field(400, gt=0, description="Cost that a caller may spend at once.")
    api_running_cost: int = Field(
        36,
        ge=1,
        description="Cost of the searches that run in Elasticsearch at the same time; a caller gets up to a third.",
    )
    api_allow_writer: bool = Field(
        False, description="Serve even if the Elasticsearch credentials allow more than reading."
    )
    cursor_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_hex(32)),
        min_length=16,
        description="Secret that signs cursors. Set the same on all servers. Default: a new one at each start.",
    )
    marker_dsn: SecretStr | None = Field(
        None, description="Connection string of the source database, with the role from `rowtide init --marker`."
    )
    consistency_wait: float = Field(
        5.0, ge=0, le=60, description="Seconds that a request waits for the consistency it requires."
    )
    consistency_wait_most: float = Field(
        10.0, ge=0, le=60, description="Maximum seconds that a request can wait with `Prefer: wait`."
    )
    consistency_readers: int = Field(500, ge=1, description="Maximum number of requests that wait at the same time.")
    consistency_readers_each: int = Field(
        100, ge=1, description="Maximum number of requests of one caller that wait at the same time."
    )
    paging_seconds: float = Field(
        120.0, ge=1, le=3600, description="Seconds that a cursor stays usable after its last use."
    )
    paging_points: int = Field(
        20, ge=1, le=500, description="Maximum number of points in time that a caller keeps open."
    )
    export_seconds: float = Field(
        300.0, ge=1, le=3600, description="Seconds during which an interrupted export can be resumed."
    )
    export_points: int = Field(
        5, ge=1, le=100, description="Maximum number of exports per caller that are running or can be resumed."
    )
    request_timeout: float = Field(7.0, gt=0, le=60, description="Seconds that Elasticsearch has to respond.")

    @field_validator("api_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        try:
            Proxies(text)
        except ValueError:
            raise ValueError("write addresses or networks, such as 10.0.0.5, 10.1.0.0/16") from None
        return text

    @property
    def private(self) -> bool:
        """Whether the API is reachable only from this machine."""
        return is_loopback(self.api_host)

    @property
    def hosts(self) -> frozenset[str]:
        """The accepted host names, empty for any."""
        return accepted_names(self.api_host, self.api_hosts or "")

    @property
    def proxies(self) -> Proxies:
        """The reverse proxies in front of the API."""
        return Proxies(self.api_proxies)

    @property
    def connection_limits(self) -> ConnectionLimits:
        """The limits of connections."""
        return ConnectionLimits(
            self.api_connections,
            self.api_connections_per_client,
            self.api_header_seconds,
            self.api_body_seconds,
            self.api_idle_seconds,
        )

    @property
    def rate(self) -> Rate:
        """The rate limit of a caller with an API key."""
        return Rate(self.api_rate or DEFAULT_RATE, self.api_burst)

    @property
    def open_rate(self) -> Rate | None:
        """The rate limit of a client without a key; None is unlimited."""
        return None if self.api_rate is None and self.private else self.rate

    @property
    def anybody(self) -> Caller | None:
        """The caller without an API key, or None if a key is required. On a host that others reach it only reads,
        because such callers share what they save and cannot be told apart in the audit.
        """
        private = self.private
        if not (private if self.api_anonymous is None else self.api_anonymous):
            return None
        default_kinds = ALL if private else ""
        kinds = default_kinds if self.api_anonymous_pii is None else self.api_anonymous_pii
        own: frozenset[Scope] = frozenset(SCOPES)
        export: frozenset[Scope] = frozenset({"export"} if self.api_anonymous_export else ())
        return anybody(own if private else READING | export, _words(kinds))


def read_settings(**values: object) -> ApiSettings:
    """Read the settings. Raises InvalidSettings."""
    return _read(ApiSettings, values)


def read_state_settings(**values: object) -> StateSettings:
    """Read what commands need that manage API keys. Raises InvalidSettings."""
    return _read(StateSettings, values)


def _read(kind: type[Settings], values: dict[str, Any]) -> Settings:
    try:
        return kind(**values)
    except ValidationError as error:
        raise InvalidSettings("\n  ".join(["These settings are wrong:", *setting_faults(error)])) from None


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
