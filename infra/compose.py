"""Writes compose.yaml from the versions and settings that the native runner uses: `python -m infra.compose`.

Pure but for the last lines. A test proves that the committed file is what this module writes.
"""

import io
import sys
from typing import Any

from ruamel.yaml import YAML

from infra.settings import StackSettings
from infra.versions import Versions, read, shipped

_HEADER = """\
# The same servers as `rowtide up`, in containers, with the operators' commands, the worker and the search API.
# Written by `python -m infra.compose` from settings.py, versions.toml and services/; change those, then write this file again.
# From nothing to a search result, in the folder of the repository:
#
#   export ROWTIDE_PASSWORD=...                    # of the users postgres and elastic: letters and digits
#   compose() { docker compose -f infra/compose.yaml "$@"; }
#   run() { compose run --rm -T rowtide "$@"; }
#   compose up --wait postgres kafka connect elasticsearch
#   run python -m writer seed --orders 2000        # an order application's rows, in the database shop
#   run rowtide init
#   run rowtide connectors apply --wait 60
#   export ROWTIDE_WORKER_KEY="$(run rowtide elasticsearch-key worker | cut -d= -f2-)"
#   export ROWTIDE_SEARCH_KEY="$(run rowtide elasticsearch-key search orders products | cut -d= -f2-)"
#   compose up --wait worker api                   # the page is at http://127.0.0.1:8080
#   run rowtide verify
#
# ROWTIDE_SPEC (an absolute path) and ROWTIDE_DATABASE, set before all this, say what else to index.
"""
_PASSWORD = "${ROWTIDE_PASSWORD:?set ROWTIDE_PASSWORD}"
_SPEC = "${ROWTIDE_SPEC:-../rowtide/examples/orders.yaml}"
_DATABASE = "${ROWTIDE_DATABASE:-shop}"
_HOME = "/var/lib/rowtide"
# Debezium's image has its own variables for these; it writes them over CONNECT_….
OWN_NAMES = {
    "group.id": "GROUP_ID",
    "config.storage.topic": "CONFIG_STORAGE_TOPIC",
    "offset.storage.topic": "OFFSET_STORAGE_TOPIC",
    "status.storage.topic": "STATUS_STORAGE_TOPIC",
    "key.converter": "KEY_CONVERTER",
    "value.converter": "VALUE_CONVERTER",
    "offset.flush.interval.ms": "OFFSET_FLUSH_INTERVAL_MS",
    "task.shutdown.graceful.timeout.ms": "SHUTDOWN_TIMEOUT",
}
Service = dict[str, Any]


def _default(setting: str) -> int:
    """The native runner's default of a port or of a heap (MiB)."""
    number: int = StackSettings.model_fields[setting].default
    return number


def _published(service: str, inside: int) -> list[str]:
    return [f"127.0.0.1:{_default(f'{service}_port')}:{inside}"]


def _healthy(*services: str) -> dict[str, Any]:
    return {service: {"condition": "service_healthy"} for service in services}


def properties(text: str) -> dict[str, str]:
    """Read a properties file of services/."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def variable(prefix: str, name: str) -> str:
    """Name a setting as the images of Kafka and Connect take it."""
    return prefix + name.upper().replace(".", "_")


def _health(test: str) -> dict[str, Any]:
    return {"test": ["CMD-SHELL", test], "interval": "2s", "timeout": "5s", "retries": 60}


def _postgres(versions: Versions) -> Service:
    return {
        "image": f"{versions.images['postgres']}:{versions.postgres}",
        "command": ["postgres", "-c", "config_file=/etc/rowtide/postgresql.conf", "-c", "listen_addresses=*"],
        "environment": {
            "POSTGRES_PASSWORD": _PASSWORD,
            "POSTGRES_DB": _DATABASE,
            "POSTGRES_INITDB_ARGS": ("--encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C"),
        },
        "ports": _published("postgres", 5432),
        "volumes": [
            "./services/postgresql.conf:/etc/rowtide/postgresql.conf:ro",
            "postgres:/var/lib/postgresql",
        ],
        "healthcheck": _health("pg_isready -U postgres -h 127.0.0.1"),
    }


def _kafka(versions: Versions) -> Service:
    shared = {variable("KAFKA_", name): value for name, value in properties(shipped("kafka.properties")).items()}
    outside = _default("kafka_port")
    return {
        "image": f"{versions.images['kafka']}:{versions.kafka}",
        "environment": {
            **shared,
            "CLUSTER_ID": "cm93dGlkZS1yb3d0aWRlLQ",
            "KAFKA_LISTENERS": f"PLAINTEXT://:9092,OUTSIDE://:{outside},CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://kafka:9092,OUTSIDE://127.0.0.1:{outside}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": ("PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT"),
            "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@kafka:9093",
            "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
            "KAFKA_HEAP_OPTS": f"-Xms64m -Xmx{_default('kafka_heap')}m",
        },
        "ports": _published("kafka", outside),
        "volumes": ["kafka:/var/lib/kafka/data"],
        "healthcheck": _health("/opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server kafka:9092 > /dev/null"),
    }


def _connect(versions: Versions) -> Service:
    shared = {
        OWN_NAMES.get(name, variable("CONNECT_", name)): value
        for name, value in properties(shipped("connect.properties")).items()
    }
    return {
        "image": f"{versions.images['connect']}:{versions.debezium}",
        "environment": {
            "BOOTSTRAP_SERVERS": "kafka:9092",
            **shared,
            "HEAP_OPTS": f"-Xms64m -Xmx{_default('connect_heap')}m",
        },
        "ports": _published("connect", 8083),
        "depends_on": _healthy("kafka"),
        "healthcheck": _health("curl -fsS http://127.0.0.1:8083/health"),
    }


def _elasticsearch(versions: Versions) -> Service:
    heap = _default("elasticsearch_heap")
    return {
        "image": f"{versions.images['elasticsearch']}:{versions.elasticsearch}",
        "environment": {
            "ELASTIC_PASSWORD": _PASSWORD,
            "network.host": "0.0.0.0",
            "ES_JAVA_OPTS": f"-Xms{heap}m -Xmx{heap}m",
        },
        "ports": _published("elasticsearch", 9200),
        "volumes": [
            "./services/elasticsearch.yml:/usr/share/elasticsearch/config/elasticsearch.yml:ro",
            "elasticsearch:/usr/share/elasticsearch/data",
        ],
        "ulimits": {"nofile": 65535},
        "healthcheck": _health(
            'curl -fsS -u "elastic:$$ELASTIC_PASSWORD" '
            '"http://127.0.0.1:9200/_cluster/health?wait_for_status=yellow&timeout=1s"'
        ),
    }


def _program(command: list[str], environment: dict[str, str]) -> Service:
    return {
        "build": {"context": "..", "dockerfile": "infra/Dockerfile"},
        "image": "rowtide",
        "profiles": ["rowtide"],
        "command": command,
        "environment": environment,
    }


def _serving(module: str, port: int, environment: dict[str, str]) -> Service:
    asked = f"import urllib.request as asked; asked.urlopen('http://127.0.0.1:{port}/health', timeout=4)"
    return {
        **_program(["python", "-m", module], environment),
        "ports": [f"127.0.0.1:{port}:{port}"],
        "restart": "unless-stopped",
        "healthcheck": _health(f'python -c "{asked}"'),
    }


def _source() -> dict[str, str]:
    return {
        "ROWTIDE_SPEC": "/etc/rowtide/spec.yaml",
        "ROWTIDE_POSTGRES_DSN": f"postgresql://postgres:{_PASSWORD}@postgres:5432/{_DATABASE}",
        "ROWTIDE_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
        "ROWTIDE_ELASTICSEARCH_URL": "http://elasticsearch:9200",
    }


def _operator() -> Service:
    """The commands of operators, each by `docker compose run`. They alone sign in to Elasticsearch as its administrator."""
    source = _source()
    environment = {
        **source,
        "ROWTIDE_WRITER_DSN": source["ROWTIDE_POSTGRES_DSN"],
        "ROWTIDE_CONNECT_URL": "http://connect:8083",
        "ROWTIDE_CONNECTOR_POSTGRES_ADDRESS": "postgres:5432",
        "ROWTIDE_ELASTICSEARCH_USERNAME": "elastic",
        "ROWTIDE_ELASTICSEARCH_PASSWORD": _PASSWORD,
        "ROWTIDE_WORKER_URL": "http://worker:9470",
        "ROWTIDE_SECRETS_DIR": f"{_HOME}/secrets",
    }
    return {
        **_program(["rowtide", "--help"], environment),
        "volumes": [f"{_SPEC}:/etc/rowtide/spec.yaml:ro", f"operator:{_HOME}"],
        "depends_on": _healthy("postgres", "kafka", "connect", "elasticsearch"),
    }


def _worker() -> Service:
    environment = {
        **_source(),
        "ROWTIDE_ELASTICSEARCH_API_KEY": "${ROWTIDE_WORKER_KEY:-}",
        "ROWTIDE_WORKER_STORE": _HOME,
        "ROWTIDE_WORKER_HOST": "0.0.0.0",
    }
    return {
        **_serving("sync_worker", 9470, environment),
        "volumes": [f"{_SPEC}:/etc/rowtide/spec.yaml:ro", f"worker:{_HOME}"],
        "depends_on": _healthy("postgres", "kafka", "connect", "elasticsearch"),
    }


def _api() -> Service:
    environment = {
        "ROWTIDE_ELASTICSEARCH_URL": "http://elasticsearch:9200",
        "ROWTIDE_ELASTICSEARCH_API_KEY": "${ROWTIDE_SEARCH_KEY:-}",
        "ROWTIDE_WORKER_URL": "http://worker:9470",
        "ROWTIDE_API_HOST": "0.0.0.0",
        # The port is published on loopback alone: whoever is on this machine reads everything, as with `rowtide demo`.
        "ROWTIDE_API_ANONYMOUS": "true",
        "ROWTIDE_API_ANONYMOUS_PII": "*",
        "ROWTIDE_API_HOSTS": "localhost",
        "ROWTIDE_API_STATE": f"{_HOME}/state.db",
    }
    return {
        **_serving("search_api", 8080, environment),
        "volumes": [f"api:{_HOME}"],
        # Not the worker: without one the API answers, and says that it does not know how fresh that is.
        "depends_on": _healthy("elasticsearch"),
    }


def document(versions: Versions) -> dict[str, Any]:
    """Return the compose file as data."""
    return {
        "services": {
            "postgres": _postgres(versions),
            "kafka": _kafka(versions),
            "connect": _connect(versions),
            "elasticsearch": _elasticsearch(versions),
            "rowtide": _operator(),
            "worker": _worker(),
            "api": _api(),
        },
        "volumes": {name: {} for name in ("postgres", "kafka", "elasticsearch", "operator", "worker", "api")},
    }


def render(versions: Versions) -> str:
    """Return the text of compose.yaml."""
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document(versions), text)
    return _HEADER + text.getvalue()


if __name__ == "__main__":
    sys.stdout.write(render(read()))
