"""Runs one server as a child, and leaves nothing of it behind when its owner ends.

The owner writes one line of JSON (a LaunchSpec) to standard input and holds that pipe open. When the pipe closes, the
owner is gone, however it ended, and the supervisor stops the server. `detach` on the pipe lets the server run on
without an owner. When the supervisor itself is killed, the kernel kills the server. Runs as a script, with the standard
library only.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

DETACH = b"detach\n"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_KILL_SECONDS = 5.0
_libc = ctypes.CDLL(None, use_errno=True)


def descendants(pid: int) -> list[int]:
    """The ids of every process below `pid`, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent_of(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    pids: list[int] = []
    level = children.get(pid, [])
    while level:
        pids += level
        level = [child for parent in level for child in children.get(parent, [])]
    return pids


def _parent_of(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None  # It ended in between.


def send(pids: list[int], number: int) -> None:
    """Signal each process; one that has ended is skipped."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


class ChildSupervisor:
    """The server's parent: waits for the server to end, for a stop signal, or for the owner to end, whichever is
    first."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._stop_requested = False
        self._owned = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._status: int | None = None
        self._server = self._start()

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requested = True

    def _start(self) -> int:
        spec, supervisor = self._spec, os.getpid()

        def die_with_supervisor() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != supervisor:
                os._exit(1)

        with Path(spec["log"]).open("ab", buffering=0) as log:
            # Referenced for good: when a Popen object is collected, it would reap the exit status that we wait for.
            self._process = process = subprocess.Popen(
                spec["command"],
                stdin=subprocess.PIPE if spec["stdin"] else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=spec["directory"],
                env=spec["environment"],
                start_new_session=True,
                umask=0o077,
                preexec_fn=die_with_supervisor,  # noqa: PLW1509 - this process has one thread.
                **spec["identity"],
            )
        if process.stdin:
            process.stdin.write(spec["stdin"].encode())
            process.stdin.close()
        return process.pid

    def wait(self) -> int:
        """Wait until the server has ended; returns its exit status in the form of a shell (128 + signal)."""
        while self._status is None and not self._stop_requested:
            self._wait_for_event(None)
            self._reap()
        if self._status is None:
            send(descendants(os.getpid()), signal.SIGCONT)  # A paused server cannot stop.
            send([self._server], self._spec["stop_signal"])
            self._until_reaped(self._spec["stop_seconds"], everything=False)
        grace = self._spec["leftover_seconds"]
        if not self._until_reaped(grace if self._status is not None else 0.0, everything=True):
            send(descendants(os.getpid()), signal.SIGKILL)
            self._until_reaped(_KILL_SECONDS, everything=True)
        return self._status if self._status is not None else 1

    def _wait_for_event(self, seconds: float | None) -> None:
        sources = [self._wake_read] + ([0] if self._owned else [])
        ready, _, _ = select.select(sources, [], [], seconds)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if 0 in ready:
            self._stop_requested |= os.read(0, 4096) != DETACH
            self._owned = False

    def _reap(self) -> bool:
        """Reap the children that have ended. True when none is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self._server:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else 128 - code

    def _until_reaped(self, seconds: float, *, everything: bool) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            none_left = self._reap()
            if none_left or (self._status is not None and not everything):
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._wait_for_event(left)


def _read_spec() -> dict[str, Any]:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)  # Not one byte more: what follows is the owner's.
        if not byte:
            sys.exit(1)
        line += byte
    spec: dict[str, Any] = json.loads(line)
    return spec


if __name__ == "__main__":
    sys.exit(ChildSupervisor(_read_spec()).wait())
