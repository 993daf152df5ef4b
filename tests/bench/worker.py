"""A sync worker under measurement, from its first answer to its end."""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from connections.wait import wait_until
from connections.worker import WorkerClient
from infra.errors import RunnerError
from infra.native import supervisor
from infra.native.processes import LaunchSpec, ManagedProcess, tail
from read_model.freshness import Freshness
from rowtide.programs import ROWTIDE
from tests.bench.usage import read_cpu, read_peak

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_GLANCE_SECONDS = 0.05
"""A look costs the worker about a millisecond."""


class RunningWorker:
    """Entering it starts the worker; it ends with the `with`, or with this process. `began` is by `time.monotonic`."""

    def __init__(self, environment: Mapping[str, str], url: str, log: Path) -> None:
        self._environment = environment
        self._client = WorkerClient(url)
        self._log = log
        self._known: Freshness | None = None
        self.peak_bytes = 0
        self.began = 0.0

    def __enter__(self) -> Self:
        spec = LaunchSpec(
            command=(*ROWTIDE, "worker"),
            directory=str(Path.cwd()),
            environment=self._environment,
            log=str(self._log),
            identity={},
        )
        self._managed = ManagedProcess(spec)
        if not wait_until(self._answers_or_ended, _START_SECONDS, pause_seconds=0.005) or self._ended:
            self._managed.stop(_STOP_SECONDS)
            raise RunnerError(f"The worker did not start; see the end of {self._log}:\n{tail(self._log)}")
        self.began = monotonic()
        self._pid = supervisor.descendants(self._managed.process.pid)[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ended:
            self.peak_bytes = read_peak(self._pid)
        self._managed.stop(_STOP_SECONDS)
        self._client.close()

    @property
    def _ended(self) -> bool:
        return self._managed.exit_status is not None

    def _answers_or_ended(self) -> bool:
        return self._ended or self._client.freshness() is not None

    def searchable(self) -> int:
        """The LSN up to which everything is searchable now. RunnerError when the worker ended."""
        return self._answered(self._client.freshness()).searchable

    def news(self) -> int:
        """The same, once it has moved on from the last answer: requested like a waiting reader, for whom the worker refreshes immediately."""
        self._known = self._answered(
            self._client.next_freshness(self._known) if self._known else self._client.freshness()
        )
        return self._known.searchable

    def _answered(self, fresh: Freshness | None) -> Freshness:
        if fresh is None:
            raise RunnerError(f"The worker does not answer; see the end of {self._log}:\n{tail(self._log)}")
        return fresh

    def wait(self, lsn: int, seconds: float) -> float:
        """Wait until `lsn` is searchable; returns how long that was after the worker's first answer."""
        if not wait_until(lambda: self.searchable() >= lsn, seconds, pause_seconds=_GLANCE_SECONDS):
            raise RunnerError(f"The documents were not searchable after {seconds:.0f} s; see {self._log}.")
        return monotonic() - self.began

    @property
    def documents(self) -> int:
        """Documents indexed since its start."""
        return int(self._client.metrics().get("rowtide_documents_indexed_total", 0))

    @property
    def cpu_seconds(self) -> float:
        """CPU that it used so far."""
        return read_cpu(self._pid)
