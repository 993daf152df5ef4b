"""Where the servers of a stack listen, and how to sign in."""

from dataclasses import dataclass, field

from infra.native.ports import LOOPBACK
from infra.native.servers import Secrets
from infra.settings import StackSettings


@dataclass(frozen=True)
class Addresses:
    """The superuser's DSN and the URLs of a stack. Its repr shows no passwords."""

    postgres_dsn: str = field(repr=False)
    kafka_bootstrap_servers: str
    connect_url: str
    elasticsearch_url: str
    elasticsearch_username: str
    elasticsearch_password: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The environment variables from which every program of Rowtide reads them."""
        return {
            "ROWTIDE_POSTGRES_DSN": self.postgres_dsn,
            "ROWTIDE_KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap_servers,
            "ROWTIDE_CONNECT_URL": self.connect_url,
            "ROWTIDE_ELASTICSEARCH_URL": self.elasticsearch_url,
            "ROWTIDE_ELASTICSEARCH_USERNAME": self.elasticsearch_username,
            "ROWTIDE_ELASTICSEARCH_PASSWORD": self.elasticsearch_password,
        }


def addresses_of(settings: StackSettings, secrets: Secrets) -> Addresses:
    """Where a stack with these settings listens."""
    return Addresses(
        postgres_dsn=f"postgresql://postgres:{secrets.password}@{LOOPBACK}:{settings.postgres_port}/postgres",
        kafka_bootstrap_servers=f"{LOOPBACK}:{settings.kafka_port}",
        connect_url=f"http://{LOOPBACK}:{settings.connect_port}",
        elasticsearch_url=f"http://{LOOPBACK}:{settings.elasticsearch_port}",
        elasticsearch_username="elastic",
        elasticsearch_password=secrets.password,
    )
