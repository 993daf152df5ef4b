"""Where Elasticsearch is, as whom to go there, and what it means when it does not let us in."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elastic_transport import TlsError
from elasticsearch import ApiError

from sync_worker.errors import ServiceMissing, SettingsError, WorkerError


@dataclass(frozen=True, slots=True)
class Access:
    """An API key, or a user and password, or neither. `ca` is a file of certificates to trust instead of the system's."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 60.0
    ca: Path | None = None

    @property
    def login(self) -> tuple[str, str] | None:
        """The user and password, where they count."""
        return (self.username, self.password or "") if self.username and not self.api_key else None


def client_options(access: Access) -> dict[str, Any]:
    """How Elasticsearch's own client is set up."""
    return {
        "api_key": access.api_key,
        "basic_auth": access.login,
        "request_timeout": access.timeout,
        "max_retries": 0,
        "retry_on_timeout": False,
        "connections_per_node": 8,
        **certificates(access.url, access.ca),
    }


def certificates(url: str, ca: Path | None) -> dict[str, Any]:
    """What Elasticsearch's own client is told of the certificates to trust; it wants to hear of none without TLS."""
    return {"ca_certs": str(ca)} if ca and url.startswith("https:") else {}


def reader_options(access: Access) -> dict[str, Any]:
    """How a plain HTTP client is set up."""
    trusted = {"verify": ssl.create_default_context(cafile=access.ca)} if access.ca else {}
    headers = {"authorization": f"ApiKey {access.api_key}"} if access.api_key else {}
    return {
        "base_url": access.url,
        "headers": headers,
        "auth": access.login,
        "timeout": access.timeout,
        **trusted,
    }


def refuses_us(error: ApiError) -> bool:
    """Whether it is our credentials that Elasticsearch refuses, and not what was asked of it."""
    return is_refusal(error.status_code, error.body)


def is_refusal(status: int, body: Any) -> bool:
    """The same, of an answer. 403 is also what a block on an index gives."""
    told = body.get("error") if isinstance(body, Mapping) else None
    kind = told.get("type") if isinstance(told, Mapping) else "security_exception"
    return status == 401 or (status == 403 and kind == "security_exception")


def refused(url: str) -> WorkerError:
    """Our credentials are wrong, or may not do this."""
    return SettingsError(
        f"Elasticsearch at {url} refuses the credentials, or they may not do this; set ROWTIDE_ELASTICSEARCH_API_KEY"
        " (rowtide worker-key makes one), or ROWTIDE_ELASTICSEARCH_USERNAME and ROWTIDE_ELASTICSEARCH_PASSWORD"
    )


def away(url: str, error: Exception) -> WorkerError:
    """Elasticsearch does not answer, or with a certificate that is not trusted."""
    if isinstance(error, TlsError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SettingsError(
            f"The certificate of Elasticsearch at {url} is not trusted: {error}; set ROWTIDE_ELASTICSEARCH_CA to the"
            " file of the authority that signed it"
        )
    return ServiceMissing(f"Elasticsearch at {url} does not answer; start it or correct ROWTIDE_ELASTICSEARCH_URL")
