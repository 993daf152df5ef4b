"""Keeps a program running, as a service manager would: one that ends is started again, and its end is judged."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra.native.processes import tail
from rowtide.programs import Program, Programs

_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 0.2
NO_SERVICE = 3
"""The exit code of a program that misses a service: it is started again until the service is there."""


class RestartingProgram:
    """A program and its successors, each with its own log. `failures` are unrequested ends."""

    def __init__(self, programs: Programs, name: str, command: tuple[str, ...], accepted: tuple[int, ...]) -> None:
        self._programs = programs
        self._name = name
        self._command = command
        self._accepted = accepted
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"supervisor of {name}", daemon=True)
        self.starts = 0
        self.failures: list[str] = []
        self.program = self._start()

    def watch(self) -> None:
        """Begin to look after it."""
        self._thread.start()

    def stop(self) -> None:
        """End the program, and do not start it again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(30.0)
        self._programs.stop_one(self.program)

    @contextmanager
    def held(self) -> Iterator[Program]:
        """Nobody else touches the program inside; whatever its end is, it was wanted, and it is started again."""
        with self._lock:
            yield self.program
            if self.program.exit_status is not None and not self._stopping.is_set():
                self._again()

    def _start(self) -> Program:
        self.starts += 1
        return self._programs.start(f"{self._name}-{self.starts:03}", self._command)

    def _again(self) -> None:
        self._programs.stop_one(self.program)
        self.program = self._start()

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            with self._lock:
                status = self.program.exit_status
                if status is None or self._stopping.is_set():
                    continue
                if status not in self._accepted:
                    self.failures.append(
                        f"{self.program.name} ended with code {status}; see the end of {self.program.log}:\n"
                        f"{tail(self.program.log)}"
                    )
                if not self._stopping.wait(_AGAIN_SECONDS):
                    self._again()
