"""The worker of a run: it may be killed, paused and started again."""

from connections.worker import WorkerClient
from read_model.freshness import Freshness
from rowtide.programs import ROWTIDE, Program, Programs


class CaseWorker:
    """Not started yet. `instead` are variables of the worker alone, in place of those of all programs."""

    def __init__(self, programs: Programs, client: WorkerClient) -> None:
        self._programs, self._client = programs, client
        self._program: Program | None = None
        self.instead: dict[str, str] = {}

    def start(self) -> None:
        """Start it, or start it again."""
        self._program = self._programs.start("worker", (*ROWTIDE, "worker"), variables=self.instead)

    def kill(self) -> None:
        """Kill it at once."""
        if self._program:
            self._program.kill()
            self._programs.stop_one(self._program)

    def pause(self) -> None:
        """Stop it in its tracks."""
        if self._program:
            self._program.pause()

    def resume(self) -> None:
        """Let it go on."""
        if self._program:
            self._program.resume()

    def freshness(self) -> Freshness | None:
        """What it says; ProgramFailed when it has ended."""
        if self._program:
            self._program.check_runs()
        return self._client.freshness()
