"""Runs Rowtide's programs by their commands, as processes that end with this one."""

import json
import os
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from connections.wait import wait_until
from infra.errors import RunnerError
from infra.native.processes import LaunchSpec, ManagedProcess, tail

APPLICATION = Path(__file__).parent / "demo" / "application"
"""Where a wheel has the order application, apart from the packages that a user can import."""

ROWTIDE = (sys.executable, "-m", "rowtide")
WRITER = (
    *(("env", f"PYTHONPATH={APPLICATION}") if APPLICATION.is_dir() else ()),
    *(sys.executable, "-m", "writer"),
)
SEARCH_API = (sys.executable, "-m", "search_api")
_STOP_SECONDS = 15.0


def with_credentials(arguments: tuple[str, ...], command: tuple[str, ...]) -> tuple[str, ...]:
    """The command of a program with its own credentials, those of `rowtide credentials` with these arguments, and
    without the other secrets of the environment, as README starts it. It does not start when they cannot be had."""
    credentials = shlex.join((*ROWTIDE, "credentials", *arguments))
    return ("sh", "-c", f'own=$({credentials}) && eval "$own" && exec {shlex.join(command)}')


def interrupt_on_terminate() -> None:
    """Treat SIGTERM like Ctrl-C, so that this process stops everything it started before it ends."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


class ProgramFailed(RunnerError):
    """A program failed, or ended when it should still run. Its exit code is passed on."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code if exit_code in (1, 2, 3) else 1


class Program:
    """A running program. It ends when this process does, however that happens."""

    def __init__(self, name: str, spec: LaunchSpec) -> None:
        self.name = name
        self.log = Path(spec.log)
        self._process = ManagedProcess(spec)

    @property
    def exit_status(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.exit_status

    def check(self) -> None:
        """Raise ProgramFailed when it has failed."""
        status = self.exit_status
        if status:
            raise ProgramFailed(
                f"{self.name} failed with exit code {status}. The end of {self.log}:\n{tail(self.log)}", status
            )

    def check_runs(self) -> None:
        """Raise ProgramFailed when it has ended at all."""
        self.check()
        if self.exit_status is not None:
            raise ProgramFailed(f"{self.name} ended unexpectedly. The end of {self.log}:\n{tail(self.log)}")

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.process.signal_servers(signal.SIGKILL)

    def pause(self) -> None:
        """Send SIGSTOP."""
        self._process.process.signal_servers(signal.SIGSTOP)

    def resume(self) -> None:
        """Send SIGCONT."""
        self._process.process.signal_servers(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it, and return when it has ended."""
        self._process.stop(_STOP_SECONDS + 5.0)


class Programs:
    """Starts programs with a common environment. Each writes to its own log in `logs`."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self._running: list[Program] = []

    def set_variable(self, variable: str, value: str) -> None:
        """Set a variable for all programs started from now on."""
        self._environment[variable] = value

    def start(
        self,
        name: str,
        command: tuple[str, ...],
        stop_signal: int = signal.SIGTERM,
        variables: Mapping[str, str] | None = None,
    ) -> Program:
        """Start a program and leave it running. Its log is called `name`; `variables` are set only for this program."""
        log = self._logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        spec = LaunchSpec(
            command=command,
            directory=str(Path.cwd()),
            environment={
                **os.environ,
                "PYTHONUNBUFFERED": "1",
                "NO_COLOR": "1",
                **self._environment,
                **(variables or {}),
            },
            log=str(log),
            identity={},
            stop_signal=stop_signal,
            stop_seconds=_STOP_SECONDS,
        )
        program = Program(name, spec)
        self._running.append(program)
        return program

    def run(self, name: str, command: tuple[str, ...], seconds: float, accept: tuple[int, ...] = (0,)) -> str:
        """Run a program to its end and return its output.

        Raises ProgramFailed when its exit code is not in `accept`, or it takes longer than `seconds`.
        """
        program = self.start(name, command)
        try:
            ended = wait_until(lambda: program.exit_status is not None, seconds)
        finally:
            self.stop_one(program)
        if not ended:
            raise ProgramFailed(
                f"{name} took longer than {seconds:.0f} s. The end of {program.log}:\n{tail(program.log)}"
            )
        if program.exit_status not in accept:
            program.check()
        return program.log.read_text(errors="replace")

    def stop_one(self, program: Program) -> None:
        """Stop one of the programs."""
        if program in self._running:
            self._running.remove(program)
            program.stop()

    def stop(self) -> None:
        """Stop all programs, the last one first."""
        for program in reversed(self._running[:]):
            self.stop_one(program)


def run_verify(programs: Programs, seconds: float) -> list[dict[str, Any]]:
    """Run `rowtide verify` to its end. Returns its JSON for each kind of document. Raises ProgramFailed when it prints
    none."""
    printed = programs.run("verify", (*ROWTIDE, "verify", "--output", "json"), seconds, accept=(0, 1))
    result = last_json(printed)
    if result is None:
        raise ProgramFailed(f"rowtide verify printed no result:\n{printed[-2000:]}")
    documents: list[dict[str, Any]] = result["documents"]
    return documents


def last_json(text: str) -> dict[str, Any] | None:
    """The last line that is a JSON object; None when there is none."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            try:
                value: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            return value
    return None
