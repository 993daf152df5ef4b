"""Injects a case's faults into programs, servers and the connection between the worker and Elasticsearch."""

from collections.abc import Callable
from contextlib import ExitStack

from connections.wait import wait_until
from infra.errors import RunnerError
from infra.native.ports import free_port
from rowtide.conformance.case import Fault
from rowtide.conformance.fault_proxy import FaultProxy
from rowtide.conformance.index import CaseIndex
from rowtide.conformance.servers import Servers
from rowtide.conformance.worker import CaseWorker

EFFECT_SECONDS = 60.0
"""If a fault between worker and Elasticsearch has no effect for so long, the worker sends nothing."""

READ_ONLY = "read-only"


class Faults:
    """Injects and clears one fault at a time. The proxy before Elasticsearch exists only if a fault needs it."""

    def __init__(self, servers: Servers, worker: CaseWorker, index: CaseIndex, pipeline: str) -> None:
        self._servers, self._worker, self._index, self._pipeline = servers, worker, index, pipeline
        self._proxy: FaultProxy | None = None
        self._hits = 0

    def start_proxy(self, opened: ExitStack) -> str:
        """Start a proxy before Elasticsearch, which runs until `opened` closes. Returns its URL, for the worker."""
        self._proxy = FaultProxy(self._servers.environment["ROWTIDE_ELASTICSEARCH_URL"], free_port())
        self._proxy.start()
        opened.callback(self._proxy.stop)
        return self._proxy.url

    def inject(self, fault: Fault) -> None:
        """Make the fault happen."""
        if fault.how == READ_ONLY:
            self._index.set_read_only(self._pipeline, True)
        elif self._proxy and (mode := fault.network_fault):
            self._hits = self._proxy.hits
            self._proxy.set_mode(mode)
        elif fault.program != "worker":
            self._servers.inject(fault)
        elif fault.how == "pause":
            self._worker.pause()
        else:
            self._worker.kill()

    def clear(self, fault: Fault) -> None:
        """End the fault; one between worker and Elasticsearch only after it had an effect.

        Raises RunnerError if it has none.
        """
        if fault.how == READ_ONLY:
            self._wait_for_effect(fault, self._reports_read_only)
            self._index.set_read_only(self._pipeline, False)
        elif (proxy := self._proxy) and fault.network_fault:
            self._wait_for_effect(fault, lambda: proxy.hits > self._hits)
            proxy.set_mode("pass")
        elif fault.program != "worker":
            self._servers.clear(fault)
        elif fault.how == "pause":
            self._worker.resume()
        else:
            self._worker.start()

    def _reports_read_only(self) -> bool:
        fresh = self._worker.freshness()
        return fresh is not None and READ_ONLY in fresh.reason

    def _wait_for_effect(self, fault: Fault, happened: Callable[[], bool]) -> None:
        if not wait_until(happened, EFFECT_SECONDS):
            raise RunnerError(
                f"The fault `elasticsearch: {fault.how}` had no effect: the worker sent nothing to Elasticsearch for"
                f" {EFFECT_SECONDS:.0f} s. Step {fault.step:02} must change a document."
            )
