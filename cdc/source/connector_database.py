"""The source database as the connector reaches it, from the operator's DSN."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdc.errors import WrongUse
from cdc.log.names import role_name
from connections.postgres import dsn_parts


@dataclass(frozen=True, slots=True)
class ConnectorDatabase:
    """Where the connector signs in, and as whom. `password` may be a reference such as `${file:/path:key}`.

    `system` is the database's system identifier (`cdc.log.heartbeat.SYSTEM_QUERY`), `version` its
    server_version_num."""

    host: str
    port: int
    name: str
    user: str
    password: str
    system: str
    version: int
    sslmode: str = ""
    options: str = field(default="", repr=False)
    """The key that signs heartbeats, as parameters of its sessions; empty when there is no key. May be a reference,
    too."""


def connector_database(
    dsn: str, reached_at: str | None, pipeline: str, password: str, system: str, version: int, options: str = ""
) -> ConnectorDatabase:
    """The DSN's database for the connector's own role, at `reached_at` (host:port) where Kafka Connect needs another
    address."""
    parts = _parts(dsn)
    host, _, port = (reached_at or "").rpartition(":")
    return ConnectorDatabase(
        host=host or str(parts.get("host", "localhost")),
        port=int(port or str(parts.get("port", 5432))),
        name=database_name(dsn),
        user=role_name(pipeline),
        password=password,
        system=system,
        version=version,
        sslmode=str(parts.get("sslmode", "")),
        options=options,
    )


def database_name(dsn: str) -> str:
    """The name of the database by which the DSN asks for it."""
    parts = _parts(dsn)
    return str(parts.get("dbname") or parts.get("user") or "postgres")


def _parts(dsn: str) -> Mapping[str, str | int]:
    try:
        return dsn_parts(dsn)
    except ValueError as error:
        raise WrongUse(str(error)) from None
