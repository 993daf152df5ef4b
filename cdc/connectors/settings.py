"""The settings of the operators' program, read once; all faults are reported at once."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cdc.connectors.errors import WrongUse

PREFIX = "ROWTIDE_"


class Settings(BaseSettings):
    """Read from ROWTIDE_ variables. What a command does not need may be absent."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", populate_by_name=True)

    postgres_dsn: SecretStr | None = Field(default=None, description="the source, as an owner of its tables")
    kafka_bootstrap_servers: str | None = Field(default=None, description="host:port of Kafka")
    connect_url: str | None = Field(default=None, description="URL of Kafka Connect's REST API")
    spec: Path | None = Field(default=None, description="the spec's file")
    connector_password: SecretStr | None = Field(
        default=None, description="password of the connector's role; else one is made"
    )
    connector_password_reference: str | None = Field(
        default=None,
        description="what the connector's configuration holds instead, such as ${file:/run/secrets/db:password}",
    )
    connector_postgres_address: str | None = Field(
        default=None, description="host:port of PostgreSQL as Kafka Connect reaches it; else that of the DSN"
    )
    secrets_dir: Path = Field(default=Path(".rowtide/secrets"), description="where made passwords are kept")
    log_retention_hours: int = Field(default=168, ge=1, description="how long Kafka keeps the log")
    log_replication: int = Field(default=1, ge=1, description="on how many brokers")

    @field_validator("connect_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("must look like http://host:8083")
        return url.rstrip("/") if url else url

    @field_validator("connector_postgres_address")
    @classmethod
    def _is_address(cls, address: str | None) -> str | None:
        if address is not None:
            host, colon, port = address.rpartition(":")
            if not host or not colon or not port.isdecimal():
                raise ValueError("must look like host:5432")
        return address

    @classmethod
    def read(cls) -> Self:
        """Read the environment. WrongUse lists every fault."""
        try:
            return cls()
        except ValidationError as error:
            faults = [f"  {PREFIX}{_name(fault['loc'])}: {fault['msg']}" for fault in error.errors()]
            raise WrongUse("These settings are wrong:\n" + "\n".join(faults)) from None

    def need(self, *names: str) -> None:
        """Check that these are set. WrongUse lists every one that is not."""
        missing = [name for name in names if getattr(self, name) is None]
        if missing:
            lines = [f"  {PREFIX}{name.upper()}: {type(self).model_fields[name].description}" for name in missing]
            raise WrongUse("Set these variables:\n" + "\n".join(lines))


def _name(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location).upper()
