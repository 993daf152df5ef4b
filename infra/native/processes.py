"""Starts and ends servers, each under a supervisor. A process is identified by its id and start time, never by its
name."""

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from connections.private_files import touch_private_file, write_private_file
from connections.wait import wait_until
from infra.native import supervisor


@dataclass(frozen=True)
class Process:
    """A process of this machine. Ids are reused, but not together with the start time (in clock ticks)."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether this process still runs."""
        return _started(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.alive:
            supervisor.send([self.pid], number)

    def signal_servers(self, number: int) -> None:
        """Signal every process below this supervisor."""
        if self.alive:
            supervisor.send(supervisor.descendants(self.pid), number)

    def end(self, seconds: float) -> bool:
        """Ask it to stop and wait up to `seconds`, then kill it. True when it stopped by itself."""
        self.signal(signal.SIGTERM)
        if wait_until(lambda: not self.alive, seconds):
            return True
        self.signal_servers(signal.SIGKILL)
        self.signal(signal.SIGKILL)
        wait_until(lambda: not self.alive, seconds)
        return False


def _started(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


@dataclass(frozen=True)
class LaunchSpec:
    """What a supervisor launches. Children that outlive the server get `leftover_seconds` to end by themselves."""

    command: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    log: str
    identity: Mapping[str, object]
    stdin: str = ""
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 30.0
    leftover_seconds: float = 5.0


class ManagedProcess:
    """A supervisor that we started, and the pipe that ends it with us. `process` is the supervisor's."""

    def __init__(self, spec: LaunchSpec) -> None:
        touch_private_file(Path(spec.log))
        with Path(spec.log).open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", supervisor.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        started = _started(self._popen.pid)
        self.process = Process(self._popen.pid, started or 0)
        assert self._popen.stdin is not None
        self._pipe = self._popen.stdin
        self._pipe.write(json.dumps(asdict(spec)).encode() + b"\n")

    @property
    def exit_status(self) -> int | None:
        """The server's exit status, None while it runs."""
        return self._popen.poll()

    def detach(self) -> None:
        """Let the server outlive us."""
        if self.exit_status is None:
            self._pipe.write(supervisor.DETACH)
        self._pipe.close()

    def stop(self, seconds: float) -> None:
        """Close the pipe and wait up to `seconds` for the supervisor to stop its server; then kill both."""
        self._pipe.close()
        self.process.signal(signal.SIGTERM)
        wait_until(lambda: self.exit_status is not None, seconds)
        if self.exit_status is None:
            self.process.end(0.0)
        self._popen.wait()


def write_record(path: Path, process: Process) -> None:
    """Record a supervisor's process, so that another command finds it."""
    write_private_file(path, json.dumps(asdict(process)))


def read_record(path: Path) -> Process | None:
    """The supervisor's process of a record; None when it does not run."""
    try:
        process = Process(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    return process if process.alive else None


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, indented."""
    if not log.exists():
        return "  (no log)"
    with log.open(errors="replace") as file:
        return "".join(f"  {line.rstrip()}\n" for line in deque(file, maxlen=lines)).rstrip() or "  (empty)"


def resident_bytes(process: Process) -> int:
    """The resident memory of a supervisor and every process below it."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for pid in (process.pid, *supervisor.descendants(process.pid)):
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
        except (OSError, IndexError):
            continue  # It ended in between.
    return total
