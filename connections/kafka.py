"""How clients reach the Kafka that holds the change log: settings, and the same in librdkafka's words."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connections.settings import PREFIX
from connections.tls import CaFile

Protocol = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

SERVERS = "Kafka's bootstrap servers, as host:port[,host:port]."


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """Where Kafka is and how to sign in. `ca` is a PEM file of the certificates to trust instead of the system's."""

    servers: str
    protocol: Protocol = "plaintext"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None

    @property
    def signs_in(self) -> bool:
        """Whether the protocol needs a user and a password."""
        return self.protocol.startswith("sasl_")


class KafkaSettings(BaseSettings):
    """The settings of Kafka that every program reads alike."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    kafka_bootstrap_servers: str | None = Field(default=None, description=SERVERS)
    kafka_security_protocol: Protocol = Field(default="plaintext", description="Security protocol.")
    kafka_sasl_mechanism: Mechanism = Field(default="SCRAM-SHA-512", description="SASL mechanism, with `sasl_…`.")
    kafka_username: str | None = Field(
        default=None,
        description="User, with `sasl_…`. The worker's must be able to read the pipeline's topic; the operators' to create,"
        " alter and delete it.",
    )
    kafka_password: SecretStr | None = Field(default=None, validate_default=True, description="Password of that user.")
    kafka_ca: CaFile | None = Field(
        default=None, description="File of the certificates to trust (PEM) instead of the system's, with `…ssl`."
    )

    @field_validator("kafka_password")
    @classmethod
    def _needed_to_sign_in(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        signs_in = str(info.data.get("kafka_security_protocol")).startswith("sasl_")
        if signs_in and not (password and info.data.get("kafka_username")):
            raise ValueError("set it, and ROWTIDE_KAFKA_USERNAME, with a protocol that begins with sasl_")
        return password

    @property
    def kafka(self) -> KafkaAccess:
        """How to reach Kafka."""
        return KafkaAccess(
            self.kafka_bootstrap_servers or "",
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_username,
            self.kafka_password.get_secret_value() if self.kafka_password else None,
            self.kafka_ca,
        )


def client_settings(access: KafkaAccess) -> dict[str, Any]:
    """The librdkafka settings that every client of this Kafka has."""
    settings: dict[str, Any] = {"bootstrap.servers": access.servers}
    if access.protocol != "plaintext":
        settings["security.protocol"] = access.protocol
    if access.signs_in:
        settings |= {
            "sasl.mechanism": access.mechanism,
            "sasl.username": access.username or "",
            "sasl.password": access.password or "",
        }
    if access.protocol.endswith("ssl") and access.ca:
        settings["ssl.ca.location"] = str(access.ca)
    return settings
