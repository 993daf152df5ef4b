"""Restarts failed connector tasks and servers that ended during a run, as an operator would after an alarm."""

import threading
from collections import Counter

import httpx

from infra.native.stack import Stack
from infra.settings import SERVICES
from tests.chaos.fault_injector import FaultInjector, Report, revive
from tests.support.servers.services import connect_client

_EVERY_SECONDS = 3.0


class Supervisor:
    """Checks the connectors' tasks and the servers every few seconds. `done` counts the restarts."""

    def __init__(self, stack: Stack, connectors: tuple[str, ...], injector: FaultInjector, report: Report) -> None:
        self._stack = stack
        self._paths = [f"/connectors/{connector}" for connector in connectors]
        self._injector = injector
        self._report = report
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self.done: Counter[str] = Counter()
        self.too_large: list[str] = []
        """Tasks that failed because of a message that is too large: anybody may emit one, and none may reach a task."""

    def start(self) -> None:
        """Start checking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop checking."""
        self._stopping.set()
        self._thread.join(60.0)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            for path in self._paths:
                self._restart_failed(path)
            for service in SERVICES:
                with self._injector.reserved(service) as alone:
                    if alone and self._stack.process(service) is None:
                        self._report(f"{service} ended by itself; starting it again")
                        self.done[f"{service} ended by itself"] += 1
                        revive(self._stack, service, self._report)

    def _restart_failed(self, path: str) -> None:
        if trace := self._failed(path):
            reason = trace.partition("\n")[0][:300]
            self._report(f"a task of {path} failed; restarting it: {reason}")
            self.done["failed tasks restarted"] += 1
            if "RecordTooLarge" in trace:
                self.too_large.append(f"a task of {path} failed: {reason}")
            self._post(f"{path}/restart?includeTasks=true&onlyFailed=true")

    def _failed(self, path: str) -> str:
        try:
            with connect_client(self._stack.addresses, 5.0) as client:
                answer = client.get(f"{path}/status")
        except httpx.TransportError:
            return ""
        if not answer.is_success:
            return ""
        status = answer.json()
        failed = [part for part in (status["connector"], *status["tasks"]) if part["state"] == "FAILED"]
        return next((str(part.get("trace", "")) or "no trace" for part in failed), "")

    def _post(self, path: str) -> None:
        try:
            with connect_client(self._stack.addresses, 20.0) as client:
                client.post(path)
        except httpx.TransportError:
            return
