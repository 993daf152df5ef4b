"""Where the servers of a stack listen, and how to sign in."""

from dataclasses import dataclass, field
from pathlib import Path

from connections.connect import ConnectAccess
from connections.kafka import KafkaAccess
from infra.jaas import USER
from infra.native.ports import LOOPBACK
from infra.native.servers import Secrets, connect_secrets
from infra.settings import StackSettings


@dataclass(frozen=True)
class Addresses:
    """The superuser's DSN, the URLs of a stack and the logins. Its repr shows no passwords.

    `connect_secrets` is the folder from which Connect reads the secrets of its connectors."""

    postgres_dsn: str = field(repr=False)
    kafka: KafkaAccess
    connect: ConnectAccess
    connect_secrets: Path
    elasticsearch_url: str
    elasticsearch_username: str
    elasticsearch_password: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The environment variables from which every program of Rowtide reads them."""
        return {
            "ROWTIDE_POSTGRES_DSN": self.postgres_dsn,
            "ROWTIDE_KAFKA_BOOTSTRAP_SERVERS": self.kafka.servers,
            "ROWTIDE_KAFKA_SECURITY_PROTOCOL": self.kafka.protocol,
            "ROWTIDE_KAFKA_SASL_MECHANISM": self.kafka.mechanism,
            "ROWTIDE_KAFKA_USERNAME": self.kafka.username or "",
            "ROWTIDE_KAFKA_PASSWORD": self.kafka.password or "",
            "ROWTIDE_CONNECT_URL": self.connect.url,
            "ROWTIDE_CONNECT_USERNAME": self.connect.username or "",
            "ROWTIDE_CONNECT_PASSWORD": self.connect.password or "",
            "ROWTIDE_CONNECT_SECRETS_DIR": str(self.connect_secrets),
            "ROWTIDE_ELASTICSEARCH_URL": self.elasticsearch_url,
            "ROWTIDE_ELASTICSEARCH_USERNAME": self.elasticsearch_username,
            "ROWTIDE_ELASTICSEARCH_PASSWORD": self.elasticsearch_password,
        }


def addresses_of(settings: StackSettings, secrets: Secrets) -> Addresses:
    """Where a stack with these settings listens."""
    return Addresses(
        postgres_dsn=f"postgresql://postgres:{secrets.password}@{LOOPBACK}:{settings.postgres_port}/postgres",
        kafka=KafkaAccess(
            f"{LOOPBACK}:{settings.kafka_port}", "sasl_plaintext", username=USER, password=secrets.kafka_password
        ),
        connect=ConnectAccess(f"http://{LOOPBACK}:{settings.connect_port}", USER, secrets.connect_password),
        connect_secrets=connect_secrets(settings),
        elasticsearch_url=f"http://{LOOPBACK}:{settings.elasticsearch_port}",
        elasticsearch_username="elastic",
        elasticsearch_password=secrets.password,
    )
