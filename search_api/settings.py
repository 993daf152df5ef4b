"""The settings of the search API: read once, by whoever starts it, with all faults told at once."""

import ipaddress
import secrets
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from connections.elasticsearch import ElasticsearchSettings
from connections.settings import HttpUrl, setting_faults
from search_api.access.callers import ALL, READING, SCOPES, Caller, Scope, anybody
from search_api.access.rate_limits import Rate

DEFAULT_RATE = 20.0
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class InvalidSettings(Exception):
    """Settings that cannot be used; the message lists every fault."""

    exit_code = 2


class StateSettings(BaseSettings):
    """What commands need that look after API keys. Read from ROWTIDE_ variables, or given by name."""

    model_config = SettingsConfigDict(env_prefix="ROWTIDE_", frozen=True, extra="ignore")

    api_state: Path = Field(
        Path(".rowtide/api/state.db"),
        description="file of API keys, saved searches and the audit of exports; `:memory:` keeps nothing",
    )

    @property
    def state_file(self) -> Path | None:
        """The file, or None to keep nothing."""
        return None if str(self.api_state) == ":memory:" else self.api_state


Settings = TypeVar("Settings", bound=StateSettings)


class ApiSettings(ElasticsearchSettings, StateSettings):
    """Read from ROWTIDE_ variables, or given by name."""

    worker_url: HttpUrl | None = Field(None, description="where the worker tells how fresh the documents are")
    api_host: str = Field("127.0.0.1", description="where the API and the page listen")
    api_port: int = Field(8080, gt=0, lt=65536, description="their port")
    api_anonymous: bool | None = Field(
        None, description="let everybody read, without an API key; when not set: on a loopback host alone"
    )
    api_anonymous_pii: str | None = Field(
        None,
        description="kinds of personal data that they see, comma-separated, or * for all; when not set: all on a loopback host",
    )
    api_anonymous_export: bool = Field(
        False, description="let them export whole results, too, on another host than a loopback one"
    )
    api_hosts: str | None = Field(
        None,
        description="names that it is served under, comma-separated; when not set: those of a loopback host, or any",
    )
    api_rate: float | None = Field(
        None,
        gt=0,
        description="cost a second that a caller may spend; when not set: 20, and no limit without a key on a loopback host",
    )
    api_burst: int = Field(400, gt=0, description="cost that a caller may spend at once")
    api_allow_writer: bool = Field(
        False, description="serve even if the credentials for Elasticsearch can do more than read"
    )
    cursor_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_hex(32)),
        min_length=16,
        description="signs cursors; give all servers the same, otherwise each start makes its own",
    )
    marker_dsn: SecretStr | None = Field(
        None, description="the source database as a role that can only emit a marker; see `rowtide init --marker`"
    )
    consistency_wait: float = Field(
        5.0, ge=0, le=60, description="seconds that a reader waits to see what it asked for"
    )
    consistency_wait_most: float = Field(10.0, ge=0, le=60, description="the same, with `Prefer: wait`, at most")
    consistency_readers: int = Field(500, ge=1, description="readers that wait at the same time, at most")
    paging_seconds: float = Field(120.0, ge=1, le=3600, description="how long a cursor can be used after the last page")
    paging_points: int = Field(20, ge=1, le=500, description="points in time that a caller keeps open, at most")
    export_seconds: float = Field(300.0, ge=1, le=3600, description="how long an export that broke off can be resumed")
    export_points: int = Field(
        5, ge=1, le=100, description="exports that a caller has under way or can resume, at most"
    )
    request_timeout: float = Field(7.0, gt=0, le=60, description="seconds that Elasticsearch has for an answer")

    @property
    def private(self) -> bool:
        """Whether only this machine reaches the API."""
        return _loopback(self.api_host)

    @property
    def hosts(self) -> frozenset[str]:
        """The names that it is served under, empty for any."""
        given = _words(self.api_hosts or "")
        return given | _LOOPBACK_NAMES if given or self.private else frozenset()

    @property
    def rate(self) -> Rate:
        """What a caller with an API key may spend."""
        return Rate(self.api_rate or DEFAULT_RATE, self.api_burst)

    @property
    def open_rate(self) -> Rate | None:
        """What a client without a key may spend; None is no limit."""
        return None if self.api_rate is None and self.private else self.rate

    @property
    def anybody(self) -> Caller | None:
        """The caller without an API key, or None if there is no such thing. Others than this machine's user share what it keeps
        and leave no name in the audit: they read."""
        private = self.private
        if not (private if self.api_anonymous is None else self.api_anonymous):
            return None
        given = ALL if private else ""
        kinds = given if self.api_anonymous_pii is None else self.api_anonymous_pii
        own: frozenset[Scope] = frozenset(SCOPES)
        export: frozenset[Scope] = frozenset({"export"} if self.api_anonymous_export else ())
        return anybody(own if private else READING | export, _words(kinds))


def read_settings(**given: object) -> ApiSettings:
    """Read the settings; raises InvalidSettings."""
    return _read(ApiSettings, given)


def read_state_settings(**given: object) -> StateSettings:
    """Read what commands need that look after API keys; raises InvalidSettings."""
    return _read(StateSettings, given)


def _read(kind: type[Settings], given: dict[str, Any]) -> Settings:
    try:
        return kind(**given)
    except ValidationError as error:
        raise InvalidSettings("\n  ".join(["These settings are wrong:", *setting_faults(error)])) from None


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
