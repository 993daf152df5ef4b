"""Probes whether a server is ready, in its own protocol."""

from collections.abc import Callable

import httpx
import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connections.kafka import client_settings
from infra.addresses import Addresses
from infra.settings import Service

_SECONDS = 2.0


def probe(service: Service, addresses: Addresses) -> Callable[[], bool]:
    """The probe of a service. It returns within a few seconds and does not raise while the service starts."""
    probes: dict[Service, Callable[[Addresses], Callable[[], bool]]] = {
        "postgres": _postgres,
        "kafka": _kafka,
        "connect": _connect,
        "elasticsearch": _elasticsearch,
    }
    return probes[service](addresses)


def _postgres(addresses: Addresses) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            with psycopg.connect(addresses.postgres_dsn, connect_timeout=2) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    return ready


def _kafka(addresses: Addresses) -> Callable[[], bool]:
    admin = AdminClient(client_settings(addresses.kafka) | {"log_level": 0, "reconnect.backoff.max.ms": 100})

    def ready() -> bool:
        admin.poll(0)
        try:
            return bool(admin.list_topics(timeout=_SECONDS).brokers)
        except KafkaException:
            return False

    return ready


def _http(url: str, login: tuple[str, str] | None = None) -> bool:
    try:
        return httpx.get(url, auth=login, timeout=_SECONDS, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _connect(addresses: Addresses) -> Callable[[], bool]:
    access = addresses.connect
    return lambda: _http(f"{access.url}/health", (access.username or "", access.password or ""))


def _elasticsearch(addresses: Addresses) -> Callable[[], bool]:
    login = (addresses.elasticsearch_username, addresses.elasticsearch_password)
    return lambda: _http(f"{addresses.elasticsearch_url}/_cluster/health?wait_for_status=yellow&timeout=1s", login)
