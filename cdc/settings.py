"""The settings of the operators' program, read once; all faults are reported at once."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from cdc.errors import WrongUse
from connections.kafka import KafkaSettings
from connections.settings import PREFIX, HttpUrl, setting_faults, variable
from connections.tls import CaFile


class Settings(KafkaSettings):
    """Read from ROWTIDE_ variables. What a command does not need may be absent."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", populate_by_name=True)

    postgres_dsn: SecretStr | None = Field(default=None, description="the source, as an owner of its tables")
    connect_url: HttpUrl | None = Field(default=None, description="URL of Kafka Connect's REST API")
    connect_username: str | None = Field(default=None, description="where Connect asks for it (basic auth): a user")
    connect_password: SecretStr | None = Field(default=None, description="that user's password")
    connect_ca: CaFile | None = Field(
        default=None, description="with https: a file of the certificates to trust (PEM), instead of the usual ones"
    )
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
            raise WrongUse("\n  ".join(["These settings are wrong:", *setting_faults(error)])) from None

    def need(self, *names: str) -> None:
        """Check that these are set. WrongUse lists every one that is not."""
        missing = [name for name in names if getattr(self, name) is None]
        if missing:
            lines = [f"  {variable(name)}: {type(self).model_fields[name].description}" for name in missing]
            raise WrongUse("Set these variables:\n" + "\n".join(lines))
