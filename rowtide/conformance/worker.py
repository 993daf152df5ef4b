"""The worker of a run. It can be killed, paused and restarted."""

from connections.worker import WorkerClient
from read_model.freshness import Freshness
from rowtide.programs import ROWTIDE, Program, Programs


class CaseWorker:
    """Not started yet. `variables` are set only for the worker, and override those of all programs."""

    def __init__(self, programs: Programs, client: WorkerClient) -> None:
        self._programs, self._client = programs, client
        self._program: Program | None = None
        self.variables: dict[str, str] = {}

    def start(self) -> None:
        """Start or restart it."""
        self._program = self._programs.start("worker", (*ROWTIDE, "worker"), variables=self.variables)

    def kill(self) -> None:
        """Kill it and wait until it is gone."""
        if self._program:
            self._program.kill()
            self._programs.stop_one(self._program)

    def pause(self) -> None:
        """Suspend it."""
        if self._program:
            self._program.pause()

    def resume(self) -> None:
        """Resume it."""
        if self._program:
            self._program.resume()

    def freshness(self) -> Freshness | None:
        """Its freshness; None while it does not answer. Raises ProgramFailed if it has ended."""
        if self._program:
            self._program.check_runs()
        return self._client.freshness()
