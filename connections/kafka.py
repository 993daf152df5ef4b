"""How clients reach the Kafka that holds the change log: settings, client options, and what an error means."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from confluent_kafka import KafkaError, KafkaException
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
        description="User, with `sasl_…`. The worker's must be able to read the pipeline's topic; the operators' to"
        " create, alter and delete it.",
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


_REJECTIONS = (
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)
_UNREACHABLE = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE)


class KafkaErrors:
    """An `error_cb` that remembers why connections fail: librdkafka reports a rejected login only there, and retries
    for ever.

    Other errors are temporary, and show as a timeout or as lag."""

    def __init__(self) -> None:
        self.last_rejection = ""
        self._transport_error = ""

    def __call__(self, error: KafkaError) -> None:
        if error.code() in _REJECTIONS:
            self.last_rejection = error.str()
        elif error.code() == KafkaError._TRANSPORT:
            self._transport_error = error.str()

    def rejection(self, error: KafkaException) -> str | None:
        """Why Kafka rejects the login or lacks a grant for it; None when `error` has another cause."""
        cause: KafkaError = error.args[0]
        return self.last_rejection or (cause.str() if cause.code() in _REJECTIONS else None)

    def unreachable(self, error: KafkaException) -> str | None:
        """Why no broker answers; None when `error` has another cause."""
        return self.reason(error) if error.args[0].code() in _UNREACHABLE else None

    def reason(self, error: KafkaException) -> str:
        """The cause of `error`; of a timeout, the failed connection behind it."""
        return self._transport_error or str(error.args[0].str())


def rejected(access: KafkaAccess, request: str, reason: str) -> str:
    """What to tell people when Kafka rejects the login. `request` completes "the request to"."""
    return (
        f"Kafka at {access.servers} rejected the request to {request}: {reason}. Correct"
        " ROWTIDE_KAFKA_SECURITY_PROTOCOL and, if they are needed, ROWTIDE_KAFKA_USERNAME, ROWTIDE_KAFKA_PASSWORD and"
        " ROWTIDE_KAFKA_CA."
    )


def no_answer(access: KafkaAccess, reason: str) -> str:
    """What to tell people when no broker answers."""
    return (
        f"Kafka at {access.servers} does not answer: {reason}. Start it, or correct ROWTIDE_KAFKA_BOOTSTRAP_SERVERS or"
        " ROWTIDE_KAFKA_SECURITY_PROTOCOL."
    )
