"""Starts and ends servers through their keepers. A process is known by its id and its start time, never by its name."""

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from connections.wait import wait_until
from infra.native import supervisor


@dataclass(frozen=True)
class Process:
    """A process of this machine. Ids are used again; together with the start time (in clock ticks) they are not."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Say whether this very process still runs."""
        return _started(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.alive:
            supervisor.send([self.pid], number)

    def signal_servers(self, number: int) -> None:
        """Signal everything below this keeper."""
        if self.alive:
            supervisor.send(supervisor.descendants(self.pid), number)

    def end(self, seconds: float) -> bool:
        """Ask it to stop and wait; kill it when it does not. True when it stopped by itself."""
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
class Order:
    """What a keeper is told. Leftovers are children that outlive the server: they may end by themselves for so long."""

    command: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    log: str
    identity: Mapping[str, object]
    stdin: str = ""
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 30.0
    leftover_seconds: float = 5.0


class Kept:
    """A keeper that we started, and the pipe that ties its life to ours."""

    def __init__(self, order: Order) -> None:
        with Path(order.log).open("ab") as log:
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
        self._pipe.write(json.dumps(asdict(order)).encode() + b"\n")

    @property
    def exit_status(self) -> int | None:
        """The server's exit status, None while it runs."""
        return self._popen.poll()

    def detach(self) -> None:
        """Let the server live on without us."""
        if self.exit_status is None:
            self._pipe.write(supervisor.DETACH)
        self._pipe.close()

    def stop(self, seconds: float) -> None:
        """Close the pipe, and wait for the keeper to stop its server."""
        self._pipe.close()
        self.process.signal(signal.SIGTERM)
        wait_until(lambda: self.exit_status is not None, seconds)
        if self.exit_status is None:
            self.process.end(0.0)
        self._popen.wait()


def write_record(path: Path, process: Process) -> None:
    """Keep the id of a keeper, so that another command finds it."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(process)))
    partial.replace(path)


def read_record(path: Path) -> Process | None:
    """Return the keeper of a record, None when it is not running."""
    try:
        process = Process(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    return process if process.alive else None


def tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log, indented."""
    if not log.exists():
        return "  (no log)"
    with log.open(errors="replace") as file:
        return "".join(f"  {line.rstrip()}\n" for line in deque(file, maxlen=lines)).rstrip() or "  (empty)"


def resident_bytes(process: Process) -> int:
    """Return the resident memory of a keeper and everything below it."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for pid in (process.pid, *supervisor.descendants(process.pid)):
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
        except (OSError, IndexError):
            continue  # It ended while we looked.
    return total
