"""The settings of the operators' program, read once; all faults are reported at once."""

import ssl
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cdc.errors import WrongUse
from connections.kafka import KafkaAccess, Mechanism, Protocol

PREFIX = "ROWTIDE_"


def _certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise ValueError("the file holds no certificates in PEM form") from error
    return path


CaFile = Annotated[FilePath, AfterValidator(_certificates)]


class Settings(BaseSettings):
    """Read from ROWTIDE_ variables. What a command does not need may be absent."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", populate_by_name=True)

    postgres_dsn: SecretStr | None = Field(default=None, description="the source, as an owner of its tables")
    kafka_bootstrap_servers: str | None = Field(default=None, description="host:port of Kafka")
    kafka_security_protocol: Protocol = Field(default="plaintext", description="how Kafka is spoken to")
    kafka_sasl_mechanism: Mechanism = Field(
        default="SCRAM-SHA-512", description="how the user is made known, with `sasl_…`"
    )
    kafka_username: str | None = Field(
        default=None, description="with `sasl_…`: a user that may create, alter and delete the pipeline's topic"
    )
    kafka_password: SecretStr | None = Field(default=None, validate_default=True, description="that user's password")
    kafka_ca: CaFile | None = Field(
        default=None, description="with `…ssl`: a file of the certificates to trust (PEM), instead of the system's"
    )
    connect_url: str | None = Field(default=None, description="URL of Kafka Connect's REST API")
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

    @field_validator("kafka_password")
    @classmethod
    def _with_a_user(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        told = info.data
        if str(told.get("kafka_security_protocol")).startswith("sasl_") and not (
            password and told.get("kafka_username")
        ):
            raise ValueError("set it, and ROWTIDE_KAFKA_USERNAME, with a protocol that begins with sasl_")
        return password

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

    @property
    def kafka(self) -> KafkaAccess:
        """How to reach Kafka."""
        password = self.kafka_password.get_secret_value() if self.kafka_password else None
        return KafkaAccess(
            self.kafka_bootstrap_servers or "",
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_username,
            password,
            self.kafka_ca,
        )

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
