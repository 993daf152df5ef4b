"""Carries out a schedule of faults on real processes."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic
from typing import get_args

import httpx
import psycopg

from infra.errors import ServiceUnavailable
from infra.native.stack import Stack
from infra.settings import Service
from rowtide.conformance.fault_proxy import FaultProxy, Mode
from tests.chaos.restarting_program import RestartingProgram
from tests.chaos.schedule import Fault, Kind, Target
from tests.support.servers.services import connect_client

Report = Callable[[str], None]
_GONE_SECONDS = 20.0
_STOP_SECONDS = 90.0
_TRIES = 4
"""A server may miss another one while it starts, and end: it is started again, as a service manager would."""


class FaultInjector:
    """Each fault runs in its own thread, at its time; a target has one fault at a time. `done` counts them."""

    def __init__(
        self, stack: Stack, worker: RestartingProgram, wire: FaultProxy, connector: str, report: Report
    ) -> None:
        self._stack = stack
        self._worker = worker
        self._proxy = wire
        self._connector = connector
        self._report = report
        self._stopping = threading.Event()
        self._locks: dict[Target, threading.Lock] = {target: threading.Lock() for target in get_args(Target)}
        self._counting = threading.Lock()
        self._ways: dict[Kind, Callable[[Fault], None]] = {
            "kill": self._kill,
            "stop": self._stop,
            "pause": self._pause,
            "terminate": self._terminate,
            "restart-task": self._restart_task,
            "read-only": self._read_only,
            "refuse": self._by_wire,
            "refuse-some": self._by_wire,
            "cut": self._by_wire,
            "lose": self._by_wire,
        }
        self.done: Counter[str] = Counter()

    def run(self, faults: list[Fault], broken: Callable[[], bool]) -> None:
        """Carry out the faults; returns when the last one is over, and early when `broken` reports that the run has failed.

        Raises what a fault raised: a server that did not come back."""
        began = monotonic()
        with ThreadPoolExecutor(max_workers=len(self._locks) * 2, thread_name_prefix="fault") as pool:
            under_way: list[Future[None]] = []
            for fault in faults:
                while monotonic() - began < fault.at and not broken():
                    self._stopping.wait(0.2)
                if broken():
                    break
                under_way.append(pool.submit(self._inject, fault, began))
            for each in under_way:
                each.result()

    def _inject(self, fault: Fault, began: float) -> None:
        with self._locks[fault.target]:
            self._report(f"{fault}  (now {monotonic() - began:.1f} s)")
            self._ways[fault.kind](fault)
        with self._counting:
            self.done[f"{fault.kind} {fault.target}"] += 1

    @contextmanager
    def reserved(self, target: Target) -> Iterator[bool]:
        """Keep faults away from a target inside; False when one is under way."""
        held = self._locks[target].acquire(blocking=False)
        try:
            yield held
        finally:
            if held:
                self._locks[target].release()

    def _wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _kill(self, fault: Fault) -> None:
        if fault.target == "worker":
            with self._worker.held() as program:
                program.kill()
                self._end(lambda: program.exit_status is not None)
                self._wait(fault.seconds)
            return
        service = _service(fault)
        if self._stack.process(service) is not None:
            self._stack.kill(service)
        self._wait(fault.seconds)
        revive(self._stack, service, self._report)

    def _stop(self, fault: Fault) -> None:
        if fault.target == "worker":
            with self._worker.held() as program:
                program.stop()
                self._wait(fault.seconds)
            return
        service = _service(fault)
        if (process := self._stack.process(service)) is not None:
            process.end(_STOP_SECONDS)
        self._wait(fault.seconds)
        revive(self._stack, service, self._report)

    def _pause(self, fault: Fault) -> None:
        if fault.target == "worker":
            program = self._worker.program
            program.pause()
            self._wait(fault.seconds)
            program.resume()
            return
        service = _service(fault)
        if self._stack.process(service) is None:
            return
        self._stack.pause(service)
        self._wait(fault.seconds)
        self._stack.resume(service)

    def _terminate(self, _fault: Fault) -> None:
        try:
            with psycopg.connect(self._stack.addresses.postgres_dsn, autocommit=True, connect_timeout=5) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type IN ('client backend', 'walsender')"
                )
        except psycopg.OperationalError:
            self._report("terminate: PostgreSQL was away at that moment")

    def _restart_task(self, _fault: Fault) -> None:
        """What is on its way in the old task's producer may still reach the log."""
        try:
            with connect_client(self._stack.addresses, 20.0) as client:
                client.post(f"/connectors/{self._connector}/restart?includeTasks=true")
        except httpx.TransportError:
            self._report("restart-task: Connect was away at that moment")

    def _read_only(self, fault: Fault) -> None:
        self._block(True)
        self._wait(fault.seconds)
        self._end(lambda: self._block(None), 120.0)

    def _block(self, value: bool | None) -> bool:
        addresses = self._stack.addresses
        try:
            answer = httpx.put(
                f"{addresses.elasticsearch_url}/_all/_settings",
                json={"index.blocks.read_only_allow_delete": value},
                auth=(addresses.elasticsearch_username, addresses.elasticsearch_password),
                timeout=20.0,
                trust_env=False,
            )
        except httpx.TransportError:
            return False
        return answer.is_success

    def _by_wire(self, fault: Fault) -> None:
        modes: dict[Kind, Mode] = {"refuse": "refuse", "refuse-some": "refuse-some", "cut": "cut", "lose": "lose"}
        self._proxy.set_mode(modes[fault.kind])
        self._wait(fault.seconds)
        self._proxy.set_mode("pass")

    def _end(self, condition: Callable[[], bool], seconds: float = _GONE_SECONDS) -> None:
        deadline = monotonic() + seconds
        while not condition() and monotonic() < deadline:
            self._stopping.wait(0.1)


def revive(stack: Stack, service: Service, report: Report) -> None:
    """Start a server that ended. ServiceUnavailable when it does not come back."""
    for attempt in range(1, _TRIES + 1):
        try:
            stack.revive(service)
        except ServiceUnavailable as error:
            if attempt == _TRIES:
                raise
            report(f"{service} did not come back, attempt {attempt}: {str(error).splitlines()[0]}")
        else:
            return


def _service(fault: Fault) -> Service:
    if fault.target == "worker":
        raise ValueError("the worker is no server of the stack")
    return fault.target
