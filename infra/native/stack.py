"""A stack: the four servers with one name, one data directory and one set of ports."""

import fcntl
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from connections.private_files import (
    FOLDER,
    SEARCHABLE_FOLDER,
    allow_search,
    make_private_folder,
    restrict_folder,
    touch_private_file,
)
from connections.wait import wait_until
from infra.addresses import Addresses, addresses_of
from infra.errors import RunnerError, ServiceUnavailable
from infra.native.identity import Identity, find_identity, require_reachable
from infra.native.installation import Installation, install
from infra.native.java import find_jdk
from infra.native.ports import require_free
from infra.native.preparation import prepare, read_secrets, secrets_of
from infra.native.processes import LaunchSpec, ManagedProcess, Process, read_record, tail, write_record
from infra.native.readiness import probe
from infra.native.servers import BUILDERS, Server
from infra.native.stack_ports import record_ports
from infra.settings import PORTS, PORTS_OF, SERVICES, Service, StackSettings
from infra.versions import read as read_versions

Report = Callable[[str, str], None]
"""Called with (service or "install", state) on every change of state, from several threads."""

_STOP_MARGIN_SECONDS = 15.0


def _silent(_part: str, _state: str) -> None:
    return None


class Stack:
    """Starts, ends and disturbs the servers of one stack: all four, or those of `services`.

    Servers that this object started end with it, even if the process is killed. Servers that another process left
    running detached are used as they are; `stop` does not end them, `end_all` does.
    """

    def __init__(
        self, settings: StackSettings, report: Report = _silent, services: Sequence[Service] = SERVICES
    ) -> None:
        self.settings = settings
        self._services = services
        self._report = report
        self._managed: dict[Service, ManagedProcess] = {}
        self._given_up = threading.Event()
        self._root = settings.data_directory
        self._installed: Installation | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def addresses(self) -> Addresses:
        """Where the servers listen. Raises ServiceUnavailable when the stack was never started."""
        return addresses_of(self.settings, read_secrets(self._root))

    def log(self, service: Service) -> Path:
        """The file of the service's output since its last start."""
        return self._root / "logs" / f"{service}.log"

    def process(self, service: Service) -> Process | None:
        """The process of a service's supervisor; None when the service does not run."""
        return read_record(self._record(service))

    def _record(self, service: Service) -> Path:
        return self._root / "run" / f"{service}.json"

    def start(self) -> None:
        """Start the services that do not run, all at once, and return when every service is ready.

        Raises RunnerError with the end of the log of the service that failed; then nothing that this call started still
        runs.
        """
        identity = find_identity(self.settings.run_as)
        self._make_folders(identity)
        require_reachable(self._root, identity, "ROWTIDE_DATA")
        require_reachable(self.settings.cache_directory, identity, "ROWTIDE_CACHE")
        java = find_jdk(os.environ, identity)
        self._given_up.clear()
        with self._locked():
            missing = self.ended()
            require_free({port: self.settings.port(port) for service in missing for port in PORTS_OF[service]})
            secrets = secrets_of(self._root, self.settings.stack_password)
            record_ports(self._root, {port: self.settings.port(port) for port in PORTS})
            self._installed = install(
                self.settings.cache_directory, read_versions(), java, lambda state: self._report("install", state)
            )
            servers = [BUILDERS[service](self.settings, self._installed, secrets) for service in missing]
            try:
                self._start_all(servers, identity)
            except BaseException:
                self._given_up.set()
                self.stop()
                raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        file = self._root / "lock"
        touch_private_file(file)
        with file.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_folders(self, identity: Identity) -> None:
        """Create the stack's folders for their owner only. A server that runs as another user can pass through those
        on the way to its own, which also belong to that user."""
        way = SEARCHABLE_FOLDER if identity.switch else FOLDER
        home = self.settings.home.absolute()
        for directory in (self._root, self.settings.cache_directory):
            make_private_folder(directory, way)
            for folder in (directory, *directory.parents):
                if identity.switch and folder.is_relative_to(home):
                    allow_search(folder)  # A command that knows no servers may have created it.
        restrict_folder(self._root, way)
        for directory in (self._root / "logs", self._root / "run"):
            make_private_folder(directory)
            restrict_folder(directory)

    def _start_all(self, servers: list[Server], identity: Identity) -> None:
        with ThreadPoolExecutor(max_workers=len(self._services), thread_name_prefix="start") as pool:
            missing = {server.name for server in servers}
            starting: list[Future[None]] = [pool.submit(self._start_one, server, identity) for server in servers]
            starting += [pool.submit(self._await_ready, each) for each in self._services if each not in missing]
            try:
                for each in as_completed(starting):
                    each.result()
            except BaseException:
                self._given_up.set()  # The threads end, and the pool with them.
                raise

    def _start_one(self, server: Server, identity: Identity) -> None:
        self._launch(server, identity)
        self._await_ready(server.name)

    def _launch(self, server: Server, identity: Identity) -> None:
        self._report(server.name, "preparing")
        prepare(server, identity, self._run_step)
        log = self.log(server.name)
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        self._report(server.name, "starting")
        managed = ManagedProcess(
            LaunchSpec(
                command=server.command,
                directory=str(server.directory),
                environment=server.environment,
                log=str(log),
                identity=identity.as_arguments(),
                stop_signal=server.stop_signal,
                stop_seconds=server.stop_seconds,
            )
        )
        self._managed[server.name] = managed
        write_record(self._record(server.name), managed.process)

    def _run_step(self, spec: LaunchSpec, what: str) -> None:
        managed = ManagedProcess(spec)
        wait_until(lambda: managed.exit_status is not None, self.settings.start_timeout, self._given_up)
        status = managed.exit_status
        managed.stop(_STOP_MARGIN_SECONDS)
        if status != 0:
            raise RunnerError(f"{what} failed; see the end of {spec.log}:\n{tail(Path(spec.log))}")

    def _await_ready(self, service: Service) -> None:
        ready = probe(service, self.addresses)
        managed = self._managed.get(service)
        ended = False

        def settled() -> bool:
            nonlocal ended
            ended = managed is not None and managed.exit_status is not None
            return ended or ready()

        in_time = wait_until(settled, self.settings.start_timeout, self._given_up)
        if ended or not in_time:
            why = "ended while it started" if ended else f"was not ready after {self.settings.start_timeout:.0f} s"
            log = self.log(service)
            raise ServiceUnavailable(f"{service} {why}; see the end of {log}:\n{tail(log)}")
        self._report(service, "ready")

    def detach(self) -> None:
        """Let the servers outlive this process."""
        for service in list(self._managed):
            self._managed.pop(service).detach()

    def stop(self) -> None:
        """End the servers that this object started: Connect first, because it uses the others."""
        first = self._managed.pop("connect", None)
        if first:
            self._report("connect", "stopping")
            first.stop(self._stop_seconds)
        others = [self._managed.pop(service) for service in list(self._managed)]
        for managed in others:
            managed.process.signal(signal.SIGTERM)
        for managed in others:
            managed.stop(self._stop_seconds)

    @property
    def _stop_seconds(self) -> float:
        return 60.0 + _STOP_MARGIN_SECONDS

    def ended(self) -> list[Service]:
        """The services that do not run."""
        return [service for service in self._services if self.process(service) is None]

    def is_ready(self, service: Service) -> bool:
        """Whether the service answers in its own protocol that it is ready."""
        return self.process(service) is not None and probe(service, self.addresses)()

    def end_all(self) -> list[Service]:
        """End every server of this stack, whoever started it. Returns those that ran."""
        self.stop()
        running = {service: process for service in self._services if (process := self.process(service))}
        if connect := running.get("connect"):
            self._report("connect", "stopping")
            connect.end(self._stop_seconds)
        for service, process in running.items():
            self._report(service, "stopping")
            process.signal(signal.SIGTERM)
        for service, process in running.items():
            process.end(self._stop_seconds)
            self._report(service, "stopped")
        return list(running)

    def purge(self) -> None:
        """Remove the data of this stack. Its servers must have ended."""
        if self._root.exists():
            shutil.rmtree(self._root)

    def kill(self, service: Service) -> None:
        """Kill the service's processes at once (SIGKILL), and return when they are gone."""
        process = self._running(service)
        process.signal_servers(signal.SIGKILL)
        self._await_end(service, process)

    def restart(self, service: Service) -> None:
        """End the service if it runs, start it again, and return when it is ready."""
        if process := self.process(service):
            process.end(self._stop_seconds)
            self._await_end(service, process)
        self._managed.pop(service, None)
        self.start()

    def revive(self, service: Service) -> None:
        """Start one server of a stack that was started before, unless it runs, and return when it is ready.

        Does not touch the others, so that several can end and return at the same time."""
        assert self._installed is not None, "start the stack first"
        with self._locked():
            if self.process(service) is None:
                self._managed.pop(service, None)
                secrets = read_secrets(self._root)
                self._launch(
                    BUILDERS[service](self.settings, self._installed, secrets), find_identity(self.settings.run_as)
                )
        self._await_ready(service)

    def pause(self, service: Service) -> None:
        """Suspend the service's processes (SIGSTOP)."""
        self._running(service).signal_servers(signal.SIGSTOP)

    def resume(self, service: Service) -> None:
        """Resume suspended processes (SIGCONT)."""
        self._running(service).signal_servers(signal.SIGCONT)

    def _running(self, service: Service) -> Process:
        process = self.process(service)
        if process is None:
            raise ServiceUnavailable(f"{service} of stack {self.settings.stack} does not run. Start it first.")
        return process

    def _await_end(self, service: Service, process: Process) -> None:
        managed = self._managed.pop(service, None)
        if managed:
            managed.stop(self._stop_seconds)
        else:
            wait_until(lambda: not process.alive, self._stop_seconds)
