"""How clients reach Elasticsearch: settings, client options, and what a refusal or a failed connection means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from connections.settings import PREFIX, HttpUrlWithPort
from connections.tls import CaFile, httpx_trust, tls_failure


@dataclass(frozen=True, slots=True)
class ElasticsearchAccess:
    """Where Elasticsearch is and how to sign in: an API key, or else a user and password, or neither.

    `ca` is a PEM file of the certificates to trust instead of the usual ones; `timeout` is in seconds."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 60.0
    ca: Path | None = None

    @property
    def login(self) -> tuple[str, str] | None:
        """The user and password; None with an API key, which takes precedence."""
        return (self.username, self.password or "") if self.username and not self.api_key else None


class ElasticsearchSettings(BaseSettings):
    """The settings of Elasticsearch that every program reads alike."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    elasticsearch_url: HttpUrlWithPort = Field(description="Elasticsearch, as http(s)://host:port.")
    elasticsearch_api_key: SecretStr | None = Field(
        default=None,
        description="API key, from `rowtide elasticsearch-key worker` or `rowtide elasticsearch-key search`.",
    )
    elasticsearch_username: str | None = Field(default=None, description="User, instead of an API key.")
    elasticsearch_password: SecretStr | None = Field(default=None, description="Password of that user.")
    elasticsearch_ca: CaFile | None = Field(
        default=None, description="File of the certificates to trust (PEM) instead of the usual ones, with https."
    )

    def elasticsearch_access(self, timeout: float = 60.0) -> ElasticsearchAccess:
        """How to reach Elasticsearch; a request may take `timeout` seconds."""
        return ElasticsearchAccess(
            self.elasticsearch_url,
            _secret(self.elasticsearch_api_key),
            self.elasticsearch_username,
            _secret(self.elasticsearch_password),
            timeout,
            self.elasticsearch_ca,
        )


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def client_options(access: ElasticsearchAccess) -> dict[str, Any]:
    """The options of Elasticsearch's own client. It never retries by itself: the caller knows whether that is safe."""
    return {
        "api_key": access.api_key,
        "basic_auth": access.login,
        "request_timeout": access.timeout,
        "max_retries": 0,
        "retry_on_timeout": False,
        **_trust(access),
    }


def _trust(access: ElasticsearchAccess) -> dict[str, Any]:
    """The client refuses to be given certificates without TLS."""
    return {"ca_certs": str(access.ca)} if access.ca and access.url.startswith("https:") else {}


def httpx_options(access: ElasticsearchAccess) -> dict[str, Any]:
    """The options of a plain HTTP client."""
    return {
        "base_url": access.url,
        "headers": {"authorization": f"ApiKey {access.api_key}"} if access.api_key else {},
        "auth": access.login,
        "timeout": access.timeout,
        **httpx_trust(access.ca),
    }


def refuses_credentials(error: ApiError) -> bool:
    """Whether Elasticsearch refused our credentials, and not the request."""
    return is_credentials_refusal(error.status_code, error.body)


def is_credentials_refusal(status: int, body: Any) -> bool:
    """Whether a response refuses our credentials. 403 also means a block on an index, with another type of error in its body."""
    error = body.get("error") if isinstance(body, Mapping) else None
    kind = error.get("type") if isinstance(error, Mapping) else "security_exception"
    return status == 401 or (status == 403 and kind == "security_exception")


def failed_tls(url: str, error: Exception) -> str | None:
    """The error text when the certificate is not trusted, or the server does not speak TLS; None for another failure."""
    reason = str(error.message) if isinstance(error, TransportError) else str(error)
    return tls_failure("Elasticsearch", url, "ROWTIDE_ELASTICSEARCH", reason)


def unreachable(url: str) -> str:
    """The error text when nothing answers."""
    return f"Elasticsearch at {url} does not answer. Start it or correct ROWTIDE_ELASTICSEARCH_URL."
