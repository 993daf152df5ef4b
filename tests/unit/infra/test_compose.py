"""compose.yaml is what the shared versions and settings say."""

from typing import Any

import pytest
import yaml

from infra.compose import document, properties, render
from infra.settings import SERVICES
from infra.versions import ROOM, read, shipped

FILE = ROOM / "compose.yaml"


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


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


@pytest.mark.parametrize("service", ["kafka", "connect"])
def test_every_shared_setting_reaches_the_container(committed: dict[str, Any], service: str) -> None:
    given = committed["services"][service]["environment"].values()
    missing = [name for name, value in properties(shipped(f"{service}.properties")).items() if value not in given]
    assert missing == []


def test_files_that_are_mounted_exist(committed: dict[str, Any]) -> None:
    mounted = [mount for each in committed["services"].values() for mount in each.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounted if mount.startswith("./")]
    assert len(files) == 2
    assert all((ROOM / file).is_file() for file in files)
    assert (ROOM / "../examples/orders.yaml").is_file()


def test_nothing_is_published_beyond_the_loopback(committed: dict[str, Any]) -> None:
    ports = [port for each in committed["services"].values() for port in each["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in ports)
