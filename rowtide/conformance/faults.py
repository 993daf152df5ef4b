"""What a case's faults do to programs, servers and the worker's way to Elasticsearch, and how that is put right again."""

from collections.abc import Callable
from contextlib import ExitStack

from connections.wait import wait_until
from infra.errors import RunnerError
from infra.native.ports import free_port
from rowtide.conformance.case import Fault
from rowtide.conformance.fault_proxy import Wire
from rowtide.conformance.index import Index
from rowtide.conformance.servers import Servers
from rowtide.conformance.worker import CaseWorker

MET_SECONDS = 60.0
"""The worker has met a fault on its way after so long, or nothing that it sends is on it."""

READ_ONLY = "read-only"


class Faults:
    """Strikes and mends, one fault at a time. The worker's way to Elasticsearch is open once a fault needs it."""

    def __init__(self, servers: Servers, worker: CaseWorker, index: Index, pipeline: str) -> None:
        self._servers, self._worker, self._index, self._pipeline = servers, worker, index, pipeline
        self._wire: Wire | None = None
        self._hits = 0

    def open_way(self, opened: ExitStack) -> str:
        """A proxy of our own before Elasticsearch, until `opened` closes: its URL, for the worker."""
        self._wire = Wire(self._servers.environment["ROWTIDE_ELASTICSEARCH_URL"], free_port())
        self._wire.start()
        opened.callback(self._wire.stop)
        return self._wire.url

    def strike(self, fault: Fault) -> None:
        """Let it happen."""
        if fault.how == READ_ONLY:
            self._index.block(self._pipeline, True)
        elif self._wire and (mode := fault.on_the_way):
            self._hits = self._wire.hits
            self._wire.put(mode)
        elif fault.program != "worker":
            self._servers.strike(fault)
        elif fault.how == "pause":
            self._worker.pause()
        else:
            self._worker.kill()

    def mend(self, fault: Fault) -> None:
        """Put it right; what happens on the way to Elasticsearch lasts until the worker has met it. RunnerError when it does not."""
        if fault.how == READ_ONLY:
            self._met(fault, self._says_read_only)
            self._index.block(self._pipeline, False)
        elif (wire := self._wire) and fault.on_the_way:
            self._met(fault, lambda: wire.hits > self._hits)
            wire.put("pass")
        elif fault.program != "worker":
            self._servers.mend(fault)
        elif fault.how == "pause":
            self._worker.resume()
        else:
            self._worker.start()

    def _says_read_only(self) -> bool:
        fresh = self._worker.freshness()
        return fresh is not None and READ_ONLY in fresh.reason

    def _met(self, fault: Fault, met: Callable[[], bool]) -> None:
        if not wait_until(met, MET_SECONDS):
            raise RunnerError(
                f"the worker sent nothing to Elasticsearch for {MET_SECONDS:.0f} s, so the fault `elasticsearch: {fault.how}`"
                f" did not happen; step {fault.step:02} must change a document"
            )
