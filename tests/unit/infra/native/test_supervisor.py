"""The supervisor with small commands in place of servers: nothing outlives its owner."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connections.wait import wait_until
from infra.native.processes import LaunchSpec, ManagedProcess, Process, read_record, tail, write_record
from infra.native.supervisor import descendants

SECONDS = 20.0
FAMILY = "sh -c 'sleep 100 & sleep 100' & echo started; wait"
STUBBORN = "trap '' TERM; echo started; while true; do sleep 1; done"


def spec(script: str, log: Path, stop_seconds: float = 1.0) -> LaunchSpec:
    place = str(log.parent)
    command = ("sh", "-c", script)
    return LaunchSpec(command, place, dict(os.environ), str(log), {}, stop_seconds=stop_seconds, leftover_seconds=0.1)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


@pytest.fixture
def family(log: Path) -> Iterator[ManagedProcess]:
    process = ManagedProcess(spec(FAMILY, log))
    assert wait_until(lambda: len(descendants(process.process.pid)) == 4, SECONDS)
    yield process
    process.stop(SECONDS)


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_the_exit_status_of_the_server_is_the_supervisors(log: Path) -> None:
    process = ManagedProcess(spec("echo said; exit 7", log))
    assert wait_until(lambda: process.exit_status is not None, SECONDS)
    assert process.exit_status == 7
    assert tail(log) == "  said"
    process.stop(SECONDS)


def test_stopping_ends_the_whole_family(family: ManagedProcess) -> None:
    pids = descendants(family.process.pid)
    family.stop(SECONDS)
    assert alive(pids) == []


def test_a_server_that_does_not_stop_is_killed(log: Path) -> None:
    process = ManagedProcess(spec(STUBBORN, log, stop_seconds=0.2))
    assert wait_until(lambda: "started" in tail(log), SECONDS)
    process.stop(SECONDS)
    assert process.exit_status == 128 + signal.SIGKILL


def test_a_paused_server_can_be_stopped(family: ManagedProcess) -> None:
    family.process.signal_servers(signal.SIGSTOP)
    pids = descendants(family.process.pid)
    family.stop(SECONDS)
    assert alive(pids) == []


def test_a_detached_server_outlives_its_owner_and_has_a_record(family: ManagedProcess, tmp_path: Path) -> None:
    family.detach()
    write_record(tmp_path / "it.json", family.process)
    recorded = read_record(tmp_path / "it.json")
    assert recorded == family.process
    assert recorded.end(SECONDS)
    assert read_record(tmp_path / "it.json") is None


def test_an_id_that_another_process_has_now_is_not_ours() -> None:
    stranger = Process(os.getpid(), started=1)
    assert not stranger.alive
    stranger.signal(signal.SIGKILL)


def test_the_supervisor_runs_with_only_the_standard_library() -> None:
    source = Path(sys.modules[descendants.__module__].__file__ or "").read_text()
    assert "import infra" not in source
    assert "from infra" not in source
