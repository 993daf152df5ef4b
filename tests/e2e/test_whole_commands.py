"""`rowtide smoke` and `rowtide demo` as a person starts them, with private servers and data."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from connections.wait import wait_until
from infra.native.ports import free_port
from infra.native.preparation import read_secrets
from infra.native.servers import Secrets
from infra.native.supervisor import descendants
from tests.support.docs.doc_shell import settings_as_environment
from tests.support.paths import CHECKOUT
from tests.support.servers.pipeline import ROWTIDE
from tests.support.servers.services import data_directory, small_settings

KEYS = {"orders", "changes", "documents", "divergent", "latency_ms_p50", "latency_ms_p99", "events_per_s"}


@dataclass(frozen=True)
class Command:
    """A running command in its own session, as in a terminal."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def prints(self, words: str, seconds: float = 120) -> bool:
        """Whether it prints this text in time."""

        def matches() -> bool:
            assert self.process.poll() is None, self.everything
            return re.search(words, self.everything) is not None

        return wait_until(matches, seconds)

    @property
    def everything(self) -> str:
        """What it printed."""
        return self.out.read_text() + self.err.read_text()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A private ROWTIDE_HOME; the servers are unpacked where the checkout has them."""
    with data_directory() as path:
        yield path


@contextmanager
def command(home: Path, *words: str) -> Iterator[Command]:
    settings = settings_as_environment(small_settings("any", home))
    unset = ("ROWTIDE_STACK", "ROWTIDE_DATA", "ROWTIDE_HOME")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ROWTIDE_")},
        **{name: value for name, value in settings.items() if name not in unset},
        "ROWTIDE_CACHE": os.environ.get("ROWTIDE_CACHE", str(CHECKOUT / ".rowtide" / "cache")),
        "ROWTIDE_HOME": str(home),
    }
    out, err = home / f"{words[0]}.out", home / f"{words[0]}.err"
    # Whoever runs the tests in the background of a script has SIGINT ignored, and hands that down.
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        subprocess.Popen(
            ["env", "--default-signal=INT", *ROWTIDE, *words],
            env=environment,
            cwd=CHECKOUT,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Command(process, out, err)
        finally:
            process.terminate()
            process.wait(90)


def tree(process: subprocess.Popen[bytes]) -> list[int]:
    return [process.pid, *descendants(process.pid)]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def environment_of(program: str, pids: list[int]) -> dict[str, str]:
    """The environment of the process that runs `python -m program`."""
    (folder,) = (
        folder
        for folder in (Path(f"/proc/{pid}") for pid in pids)
        if (folder / "cmdline").read_bytes().replace(b"\0", b" ").rstrip().endswith(f" -m {program}".encode())
    )
    variables = (folder / "environ").read_bytes().decode().split("\0")
    return dict(variable.split("=", 1) for variable in variables if variable)


def require_least_privileges(secrets: Secrets, worker: dict[str, str], search: dict[str, str]) -> None:
    """What a program knows is its own key, its own role and, for the worker, the log."""
    for environment in (worker, search):
        assert secrets.password not in " ".join(environment.values()), "the password of postgres and elastic"
        assert secrets.connect_password not in " ".join(environment.values())
        assert "ROWTIDE_ELASTICSEARCH_USERNAME" not in environment
        assert environment["ROWTIDE_ELASTICSEARCH_API_KEY"]
    assert conninfo_to_dict(worker["ROWTIDE_POSTGRES_DSN"])["user"] == "rowtide_shop"
    assert worker["ROWTIDE_KAFKA_PASSWORD"] == secrets.kafka_password
    assert conninfo_to_dict(search["ROWTIDE_MARKER_DSN"])["user"] == "rowtide_shop_marker"
    assert secrets.kafka_password not in " ".join(search.values())
    assert not {"ROWTIDE_POSTGRES_DSN", "ROWTIDE_WRITER_DSN"} & search.keys()
    assert "ROWTIDE_WRITER_DSN" not in worker


def plant_a_document(home: Path) -> None:
    """Put a document into the smoke test's index that the database does not have."""
    data = home / "stacks" / "smoke"
    port = re.search(r"http\.port: (\d+)", (data / "elasticsearch/config/elasticsearch.yml").read_text())
    assert port
    httpx.put(
        f"http://127.0.0.1:{port[1]}/orders/_doc/999999999?refresh=true",
        json={"number": "SO-PLANTED"},
        auth=("elastic", read_secrets(data).password),
        trust_env=False,
    ).raise_for_status()


def test_smoke_ends_with_its_figures(home: Path) -> None:
    with command(home, "smoke", "--orders", "120", "--seconds", "2") as smoke:
        assert smoke.process.wait(240) == 0, smoke.everything
    result = json.loads(smoke.out.read_text().splitlines()[-1])
    assert result.keys() >= KEYS
    assert result["divergent"] == 0
    assert result["orders"] > 100
    assert result["changes"] > result["documents"] > result["orders"]
    assert 0 < result["latency_ms_p50"] <= result["latency_ms_p99"]


def test_smoke_fails_when_a_document_diverges(home: Path) -> None:
    with command(home, "smoke", "--orders", "100", "--seconds", "1") as smoke:
        assert smoke.prints("one transaction on every table")
        plant_a_document(home)
        assert smoke.process.wait(240) == 1, smoke.everything
    assert json.loads(smoke.out.read_text().splitlines()[-1])["divergent"] == 1
    assert "999999999: extra" in smoke.err.read_text()


def test_the_demo_ends_whole_and_goes_on_with_its_data(home: Path) -> None:
    ports = ("--search-port", str(free_port()), "--worker-port", str(free_port()))
    with command(home, "demo", "--orders", "100", "--rate", "20", *ports) as demo:
        assert demo.prints(r"documents.*searchable after \d+ ms")
        everything = tree(demo.process)
        assert len(everything) > 10
        assert httpx.get(f"http://127.0.0.1:{ports[1]}/health", trust_env=False).is_success
        worker, search = environment_of("rowtide worker", everything), environment_of("search_api", everything)
        os.killpg(demo.process.pid, signal.SIGINT)
        assert demo.process.wait(90) == 0
        assert [pid for pid in everything if alive(pid)] == []
    require_least_privileges(read_secrets(home / "stacks" / "demo"), worker, search)
    assert "The first start downloads the servers" in demo.everything
    before = int(re.findall(r"([\d,]+) documents", demo.everything)[-1].replace(",", ""))
    with command(home, "demo", "--seconds", "3", "--rate", "20", *ports) as demo:
        assert demo.process.wait(120) == 0, demo.everything
    assert "It continues with its data." in demo.everything
    assert f"Search page: http://127.0.0.1:{ports[1]}/orders" in demo.everything
    assert int(re.findall(r"([\d,]+) documents", demo.everything)[-1].replace(",", "")) >= before > 100
