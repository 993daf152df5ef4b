"""Runs the other programs of Rowtide, through their command lines, as processes that end with this one."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connections.wait import wait_until
from infra.errors import RunnerError
from infra.native.processes import Kept, Order, tail

ROWTIDE = (sys.executable, "-m", "rowtide")
WRITER = (sys.executable, "-m", "writer")
SEARCH_API = (sys.executable, "-m", "search_api")
_STOP_SECONDS = 15.0


class ProgramFailed(RunnerError):
    """A program ended with an error, or when it should not have. Its own exit code is passed on."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code if exit_code in (1, 2, 3) else 1


class Program:
    """A program under way. It ends when this process does, however that happens."""

    def __init__(self, name: str, order: Order) -> None:
        self.name = name
        self.log = Path(order.log)
        self._kept = Kept(order)

    @property
    def exit_status(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._kept.exit_status

    def check(self) -> None:
        """Raise ProgramFailed when it has ended with an error."""
        status = self.exit_status
        if status:
            raise ProgramFailed(
                f"{self.name} ended with code {status}; see the end of {self.log}:\n{tail(self.log)}", status
            )

    def check_runs(self) -> None:
        """Raise ProgramFailed when it has ended at all."""
        self.check()
        if self.exit_status is not None:
            raise ProgramFailed(f"{self.name} ended by itself; see the end of {self.log}:\n{tail(self.log)}")

    def kill(self) -> None:
        """Kill it at once (SIGKILL)."""
        self._kept.process.signal_servers(signal.SIGKILL)

    def pause(self) -> None:
        """Stop it in its tracks (SIGSTOP)."""
        self._kept.process.signal_servers(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        self._kept.process.signal_servers(signal.SIGCONT)

    def stop(self) -> None:
        """End it, and return when it is gone."""
        self._kept.stop(_STOP_SECONDS + 5.0)


class Programs:
    """Starts programs with one environment; each has a log of its own in `logs`."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self._running: list[Program] = []

    def grant(self, variable: str, value: str) -> None:
        """Set a variable for every program that starts from now on."""
        self._environment[variable] = value

    def start(
        self,
        name: str,
        command: tuple[str, ...],
        stop_signal: int = signal.SIGTERM,
        more: Mapping[str, str] | None = None,
    ) -> Program:
        """Start a program and leave it running. `name` is that of its log; `more` are variables of this program alone."""
        log = self._logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        order = Order(
            command=command,
            directory=str(Path.cwd()),
            environment={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **self._environment, **(more or {})},
            log=str(log),
            identity={},
            stop_signal=stop_signal,
            stop_seconds=_STOP_SECONDS,
        )
        program = Program(name, order)
        self._running.append(program)
        return program

    def run(self, name: str, command: tuple[str, ...], seconds: float, accept: tuple[int, ...] = (0,)) -> str:
        """Run a program to its end and return what it printed. ProgramFailed when it ends with another code, or takes longer."""
        program = self.start(name, command)
        try:
            ended = wait_until(lambda: program.exit_status is not None, seconds)
        finally:
            self.stop_one(program)
        if not ended:
            raise ProgramFailed(f"{name} took longer than {seconds:.0f} s; see {program.log}:\n{tail(program.log)}")
        if program.exit_status not in accept:
            program.check()
        return program.log.read_text(errors="replace")

    def stop_one(self, program: Program) -> None:
        """End one of them."""
        if program in self._running:
            self._running.remove(program)
            program.stop()

    def stop(self) -> None:
        """End all of them, the last one first."""
        for program in reversed(self._running[:]):
            self.stop_one(program)


def last_json(text: str) -> dict[str, Any] | None:
    """Find the last line that is a JSON object; None when there is none."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            try:
                found: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            return found
    return None
