"""The settings of the search API: read once, by whoever starts it, with all faults told at once."""

import ipaddress
import secrets

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from search_api.callers import ALL, Caller, anybody


class WrongSettings(Exception):
    """Settings that cannot be used; the message lists every fault."""


class ApiSettings(BaseSettings):
    """Read from ROWTIDE_ variables, or given by name."""

    model_config = SettingsConfigDict(env_prefix="ROWTIDE_", frozen=True, extra="ignore")

    elasticsearch_url: str = Field(description="where Elasticsearch listens, with http:// or https://")
    elasticsearch_api_key: SecretStr | None = Field(None, description="a read-only key; see `rowtide api key`")
    elasticsearch_username: str | None = Field(None, description="instead of a key: a user")
    elasticsearch_password: SecretStr | None = Field(None, description="that user's password")
    worker_url: str | None = Field(None, description="where the worker tells how fresh the documents are")
    api_host: str = Field("127.0.0.1", description="where the API and the page listen")
    api_port: int = Field(8080, gt=0, lt=65536, description="their port")
    api_anonymous: bool | None = Field(
        None, description="let everybody read, without an API key; when not set: on a loopback host alone"
    )
    api_anonymous_pii: str | None = Field(
        None,
        description="kinds of personal data that they see, comma-separated, or * for all; when not set: all on a loopback host",
    )
    cursor_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_hex(32)),
        min_length=16,
        description="signs cursors; give all servers the same, otherwise each start makes its own",
    )
    request_timeout: float = Field(7.0, gt=0, le=60, description="seconds that Elasticsearch has for an answer")

    @field_validator("elasticsearch_url", "worker_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("is no URL; write http://host:port or https://host:port")
        return value.rstrip("/") if value else value

    @field_validator("elasticsearch_url")
    @classmethod
    def _has_port(cls, value: str) -> str:
        if ":" not in value.partition("://")[2]:
            raise ValueError("has no port; write http://host:port or https://host:port")
        return value

    @property
    def anybody(self) -> Caller | None:
        """The caller without an API key, or None if there is no such thing."""
        private = _loopback(self.api_host)
        if not (private if self.api_anonymous is None else self.api_anonymous):
            return None
        given = ALL if private else ""
        kinds = given if self.api_anonymous_pii is None else self.api_anonymous_pii
        return anybody(frozenset(kind.strip() for kind in kinds.split(",") if kind.strip()))

    @model_validator(mode="after")
    def _is_private(self) -> "ApiSettings":
        if not self.api_anonymous and not _loopback(self.api_host):
            raise ValueError(
                f"ROWTIDE_API_HOST={self.api_host} lets others read everything; set ROWTIDE_API_ANONYMOUS=true if they may"
            )
        return self


def read_settings(**given: object) -> ApiSettings:
    """Read the settings; raises WrongSettings."""
    try:
        return ApiSettings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [f"  {_name(fault['loc'])}{fault['msg']}" for fault in error.errors(include_input=False)]
        raise WrongSettings("These settings are wrong; correct each of them:\n" + "\n".join(faults)) from None


def _name(location: tuple[int | str, ...]) -> str:
    return f"ROWTIDE_{'_'.join(map(str, location)).upper()}: " if location else ""


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
