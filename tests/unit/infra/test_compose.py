"""compose.yaml agrees with the shared versions and settings."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from cdc.log.names import role_name
from infra import jaas
from infra.compose import document, render
from infra.compose_servers import CONNECT_USERS, OWN_NAMES, properties
from infra.settings import SERVICES, StackSettings
from infra.versions import ROOM, read, shipped

FILE = ROOM / "compose.yaml"


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return services


def test_the_committed_file_is_what_the_settings_say(committed: dict[str, Any]) -> None:
    assert FILE.read_text() == render(read()), "run: python -m infra.compose > infra/compose.yaml"
    assert committed == document(read())


def test_every_server_runs_the_version_of_the_native_runner(committed: dict[str, Any]) -> None:
    versions = read()
    tags = {service: committed["services"][service]["image"].rpartition(":")[2] for service in SERVICES}
    assert tags == {
        "postgres": versions.postgres,
        "kafka": versions.kafka,
        "connect": versions.debezium,
        "elasticsearch": versions.elasticsearch,
    }


@pytest.mark.parametrize(("service", "prefix"), [("kafka", "KAFKA_"), ("connect", "CONNECT_")])
def test_every_shared_setting_reaches_the_container_under_its_name(
    committed: dict[str, Any], service: str, prefix: str
) -> None:
    # Debezium's image has names of its own for some; it would write them over the usual ones.
    own = OWN_NAMES if service == "connect" else {}
    expected = {
        own.get(name, prefix + name.upper().replace(".", "_")): value
        for name, value in properties(shipped(f"{service}.properties")).items()
    }
    environment = committed["services"][service]["environment"]
    assert {name: environment.get(name) for name in expected} == expected
    assert not {prefix + name.upper().replace(".", "_") for name in own} & set(environment)


@pytest.mark.parametrize(
    ("service", "variable"), [("kafka", "KAFKA_HEAP_OPTS"), ("connect", "HEAP_OPTS"), ("elasticsearch", "ES_JAVA_OPTS")]
)
def test_heaps_and_ports_are_those_of_the_native_runner(committed: dict[str, Any], service: str, variable: str) -> None:
    defaults = StackSettings.model_fields
    server = committed["services"][service]
    assert server["environment"][variable].endswith(f" -Xmx{defaults[f'{service}_heap'].default}m")
    assert server["ports"][0].startswith(f"127.0.0.1:{defaults[f'{service}_port'].default}:")


def test_services_wait_for_those_they_need(committed: dict[str, Any]) -> None:
    needs = {name: set(each.get("depends_on", ())) for name, each in committed["services"].items()}
    assert needs == {
        "postgres": set(),
        "kafka": set(),
        "connect": {"kafka"},
        "elasticsearch": set(),
        "rowtide": set(SERVICES),
        "worker": set(SERVICES),
        "api": {"elasticsearch"},
    }
    healthy = {name for name, each in committed["services"].items() if "healthcheck" in each}
    assert set.union(*needs.values()) <= healthy >= {"worker", "api"}
    conditions = [wait for each in committed["services"].values() for wait in each.get("depends_on", {}).values()]
    assert all(wait == {"condition": "service_healthy"} for wait in conditions)


def user_of(dsn: str) -> str:
    return dsn.removeprefix("postgresql://").partition(":${ROWTIDE_")[0]


def test_only_operator_commands_have_an_administrators_passwords(committed: dict[str, Any]) -> None:
    programs = {name: committed["services"][name]["environment"] for name in ("rowtide", "worker", "api")}
    users = {
        program: {name: user_of(dsn) for name, dsn in environment.items() if name.endswith("_DSN")}
        for program, environment in programs.items()
    }
    assert users == {
        "rowtide": {"ROWTIDE_POSTGRES_DSN": "postgres", "ROWTIDE_WRITER_DSN": "postgres"},
        "worker": {"ROWTIDE_POSTGRES_DSN": role_name("${ROWTIDE_PIPELINE:-shop}")},
        "api": {},
    }
    passwords = [name for name, value in programs["worker"].items() if "${ROWTIDE_PASSWORD" in value]
    assert passwords == ["ROWTIDE_KAFKA_PASSWORD"], "Kafka has one user"
    assert not [value for value in programs["api"].values() if "${ROWTIDE_PASSWORD" in value]
    assert not [name for name in programs["worker"] if "CONNECT_" in name]
    know = [name for name, environment in programs.items() if "ROWTIDE_ELASTICSEARCH_PASSWORD" in environment]
    assert know == ["rowtide"]
    keys = {name: environment.get("ROWTIDE_ELASTICSEARCH_API_KEY") for name, environment in programs.items()}
    assert keys == {"rowtide": None, "worker": "${ROWTIDE_WORKER_KEY:-}", "api": "${ROWTIDE_SEARCH_KEY:-}"}


def test_kafka_requires_a_login_on_every_listener(committed: dict[str, Any]) -> None:
    environment = committed["services"]["kafka"]["environment"]
    listeners = {listener.partition(":")[0] for listener in environment["KAFKA_LISTENERS"].split(",")}
    protocols = dict(each.split(":") for each in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(protocols) == listeners
    assert set(protocols.values()) == {"SASL_PLAINTEXT"}
    # With this prefix, the image's own script demands a file for the login.
    assert not [name for name in listeners if name.startswith("SASL_")]
    for name in listeners:
        assert "${ROWTIDE_PASSWORD:?" in environment[f"KAFKA_LISTENER_NAME_{name}_PLAIN_SASL_JAAS_CONFIG"]
    for program in ("rowtide", "worker"):
        variables = committed["services"][program]["environment"]
        assert variables["ROWTIDE_KAFKA_SECURITY_PROTOCOL"] == "sasl_plaintext"
        assert variables["ROWTIDE_KAFKA_SASL_MECHANISM"] == "PLAIN"
    assert "ROWTIDE_KAFKA_PASSWORD" not in committed["services"]["api"]["environment"]


def test_connect_requires_a_login_and_signs_in_to_kafka(committed: dict[str, Any]) -> None:
    connect = committed["services"]["connect"]
    environment = connect["environment"]
    for client in ("", "PRODUCER_", "CONSUMER_", "ADMIN_"):
        name = f"CONNECT_{client}SASL_JAAS_CONFIG"
        assert "${ROWTIDE_PASSWORD:?" in environment[name]
        assert name in environment["SENSITIVE_PROPERTIES"].split(",")
    assert environment["CONNECT_REST_EXTENSION_CLASSES"].endswith(".BasicAuthSecurityRestExtension")
    assert shipped("connect-login.conf") == jaas.connect_login(CONNECT_USERS)
    assert f"> {CONNECT_USERS})" in connect["entrypoint"][-1]
    assert committed["services"]["rowtide"]["environment"]["ROWTIDE_CONNECT_USERNAME"] == jaas.USER


def test_the_operator_writes_what_connect_may_read(committed: dict[str, Any]) -> None:
    connect, operator = committed["services"]["connect"], committed["services"]["rowtide"]
    folder = operator["environment"]["ROWTIDE_CONNECT_SECRETS_DIR"]
    assert connect["environment"]["CONNECT_CONFIG_PROVIDERS_FILE_PARAM_ALLOWED_PATHS"] == folder
    assert f"connect:{folder}:ro" in connect["volumes"]
    assert f"connect:{folder}" in operator["volumes"]
    image = (ROOM / "Dockerfile").read_text()
    (group,) = connect["group_add"]
    assert f"groupadd --gid {group} rowtide" in image
    assert f"install -d -m 2750 -o rowtide -g rowtide {folder}\n" in image


def test_no_health_check_has_a_password_on_its_command_line(committed: dict[str, Any]) -> None:
    tests = [" ".join(each["healthcheck"]["test"]) for each in committed["services"].values() if "healthcheck" in each]
    assert not [test for test in tests if "ROWTIDE_PASSWORD" in test or " -u " in test]


def test_files_that_are_mounted_exist(committed: dict[str, Any]) -> None:
    mounted = [mount for each in committed["services"].values() for mount in each.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounted if mount.startswith("./")]
    assert len(files) == 3
    assert all((ROOM / file).is_file() for file in files)
    assert (ROOM / "../rowtide/examples/orders.yaml").is_file()


def test_nothing_is_published_beyond_the_loopback(committed: dict[str, Any]) -> None:
    ports = [port for each in committed["services"].values() for port in each.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_image_contains_every_package() -> None:
    project = tomllib.loads((ROOM.parent / "pyproject.toml").read_text())
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOM / "Dockerfile").read_text(), re.MULTILINE))
    assert copied == set(project["tool"]["importlinter"]["root_packages"])
