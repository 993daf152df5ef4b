"""What the servers are configured with: versions, settings, addresses."""

import os
from pathlib import Path
from typing import Any

import pytest

from infra.addresses import addresses_of
from infra.errors import WrongSettings
from infra.native.identity import Identity, obstacle, require_reachable
from infra.native.installation import Installation, fingerprint, maven_properties
from infra.native.ports import free_ports, is_free
from infra.native.servers import BUILDERS, Secrets, Server
from infra.settings import SERVICES, Service, StackSettings, read_settings
from infra.versions import read, shipped

SECRETS = Secrets(password="hidden-word", cluster_id="A" * 22)
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
    assert SECRETS.password not in " ".join([*server.command, *server.environment.values(), *steps])
    assert all(SECRETS.password not in text for text in server.files.values())


@pytest.mark.parametrize("service", SERVICES)
def test_everything_a_server_writes_is_below_its_directory(service: Service) -> None:
    server = built(service)
    paths = [*server.files, *server.directories, *(step.makes for step in server.steps)]
    assert all(path.is_relative_to(server.directory) for path in paths)
    assert server.directory == Path("/data") / service


def test_servers_listen_on_loopback_at_the_configured_ports() -> None:
    file = built("kafka", kafka_port=1111, controller_port=2222).files[Path("/data/kafka/server.properties")]
    assert properties(file)["listeners"] == "PLAINTEXT://127.0.0.1:1111,CONTROLLER://127.0.0.1:2222"
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
    assert SECRETS.password not in repr(addresses)
    assert addresses.environment()["ROWTIDE_ELASTICSEARCH_PASSWORD"] == SECRETS.password


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
