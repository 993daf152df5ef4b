"""Keeps one server: a small process that starts it, and that lets nothing of it outlive its owner.

The owner writes one line of JSON (the order) to standard input and holds that pipe open. When the pipe closes, the owner
is gone, however it died, and the keeper stops the server. `detach` on the pipe lets the server live on without an owner.
When the keeper itself is killed, the kernel kills the server. Runs as a script, with the standard library only.
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
    """Return the ids of every process below `pid`, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent_of(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    level = children.get(pid, [])
    while level:
        found += level
        level = [below for above in level for below in children.get(above, [])]
    return found


def _parent_of(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None  # It ended while we looked.


def send(pids: list[int], number: int) -> None:
    """Signal each process; one that has ended is no fault."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


class Keeper:
    """The server's parent: waits for the first of its end, a stop signal, and the end of the owner."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._stop_asked = False
        self._owned = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._status: int | None = None
        self._server = self._start()

    def _ask_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked = True

    def _start(self) -> int:
        order, keeper = self._order, os.getpid()

        def die_with_keeper() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != keeper:
                os._exit(1)

        with Path(order["log"]).open("ab", buffering=0) as log:
            # Kept for good: an object that is dropped would collect the exit status that we wait for.
            self._process = process = subprocess.Popen(
                order["command"],
                stdin=subprocess.PIPE if order["stdin"] else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=order["directory"],
                env=order["environment"],
                start_new_session=True,
                umask=0o027,
                preexec_fn=die_with_keeper,  # noqa: PLW1509 - this process has one thread.
                **order["identity"],
            )
        if process.stdin:
            process.stdin.write(order["stdin"].encode())
            process.stdin.close()
        return process.pid

    def keep(self) -> int:
        """Wait for the end; return the server's exit status as a shell would."""
        while self._status is None and not self._stop_asked:
            self._wait(None)
            self._reap()
        if self._status is None:
            send(descendants(os.getpid()), signal.SIGCONT)  # A paused server cannot stop.
            send([self._server], self._order["stop_signal"])
            self._until_reaped(self._order["stop_seconds"], everything=False)
        grace = self._order["leftover_seconds"]
        if not self._until_reaped(grace if self._status is not None else 0.0, everything=True):
            send(descendants(os.getpid()), signal.SIGKILL)
            self._until_reaped(_KILL_SECONDS, everything=True)
        return self._status if self._status is not None else 1

    def _wait(self, seconds: float | None) -> None:
        sources = [self._wake_read] + ([0] if self._owned else [])
        ready, _, _ = select.select(sources, [], [], seconds)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if 0 in ready:
            self._stop_asked |= os.read(0, 4096) != DETACH
            self._owned = False

    def _reap(self) -> bool:
        """Collect what has ended. True when no child is left."""
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
            self._wait(left)


def _read_order() -> dict[str, Any]:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)  # Not one byte more: what follows belongs to the owner's pipe.
        if not byte:
            sys.exit(1)
        line += byte
    order: dict[str, Any] = json.loads(line)
    return order


if __name__ == "__main__":
    sys.exit(Keeper(_read_order()).keep())
