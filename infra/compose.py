"""Writes compose.yaml from the versions and settings that the native runner uses: `python -m infra.compose`.

Pure but for the last lines. A test proves that the committed file is what this module writes.
"""

import io
import sys
from typing import Any

from ruamel.yaml import YAML

from infra.versions import Versions, read, shipped

_HEADER = """\
# The same servers as `rowtide up`, in containers, with the worker and the search API.
# Written by `python -m infra.compose` from versions.toml and services/; change those, then write this file again.
#
#   export ROWTIDE_PASSWORD=...                                # of the users postgres and elastic
#   docker compose -f infra/compose.yaml up --wait postgres kafka connect elasticsearch
#   docker compose -f infra/compose.yaml --profile rowtide up  # the worker and the search API
"""
_PASSWORD = "${ROWTIDE_PASSWORD:?set ROWTIDE_PASSWORD}"
_SPEC = "${ROWTIDE_SPEC:-../examples/orders.yaml}"
# Debezium's image has its own variables for these; it writes them over CONNECT_….
_OWN_NAMES = {
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
            "POSTGRES_INITDB_ARGS": ("--encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C"),
        },
        "ports": ["127.0.0.1:15432:5432"],
        "volumes": [
            "./services/postgresql.conf:/etc/rowtide/postgresql.conf:ro",
            "postgres:/var/lib/postgresql",
        ],
        "healthcheck": _health("pg_isready -U postgres -h 127.0.0.1"),
    }


def _kafka(versions: Versions) -> Service:
    shared = {variable("KAFKA_", name): value for name, value in properties(shipped("kafka.properties")).items()}
    return {
        "image": f"{versions.images['kafka']}:{versions.kafka}",
        "environment": {
            **shared,
            "CLUSTER_ID": "cm93dGlkZS1yb3d0aWRlLQ",
            "KAFKA_LISTENERS": "PLAINTEXT://:9092,OUTSIDE://:19092,CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://kafka:9092,OUTSIDE://127.0.0.1:19092",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": ("PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT"),
            "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@kafka:9093",
            "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
            "KAFKA_HEAP_OPTS": "-Xms512m -Xmx512m",
        },
        "ports": ["127.0.0.1:19092:19092"],
        "volumes": ["kafka:/var/lib/kafka/data"],
        "healthcheck": _health("/opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server kafka:9092 > /dev/null"),
    }


def _connect(versions: Versions) -> Service:
    shared = {
        _OWN_NAMES.get(name, variable("CONNECT_", name)): value
        for name, value in properties(shipped("connect.properties")).items()
    }
    return {
        "image": f"{versions.images['connect']}:{versions.debezium}",
        "environment": {"BOOTSTRAP_SERVERS": "kafka:9092", **shared, "HEAP_OPTS": "-Xms256m -Xmx512m"},
        "ports": ["127.0.0.1:18083:8083"],
        "depends_on": {"kafka": {"condition": "service_healthy"}},
        "healthcheck": _health("curl -fsS http://127.0.0.1:8083/health"),
    }


def _elasticsearch(versions: Versions) -> Service:
    return {
        "image": f"{versions.images['elasticsearch']}:{versions.elasticsearch}",
        "environment": {
            "ELASTIC_PASSWORD": _PASSWORD,
            "network.host": "0.0.0.0",
            "ES_JAVA_OPTS": "-Xms768m -Xmx768m",
        },
        "ports": ["127.0.0.1:19200:9200"],
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


def _program(module: str, port: int, environment: dict[str, str]) -> Service:
    return {
        "build": {"context": "..", "dockerfile": "infra/Dockerfile"},
        "image": "rowtide",
        "profiles": ["rowtide"],
        "command": ["python", "-m", module],
        "environment": environment,
        "ports": [f"127.0.0.1:{port}:{port}"],
        "restart": "unless-stopped",
    }


def _worker() -> Service:
    program = _program(
        "sync_worker",
        9470,
        {
            "ROWTIDE_SPEC": "/etc/rowtide/spec.yaml",
            "ROWTIDE_POSTGRES_DSN": f"postgresql://postgres:{_PASSWORD}@postgres:5432/${{ROWTIDE_DATABASE:-shop}}",
            "ROWTIDE_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
            "ROWTIDE_ELASTICSEARCH_URL": "http://elasticsearch:9200",
            "ROWTIDE_ELASTICSEARCH_USERNAME": "elastic",
            "ROWTIDE_ELASTICSEARCH_PASSWORD": _PASSWORD,
            "ROWTIDE_WORKER_STORE": "/var/lib/rowtide",
            "ROWTIDE_WORKER_HOST": "0.0.0.0",
        },
    )
    program["volumes"] = [f"{_SPEC}:/etc/rowtide/spec.yaml:ro", "rowtide:/var/lib/rowtide"]
    program["depends_on"] = {
        service: {"condition": "service_healthy"} for service in ("postgres", "kafka", "elasticsearch")
    }
    return program


def _api() -> Service:
    program = _program(
        "search_api",
        8080,
        {
            "ROWTIDE_ELASTICSEARCH_URL": "http://elasticsearch:9200",
            "ROWTIDE_ELASTICSEARCH_API_KEY": "${ROWTIDE_ELASTICSEARCH_API_KEY:-}",
            "ROWTIDE_WORKER_URL": "http://worker:9470",
            "ROWTIDE_API_HOST": "0.0.0.0",
            # The port is published on loopback alone: whoever is on this machine reads everything, as with `rowtide demo`.
            "ROWTIDE_API_ANONYMOUS": "true",
            "ROWTIDE_API_ANONYMOUS_PII": "*",
            "ROWTIDE_API_ANONYMOUS_EXPORT": "true",
            "ROWTIDE_API_HOSTS": "localhost",
            "ROWTIDE_API_STATE": "/var/lib/rowtide/state.db",
        },
    )
    program["volumes"] = ["api:/var/lib/rowtide"]
    program["depends_on"] = {"elasticsearch": {"condition": "service_healthy"}}
    return program


def document(versions: Versions) -> dict[str, Any]:
    """Return the compose file as data."""
    return {
        "services": {
            "postgres": _postgres(versions),
            "kafka": _kafka(versions),
            "connect": _connect(versions),
            "elasticsearch": _elasticsearch(versions),
            "worker": _worker(),
            "api": _api(),
        },
        "volumes": {name: {} for name in ("postgres", "kafka", "elasticsearch", "rowtide", "api")},
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
