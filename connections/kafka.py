"""How clients reach the Kafka that holds the log, in librdkafka's words. Pure."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Protocol = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """Where Kafka is, and as whom to go there. `ca` is a file of certificates to trust instead of the system's."""

    servers: str
    protocol: Protocol = "plaintext"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None

    @property
    def signs_in(self) -> bool:
        """Whether a user and a password are needed."""
        return self.protocol.startswith("sasl_")


def client_settings(access: KafkaAccess) -> dict[str, Any]:
    """The settings that every client of this Kafka has."""
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
