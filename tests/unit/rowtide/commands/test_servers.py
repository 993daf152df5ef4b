"""What `rowtide status` and `down` print about the worker, and about servers that do not run or run elsewhere."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connections.private_files import make_private_folder
from infra.native.preparation import secrets_of
from infra.native.stack_ports import record_ports
from infra.settings import PORTS
from read_model.freshness import Freshness
from rowtide.cli import app
from rowtide.commands.status import worker_line
from rowtide.local_pipeline import WORKER

LISTEN = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


def printed(*arguments: str, **environment: str) -> str:
    """What a command prints, on a line."""
    return " ".join(CliRunner().invoke(app(), arguments, env=environment).output.split())


@contextmanager
def listener_in(folder: Path) -> Iterator[int]:
    """A process with this working folder, as a server of a stack has; its port."""
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        yield int(process.stdout.readline())
        process.stdin.close()


def started_stack(home: Path, name: str) -> Path:
    """The folder of a stack that was started once."""
    root = home / "stacks" / name
    make_private_folder(root)
    secrets_of(root, None)
    return root


def test_documents_that_were_set_aside_are_counted() -> None:
    assert worker_line(Freshness("shop", 1, 9, 9, 0, "live")) == (
        "Worker of shop: live, 0 documents pending, 0 in quarantine."
    )
    fresh = Freshness("shop", 1, 9, 9, 0, "degraded", "A table changed.", pending=7, quarantined=2, left_out=1)
    assert worker_line(fresh) == (
        "Worker of shop: degraded, 7 documents pending, 2 in quarantine,"
        " 1 with fields dropped. A table changed. Run `rowtide quarantine list` for details."
    )


def test_values_that_a_chosen_type_drops_are_counted() -> None:
    line = worker_line(Freshness("shop", 1, 9, 9, 0, "live", unindexed={"customers.postal_code": 232}))
    assert line.endswith(
        "customers.postal_code: 232 documents have a value that does not fit its type in the spec and is not indexed."
    )


@pytest.mark.parametrize("command", ["status", "down"])
def test_a_stack_of_another_folder_is_not_called_stopped_without_a_hint(command: str, tmp_path: Path) -> None:
    other = started_stack(tmp_path / "project" / ".rowtide", "default")
    with listener_in(other / "kafka") as port:
        home = tmp_path / "elsewhere"
        text = printed(command, ROWTIDE_HOME=str(home), ROWTIDE_KAFKA_PORT=str(port))
    assert f"No server of stack default runs with its data in {home}/stacks/default." in text
    assert f"have their data in {other}: run the command in {tmp_path}/project." in text
    assert "kafka" not in text, "nothing is said about servers of which nothing is known"


def test_an_empty_folder_is_named_where_nothing_runs_at_all(tmp_path: Path) -> None:
    ports = {f"ROWTIDE_{name.upper()}_PORT": "1" for name in PORTS}
    text = printed("status", "--env", ROWTIDE_HOME=str(tmp_path), **ports)
    assert f"its data in {tmp_path}/stacks/default. If it was started in another folder, run the command there." in text


def test_a_stack_has_the_ports_of_its_last_start(tmp_path: Path) -> None:
    root = started_stack(tmp_path, "demo")
    record_ports(root, {name: 21000 + place for place, name in enumerate(PORTS)})
    record_ports(root, {WORKER: 1})
    text = printed("status", "--stack", "demo", ROWTIDE_HOME=str(tmp_path), ROWTIDE_WORKER_URL="http://127.0.0.1:2")
    assert "postgres stopped 21000" in text
    assert f"Their data and logs are in {root}." in text
    assert "No worker answers at http://127.0.0.1:1." in text
    assert "127.0.0.1:21000" in printed("status", "--stack", "demo", "--env", ROWTIDE_HOME=str(tmp_path))
    chosen = {"ROWTIDE_HOME": str(tmp_path), "ROWTIDE_STACK": "demo", "ROWTIDE_POSTGRES_PORT": "22000"}
    text = printed("status", "--worker-url", "http://127.0.0.1:3", **chosen)
    assert "postgres stopped 22000" in text
    assert "No worker answers at http://127.0.0.1:3." in text


def test_purged_servers_leave_row_stores_that_are_named(tmp_path: Path) -> None:
    root = started_stack(tmp_path, "default")
    store = tmp_path / "worker" / "shop.sqlite"
    store.parent.mkdir()
    environment = {"ROWTIDE_HOME": str(tmp_path), "ROWTIDE_WORKER_STORE": str(store.parent)}
    assert "Kept" not in printed("down", "--purge", **environment)
    assert not root.exists()
    store.touch()
    assert f"Kept: {store}." in printed("down", "--purge", **environment)
