"""The servers of compose.yaml, with the versions and settings of the native runner. Pure."""

from typing import Any

from infra import jaas
from infra.jaas import USER
from infra.settings import StackSettings
from infra.versions import Versions, shipped

PASSWORD = "${ROWTIDE_PASSWORD:?set ROWTIDE_PASSWORD}"
DATABASE = "${ROWTIDE_DATABASE:-shop}"
CONNECT_SECRETS = "/var/lib/rowtide-connect"
"""Where the operators' commands write the secrets of a connector, and Connect reads them."""
_GROUP = "10001"
"""The group of the image's user, to which that folder belongs (Dockerfile)."""
CONNECT_USERS = "/tmp/users.properties"
_LOGIN = jaas.plain(USER, PASSWORD)
"""SCRAM would need a user that is created when the storage is formatted, which the image of Kafka cannot do."""
# Debezium's image has its own variables for these, which override CONNECT_….
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
    """The native runner's default of a port or a heap (MiB)."""
    number: int = StackSettings.model_fields[setting].default
    return number


def _published(service: str, inside: int) -> list[str]:
    return [f"127.0.0.1:{_default(f'{service}_port')}:{inside}"]


def healthy(*services: str) -> dict[str, Any]:
    return {service: {"condition": "service_healthy"} for service in services}


def properties(text: str) -> dict[str, str]:
    """Read a properties file from services/."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def variable(prefix: str, name: str) -> str:
    """The environment variable of a setting in the images of Kafka and Connect."""
    return prefix + name.upper().replace(".", "_")


def _curl(user: str, password: str, url: str) -> str:
    """A request whose password, of that variable, is on no command line."""
    return f"printf 'user = \"{user}:%s\"' \"$${password}\" | curl -fsS -K - '{url}'"


def health(test: str) -> dict[str, Any]:
    return {"test": ["CMD-SHELL", test], "interval": "2s", "timeout": "5s", "retries": 60}


def postgres(versions: Versions) -> Service:
    return {
        "image": f"{versions.images['postgres']}:{versions.postgres}",
        "command": ["postgres", "-c", "config_file=/etc/rowtide/postgresql.conf", "-c", "listen_addresses=*"],
        "environment": {
            "POSTGRES_PASSWORD": PASSWORD,
            "POSTGRES_DB": DATABASE,
            "POSTGRES_INITDB_ARGS": ("--encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C"),
        },
        "ports": _published("postgres", 5432),
        "volumes": [
            "./services/postgresql.conf:/etc/rowtide/postgresql.conf:ro",
            "postgres:/var/lib/postgresql",
        ],
        "healthcheck": health("pg_isready -U postgres -h 127.0.0.1"),
    }


def kafka(versions: Versions) -> Service:
    shared = {variable("KAFKA_", name): value for name, value in properties(shipped("kafka.properties")).items()}
    outside, listeners = _default("kafka_port"), ("BROKER", "OUTSIDE", "CONTROLLER")
    client = "security.protocol=SASL_PLAINTEXT\\nsasl.mechanism=PLAIN\\nsasl.jaas.config=%s\\n"
    return {
        "image": f"{versions.images['kafka']}:{versions.kafka}",
        "environment": {
            **shared,
            "CLUSTER_ID": "cm93dGlkZS1yb3d0aWRlLQ",
            "KAFKA_LISTENERS": f"BROKER://:9092,OUTSIDE://:{outside},CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"BROKER://kafka:9092,OUTSIDE://127.0.0.1:{outside}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": ",".join(f"{name}:SASL_PLAINTEXT" for name in listeners),
            "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
            "KAFKA_SASL_ENABLED_MECHANISMS": "PLAIN",
            "KAFKA_SASL_MECHANISM_INTER_BROKER_PROTOCOL": "PLAIN",
            "KAFKA_SASL_MECHANISM_CONTROLLER_PROTOCOL": "PLAIN",
            **{f"KAFKA_LISTENER_NAME_{name}_PLAIN_SASL_JAAS_CONFIG": _LOGIN for name in listeners},
            "CLIENT_LOGIN": _LOGIN,
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@kafka:9093",
            "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
            "KAFKA_HEAP_OPTS": f"-Xms64m -Xmx{_default('kafka_heap')}m",
        },
        "ports": _published("kafka", outside),
        "volumes": ["kafka:/var/lib/kafka/data"],
        "healthcheck": health(
            f"printf '{client}' \"$$CLIENT_LOGIN\" | /opt/kafka/bin/kafka-broker-api-versions.sh"
            " --bootstrap-server kafka:9092 --command-config /dev/stdin > /dev/null"
        ),
    }


def connect(versions: Versions) -> Service:
    shared = {
        OWN_NAMES.get(name, variable("CONNECT_", name)): value
        for name, value in properties(shipped("connect.properties")).items()
    }
    logins = jaas.connect_logins("SASL_PLAINTEXT", "PLAIN", _LOGIN)
    added = logins | {"config.providers.file.param.allowed.paths": CONNECT_SECRETS}
    write_users = f"(umask 077 && printf '{USER}=%s\\n' \"$$REST_PASSWORD\" > {CONNECT_USERS})"
    return {
        "image": f"{versions.images['connect']}:{versions.debezium}",
        "entrypoint": ["bash", "-c", f"{write_users} && exec /docker-entrypoint.sh start"],
        "group_add": [_GROUP],
        "environment": {
            "BOOTSTRAP_SERVERS": "kafka:9092",
            **shared,
            **{variable("CONNECT_", name): value for name, value in added.items()},
            # What the image does not print when it starts.
            "SENSITIVE_PROPERTIES": ",".join(
                variable("CONNECT_", name) for name in logins if name.endswith("jaas.config")
            ),
            "REST_PASSWORD": PASSWORD,
            "KAFKA_OPTS": "-Djava.security.auth.login.config=/etc/rowtide/connect-login.conf",
            "HEAP_OPTS": f"-Xms64m -Xmx{_default('connect_heap')}m",
        },
        "ports": _published("connect", 8083),
        "volumes": [
            "./services/connect-login.conf:/etc/rowtide/connect-login.conf:ro",
            f"connect:{CONNECT_SECRETS}:ro",
        ],
        "depends_on": healthy("kafka"),
        "healthcheck": health(_curl(USER, "REST_PASSWORD", "http://127.0.0.1:8083/health")),
    }


def elasticsearch(versions: Versions) -> Service:
    heap = _default("elasticsearch_heap")
    return {
        "image": f"{versions.images['elasticsearch']}:{versions.elasticsearch}",
        "environment": {
            "ELASTIC_PASSWORD": PASSWORD,
            "network.host": "0.0.0.0",
            "ES_JAVA_OPTS": f"-Xms{heap}m -Xmx{heap}m",
        },
        "ports": _published("elasticsearch", 9200),
        "volumes": [
            "./services/elasticsearch.yml:/usr/share/elasticsearch/config/elasticsearch.yml:ro",
            "elasticsearch:/usr/share/elasticsearch/data",
        ],
        "ulimits": {"nofile": 65535},
        "healthcheck": health(
            _curl(
                "elastic",
                "ELASTIC_PASSWORD",
                "http://127.0.0.1:9200/_cluster/health?wait_for_status=yellow&timeout=1s",
            )
        ),
    }
