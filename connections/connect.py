"""How clients reach Kafka Connect's REST API."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connections.tls import httpx_trust


@dataclass(frozen=True, slots=True)
class ConnectAccess:
    """Where Kafka Connect is and how to sign in. `ca` is a PEM file of the certificates to trust instead of the usual
    ones."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    timeout_s: float = 90.0


def client_options(access: ConnectAccess) -> dict[str, Any]:
    """The options of an httpx client. It ignores proxies: Connect is in the operator's own network."""
    login = {"auth": (access.username, access.password or "")} if access.username else {}
    return {
        "base_url": access.url,
        "timeout": access.timeout_s,
        "trust_env": False,
        **login,
        **httpx_trust(access.ca),
    }
