"""Runs the worker as a program: settings, signals, error reporting and exit codes."""

import os
import signal
import sys
import threading
from pathlib import Path

import structlog

from cdc.log.envelope import EnvelopeError
from cdc.log.heartbeat import HeartbeatError
from cdc.log.transaction import LogError
from connections.log_lines import configure_logging
from connections.private_files import set_private_umask
from connections.worker_token import WorkerSettingsError
from read_model.spec.errors import SpecError
from read_model.spec.file import load_spec
from sync_worker import composition
from sync_worker.elasticsearch.index_guard import IndexLost
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError, describe
from sync_worker.http import metrics
from sync_worker.http.endpoint import Commands, EndpointThread, endpoint
from sync_worker.http.request_guard import EndpointAccess, endpoint_access
from sync_worker.settings import WorkerSettings

OK, FAILED, WRONG_USE, NO_SERVICE = 0, 1, 2, 3


def load_settings(spec: Path | None = None) -> WorkerSettings:
    """Read the environment, or another spec. Raises SettingsError with every invalid setting, one on each line."""
    try:
        return WorkerSettings.read(spec=spec)
    except WorkerSettingsError as error:
        raise SettingsError(str(error)) from None


def main(new_store: bool = False, take_over: bool = False, spec: Path | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. Errors are printed to stderr."""
    set_private_umask()
    restarts = RestartLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: restarts.end())
    try:
        settings = load_settings(spec)
        configure_logging(settings, pipeline=load_spec(settings.spec).pipeline)
        while not restarts.ended:
            try:
                run(settings, restarts.begin(), new_store, take_over)
                break
            except IndexLost as error:
                structlog.get_logger().warning("restarting the worker", reason=describe(error))
                new_store = take_over = False
    except (SettingsError, SpecError) as error:
        return _fail(error, WRONG_USE)
    except ServiceMissing as error:
        return _fail(error, NO_SERVICE)
    except (WorkerError, LogError, EnvelopeError, HeartbeatError) as error:
        return _fail(error, FAILED)
    return OK


class RestartLoop:
    """Lets the worker restart within its process, until it is stopped: `end` stops this run, and allows no other
    one."""

    def __init__(self) -> None:
        self.ended = False
        self._stopping = threading.Event()

    def begin(self) -> threading.Event:
        """The event that stops the next run."""
        self._stopping = threading.Event()
        if self.ended:
            self._stopping.set()
        return self._stopping

    def end(self) -> None:
        """Stop this run and every later one."""
        self.ended = True
        self._stopping.set()


def run(settings: WorkerSettings, stopping: threading.Event, new_store: bool = False, take_over: bool = False) -> None:
    """Compose a worker, serve its endpoint, and run its loop until `stopping` is set."""
    log = structlog.get_logger()
    # SQLite sorts on the disk of the row store, which was sized for it, and not on that of /var/tmp.
    os.environ.setdefault("SQLITE_TMPDIR", str(settings.worker_store))
    with composition.compose(settings, stopping, new_store, take_over) as worker:
        ingest, delivery = worker.assembled.ingest, worker.assembled.delivery
        commands = Commands(delivery.request_refresh, delivery.request_retry, worker.repairs.submit, worker.remove)
        registry = metrics.registry(worker.feed, ingest, delivery)
        app = endpoint(worker.feed, commands, registry, _access(settings))
        server = EndpointThread(app, settings.worker_host, settings.worker_port, settings.connection_limits)
        server.start()
        log.info("worker started", port=settings.worker_port, process=os.getpid())
        try:
            worker.assembled.loop.run()
        finally:
            server.stop()
        log.info("worker stopped")


def _access(settings: WorkerSettings) -> EndpointAccess:
    """Raises SettingsError when the token cannot be created."""
    try:
        token = settings.create_token()
    except OSError as error:
        raise SettingsError(
            f"Cannot write the token of the worker's endpoint to {settings.token_file}: {error.strerror}. Set"
            " ROWTIDE_WORKER_TOKEN_FILE to a file that this user may write, or remove the file if it is empty."
        ) from error
    return endpoint_access(token, settings.worker_host, settings.worker_hosts or "", settings.worker_reads)


def _fail(error: Exception, code: int) -> int:
    if structlog.is_configured():  # Not before the settings are read.
        structlog.get_logger().error("worker ended", exit_code=code, reason=describe(error))
    sys.stderr.write(f"Error: {describe(error)}\n")  # The form of every command.
    return code
