"""The settings of the operators' commands: read once, all errors reported together."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from cdc.errors import WrongUse
from connections.kafka import KafkaSettings
from connections.postgres import SOURCE_DSN
from connections.private_files import CONTROL_KEY, SECRETS_FOLDER
from connections.settings import LOCAL_FOLDER, PREFIX, HttpUrl, LocalPath, setting_faults, variable
from connections.tls import CaFile


class Settings(KafkaSettings):
    """Read from ROWTIDE_ variables. What a command does not need may be absent."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", populate_by_name=True)

    postgres_dsn: SecretStr | None = Field(default=None, description=SOURCE_DSN)
    connect_url: HttpUrl | None = Field(default=None, description="URL of Kafka Connect's REST API.")
    connect_username: str | None = Field(default=None, description="User, if Kafka Connect asks for one (basic auth).")
    connect_password: SecretStr | None = Field(default=None, description="Password of that user.")
    connect_ca: CaFile | None = Field(
        default=None, description="File of the certificates to trust (PEM) instead of the usual ones, with https."
    )
    spec: Path | None = Field(default=None, description="The document spec (YAML).")
    connector_password: SecretStr | None = Field(
        default=None, description="Password of the connector's role; without it, `rowtide init` generates one."
    )
    connector_password_reference: str | None = Field(
        default=None,
        description="Reference that the connector's configuration holds instead of the password, such as"
        " ${file:/run/secrets/db:password}.",
    )
    connect_secrets_dir: Path | None = Field(
        default=None,
        description="Folder in which Kafka Connect reads the connector's password and control key. `rowtide connectors"
        " apply` writes a file there, and references to it into the connector's configuration.",
    )
    connect_secrets_path: str | None = Field(
        default=None, description="Path of that folder as Kafka Connect sees it, if it differs."
    )
    connector_secrets_inline: bool = Field(
        default=False,
        description="Put the password and the control key themselves into the connector's configuration. Everybody who"
        " can read it in Kafka Connect's REST API or in its topic has them.",
    )
    connector_postgres_address: str | None = Field(
        default=None, description="host:port of PostgreSQL as Kafka Connect reaches it, if it differs from the DSN's."
    )
    control_key: SecretStr | None = Field(default=None, description=CONTROL_KEY)
    control_key_reference: str | None = Field(
        default=None,
        description="Reference that the connector's configuration holds instead of the control key, such as"
        " ${file:/run/secrets/rowtide_shop.properties:options}.",
    )
    secrets_dir: LocalPath = Field(default=LOCAL_FOLDER / "secrets", validate_default=True, description=SECRETS_FOLDER)
    log_retention_hours: int = Field(default=168, ge=1, description="How long Kafka keeps the change log (hours).")
    log_replication: int = Field(default=1, ge=1, description="Number of brokers that keep it.")

    @field_validator("connect_secrets_dir", mode="before")
    @classmethod
    def _empty_is_not_set(cls, folder: object) -> object:
        return folder or None  # An empty path would be the current folder.

    @field_validator("connector_postgres_address")
    @classmethod
    def _is_address(cls, address: str | None) -> str | None:
        if address is not None:
            host, colon, port = address.rpartition(":")
            if not host or not colon or not port.isdecimal():
                raise ValueError("write host:port")
        return address

    @classmethod
    def read(cls) -> Self:
        """Read the environment. Raises WrongUse with all errors."""
        try:
            return cls()
        except ValidationError as error:
            raise WrongUse("\n  ".join(["These settings are wrong:", *setting_faults(error)])) from None

    @property
    def source_dsn(self) -> str:
        """The DSN of the source database, password included. Raises WrongUse when it is not set."""
        self.need("postgres_dsn")
        assert self.postgres_dsn is not None
        return self.postgres_dsn.get_secret_value()

    def need(self, *names: str) -> None:
        """Check that these settings are set. Raises WrongUse with all that are missing."""
        missing = [name for name in names if getattr(self, name) is None]
        if missing:
            lines = [f"  {variable(name)}: {type(self).model_fields[name].description}" for name in missing]
            raise WrongUse("Set these variables:\n" + "\n".join(lines))
