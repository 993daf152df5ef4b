"""What the servers are configured with: versions, settings, addresses."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from infra.addresses import addresses_of
from infra.errors import WrongSettings
from infra.native.identity import Identity, obstacle, require_reachable
from infra.native.installation import Installation, fingerprint, maven_properties
from infra.native.ports import free_ports, is_free
from infra.native.preparation import read_secrets
from infra.native.servers import BUILDERS, Secrets, Server
from infra.settings import SERVICES, Service, StackSettings, read_settings
from infra.versions import read, shipped

SECRETS = Secrets("hidden-word", kafka_password="hidden-kafka", connect_password="hidden-connect", cluster_id="A" * 22)
PASSWORDS = ("hidden-word", "hidden-kafka", "hidden-connect")
INSTALLED = Installation(Path("/cache/servers-1"), Path("/jdk"))


def built(service: Service, **options: Any) -> Server:
    settings = StackSettings(data=Path("/data"), **options)
    return BUILDERS[service](settings, INSTALLED, SECRETS)


def properties(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, value in (line.split("=", 1) for line in lines)}


@pytest.mark.parametrize("service", SERVICES)
def test_no_command_line_or_environment_holds_the_password(service: Service) -> None:
    server = built(service)
    steps = [word for step in server.steps for word in step.command]
    shown = " ".join([*server.command, *server.environment.values(), *steps])
    assert not [password for password in PASSWORDS if password in shown]


def test_kafka_and_connect_require_a_login_on_every_listener() -> None:
    broker = properties(built("kafka").files[Path("/data/kafka/server.properties")])
    protocols = dict(each.split(":") for each in broker["listener.security.protocol.map"].split(","))
    assert set(protocols.values()) == {"SASL_PLAINTEXT"}
    assert {each.split(":")[0] for each in broker["listeners"].split(",")} == set(protocols)
    connect = built("connect").files
    worker = properties(connect[Path("/data/connect/connect.properties")])
    for client in ("", "producer.", "consumer.", "admin."):
        assert worker[f"{client}security.protocol"] == "SASL_PLAINTEXT"
        assert "hidden-kafka" in worker[f"{client}sasl.jaas.config"]
    assert worker["rest.extension.classes"].endswith(".BasicAuthSecurityRestExtension")
    assert connect[Path("/data/connect/users.properties")] == "rowtide=hidden-connect\n"
    assert worker["config.providers.file.param.allowed.paths"] == "/data/connect/secrets"
    assert re.fullmatch(worker["config.providers.env.param.allowlist.pattern"], "HOME") is None


def test_a_stack_of_an_earlier_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"password": "x", "cluster_id": "y"}')
    with pytest.raises(WrongSettings, match=r"no kafka_password(.|\n)*rowtide down --purge"):
        read_secrets(tmp_path)


@pytest.mark.parametrize("service", SERVICES)
def test_everything_a_server_writes_is_below_its_directory(service: Service) -> None:
    server = built(service)
    paths = [*server.files, *server.directories, *(step.makes for step in server.steps)]
    assert all(path.is_relative_to(server.directory) for path in paths)
    assert server.directory == Path("/data") / service


def test_servers_listen_on_loopback_at_the_configured_ports() -> None:
    file = built("kafka", kafka_port=1111, controller_port=2222).files[Path("/data/kafka/server.properties")]
    assert properties(file)["listeners"] == "BROKER://127.0.0.1:1111,CONTROLLER://127.0.0.1:2222"
    assert "listen_addresses=127.0.0.1" in built("postgres").command
    assert "port=3333" in built("postgres", postgres_port=3333).command
    assert (
        "network.host: 127.0.0.1" in built("elasticsearch").files[Path("/data/elasticsearch/config/elasticsearch.yml")]
    )


def test_durability_is_given_away_only_in_tests() -> None:
    assert "fsync=off" in built("postgres", profile="test").command
    assert all("fsync=off" not in built("postgres", profile=profile).command for profile in ("dev", "bench"))


def test_a_benchmark_runs_with_every_compiler() -> None:
    assert "-XX:TieredStopAtLevel=1" in built("kafka").command
    assert "-XX:TieredStopAtLevel=1" not in built("kafka", profile="bench").command
    options = Path("/data/elasticsearch/config/jvm.options")
    assert "-XX:TieredStopAtLevel=1\n" in built("elasticsearch").files[options]
    assert "-XX:TieredStopAtLevel=1\n" not in built("elasticsearch", profile="bench").files[options]


def test_settings_that_the_pipeline_stands_on() -> None:
    connect = properties(shipped("connect.properties"))
    assert connect["plugin.discovery"] == "service_load"
    assert connect["scheduled.rebalance.max.delay.ms"] == "0"
    assert connect["connector.client.config.override.policy"] == "All"
    assert connect["value.converter.schemas.enable"] == "false"
    assert int(connect["offset.flush.interval.ms"]) <= 5000
    assert properties(shipped("kafka.properties"))["auto.create.topics.enable"] == "false"
    assert properties(shipped("postgresql.conf"))["wal_level"] == "logical"


def test_every_version_goes_to_maven() -> None:
    versions = read()
    settings = " ".join(maven_properties(versions, "amd64", Path("/target")))
    for version in (versions.postgres_binaries, versions.kafka, versions.debezium, versions.elasticsearch):
        assert f"={version}" in settings
    assert versions.postgres_binaries.startswith(versions.postgres)


def test_an_installation_is_named_by_what_it_is_made_of() -> None:
    assert fingerprint(read(), {"a": b"1"}) == fingerprint(read(), {"a": b"1"})
    assert fingerprint(read(), {"a": b"1"}) != fingerprint(read(), {"a": b"2"})


def test_addresses_do_not_show_passwords() -> None:
    addresses = addresses_of(StackSettings(data=Path("/data")), SECRETS)
    assert not [password for password in PASSWORDS if password in repr(addresses)]
    environment = addresses.environment()
    assert environment["ROWTIDE_ELASTICSEARCH_PASSWORD"] == SECRETS.password
    assert environment["ROWTIDE_KAFKA_PASSWORD"] == SECRETS.kafka_password
    assert environment["ROWTIDE_CONNECT_PASSWORD"] == SECRETS.connect_password


def test_wrong_settings_are_listed_all_at_once() -> None:
    with pytest.raises(WrongSettings, match=r"ROWTIDE_STACK(.|\n)*ROWTIDE_KAFKA_PORT"):
        read_settings(stack="No Name", kafka_port=70000)


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports()
    assert len(set(ports.values())) == len(ports)
    assert all(is_free(port) for port in ports.values())


def test_a_directory_that_the_servers_may_not_enter_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    other = Identity("other", os.getuid() + 1, os.getgid() + 1, switch=True)
    with pytest.raises(WrongSettings, match="chmod o\\+x"):
        require_reachable(closed / "data", other, "ROWTIDE_DATA")
    assert obstacle(closed, Identity("me", os.getuid(), os.getgid(), switch=False)) is None
