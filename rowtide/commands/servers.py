"""`rowtide up | down | status`: the servers of a stack, for people."""

import json
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from connections.wait import wait_until
from connections.worker import WorkerClient
from infra.errors import RunnerError, ServiceUnavailable
from infra.native.processes import resident_bytes, tail
from infra.native.progress import Progress
from infra.native.stack import Stack
from infra.settings import SERVICES, Service, StackSettings, read_settings
from read_model.freshness import Freshness

StackOption = Annotated[str | None, typer.Option("--stack", help="Name of the set of servers. [env: ROWTIDE_STACK]")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Directory of the stack's data and logs. [env: ROWTIDE_DATA]")
]
_FOREVER = float("inf")


def register(app: typer.Typer) -> None:
    """Add the commands of this room to the root of `rowtide`."""
    app.command()(up)
    app.command()(down)
    app.command()(status)


@contextmanager
def faults_told() -> Iterator[None]:
    """Turn a fault into a message on standard error and its exit code."""
    try:
        yield
    except RunnerError as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from None


def _settings(stack: str | None, data: Path | None, **more: object) -> StackSettings:
    given = {"stack": stack, "data": data, **more}
    return read_settings(**{name: value for name, value in given.items() if value is not None})


def up(
    stack: StackOption = None,
    data: DataOption = None,
    profile: Annotated[
        str | None, typer.Option(help="dev starts quickly, bench runs fast. [env: ROWTIDE_PROFILE]")
    ] = None,
    foreground: Annotated[bool, typer.Option(help="Stay, show what happens, and end the servers on Ctrl-C.")] = False,
) -> None:
    """Start PostgreSQL, Kafka, Kafka Connect and Elasticsearch, and return when all are ready."""
    with faults_told():
        settings = _settings(stack, data, profile=profile)
        stop_on_terminate()
        console = Console()
        with Progress(console) as progress:
            servers = Stack(settings, progress.say)
            servers.start()
        _tell_addresses(console, servers)
        if foreground:
            _stay(console, servers)
        else:
            servers.detach()


def stop_on_terminate() -> None:
    """Let SIGTERM end the program as Ctrl-C does, with everything it started."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _tell_addresses(console: Console, servers: Stack) -> None:
    addresses = servers.addresses
    console.print(
        f"\nStack [bold]{servers.settings.stack}[/bold] is ready, with its data in {servers.settings.data_directory}\n"
        f"  PostgreSQL     127.0.0.1:{servers.settings.postgres_port}, user postgres\n"
        f"  Kafka          {addresses.kafka_bootstrap_servers}\n"
        f"  Connect        {addresses.connect_url}\n"
        f"  Elasticsearch  {addresses.elasticsearch_url}, user {addresses.elasticsearch_username}\n"
        '\nAddresses and passwords for a shell: eval "$(rowtide status --env)"',
        highlight=False,
        soft_wrap=True,
    )


def _stay(console: Console, servers: Stack) -> None:
    console.print("Ctrl-C ends the servers.")
    try:
        wait_until(lambda: bool(servers.ended()), _FOREVER)
        ended = servers.ended()[0]
        raise ServiceUnavailable(f"{ended} ended by itself; see the end of its log:\n{tail(servers.log(ended))}")
    except KeyboardInterrupt:
        console.print("Ending the servers.")
    finally:
        servers.stop()


def down(
    stack: StackOption = None,
    data: DataOption = None,
    purge: Annotated[bool, typer.Option(help="Remove the stack's data, too.")] = False,
) -> None:
    """End the servers of a stack; their data stays unless --purge is given."""
    with faults_told():
        settings = _settings(stack, data)
        console = Console()
        servers = Stack(settings)
        with console.status("ending the servers"):
            ended = servers.end_all()
        console.print(f"Ended {', '.join(ended)}." if ended else f"Nothing of stack {settings.stack} was running.")
        if purge:
            servers.purge()
            console.print(f"Removed {settings.data_directory}.", soft_wrap=True)


def status(
    stack: StackOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_environment: Annotated[
        bool, typer.Option("--env", help="Print addresses and passwords as shell exports.")
    ] = False,
    worker_url: Annotated[
        str, typer.Option(envvar="ROWTIDE_WORKER_URL", help="The endpoint of a worker to ask.")
    ] = "http://127.0.0.1:9470",
) -> None:
    """Show each server: its state, process, port, memory and log; and what the worker says, if one answers, with the documents that
    it had to set aside. Exits with 3 unless all servers are ready."""
    with faults_told():
        servers = Stack(_settings(stack, data))
        if as_environment:
            for name, value in servers.addresses.environment().items():
                sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
            return
        rows = [_row(servers, service) for service in SERVICES]
        worker = _ask(worker_url)
        if as_json:
            told = {"stack": servers.settings.stack, "services": rows, "worker": asdict(worker) if worker else None}
            sys.stdout.write(json.dumps(told) + "\n")
        else:
            Console().print(_table(servers.settings.stack, rows))
            said = worker_line(worker) if worker else f"No worker answers at {worker_url}."
            Console().print(said, markup=False, soft_wrap=True)
        if any(row["state"] != "ready" for row in rows):
            raise typer.Exit(ServiceUnavailable.exit_code)


def _ask(worker_url: str) -> Freshness | None:
    worker = WorkerClient(worker_url)
    try:
        return worker.freshness()
    finally:
        worker.close()


def worker_line(fresh: Freshness) -> str:
    """What the worker says, in a sentence or two."""
    counted = [f"{fresh.pending} documents pending", f"{fresh.quarantined} in quarantine"]
    if fresh.left_out:
        counted.append(f"{fresh.left_out} without a field that Elasticsearch refused")
    set_aside = " Which, and why: rowtide quarantine list." if fresh.quarantined or fresh.left_out else ""
    reason = f" ({fresh.reason})" if fresh.reason else ""
    return f"Worker of {fresh.pipeline}: {fresh.state}{reason}, {', '.join(counted)}.{set_aside}"


def _row(servers: Stack, service: Service) -> dict[str, object]:
    process = servers.process(service)
    return {
        "service": service,
        "state": _state(servers, service),
        "pid": process.pid if process else None,
        "port": servers.settings.port(service),
        "memory_mib": resident_bytes(process) >> 20 if process else 0,
        "log": str(servers.log(service)),
    }


def _state(servers: Stack, service: Service) -> str:
    if servers.process(service) is None:
        return "stopped"
    return "ready" if servers.is_ready(service) else "not ready"


def _table(stack: str, rows: list[dict[str, object]]) -> Table:
    table = Table(title=f"Stack {stack}", title_justify="left")
    for name, side in (("service", "left"), ("state", "left"), ("pid", "right"), ("port", "right")):
        table.add_column(name, justify="left" if side == "left" else "right")
    table.add_column("MiB", justify="right")
    table.add_column("log", overflow="fold")
    for row in rows:
        colour = "green" if row["state"] == "ready" else "red"
        table.add_row(
            str(row["service"]),
            f"[{colour}]{row['state']}[/{colour}]",
            *(str(row[name] or "") for name in ("pid", "port", "memory_mib")),
            str(row["log"]),
        )
    return table
