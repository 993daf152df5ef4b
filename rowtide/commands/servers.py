"""`rowtide up`, `down` and `status`: the servers of a stack on this machine."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column
from rich.text import Text

from connections.wait import wait_until
from connections.worker import WorkerClient
from connections.worker_token import WorkerStoreSettings
from infra.errors import ServiceUnavailable
from infra.native.preparation import has_secrets
from infra.native.processes import resident_bytes, tail
from infra.native.progress import Progress
from infra.native.stack import Stack
from infra.settings import SERVICES, Service, StackSettings, read_settings
from read_model.freshness import Freshness
from rowtide.command import add_command
from rowtide.commands.options import WORKER_URL, WorkerUrlOption
from rowtide.console import (
    JsonFlag,
    Output,
    OutputOption,
    console,
    print_json,
    print_note,
    print_table,
    print_text,
    with_json_flag,
)
from rowtide.programs import interrupt_on_terminate

StackOption = Annotated[
    str | None, typer.Option("--stack", metavar="NAME", help="Stack name; the default is ROWTIDE_STACK or `default`.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="FOLDER", help="Folder of the stack's data and logs; also ROWTIDE_DATA."),
]
_FOREVER = float("inf")


def register(root: typer.Typer) -> None:
    """Add `up`, `down` and `status` to the root of `rowtide`."""
    add_command(root, up, "rowtide up", "rowtide up --stack test --foreground")
    add_command(root, down, "rowtide down", "rowtide down --stack test --purge")
    add_command(root, status, "rowtide status", "rowtide status -o json", 'eval "$(rowtide status --env)"')


def _settings(stack: str | None, data: Path | None, **more: object) -> StackSettings:
    options = {"stack": stack, "data": data, **more}
    return read_settings(**{name: value for name, value in options.items() if value is not None})


def up(
    stack: StackOption = None,
    data: DataOption = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="dev|bench",
            autocompletion=lambda: ["dev", "bench"],
            help="dev starts quickly, bench runs fast; also ROWTIDE_PROFILE.",
        ),
    ] = None,
    foreground: Annotated[
        bool, typer.Option("--foreground/--no-foreground", help="Stay in the foreground; Ctrl-C stops the servers.")
    ] = False,
) -> None:
    """Start PostgreSQL, Kafka, Kafka Connect and Elasticsearch.

    The command returns when all servers are ready. The first start downloads them.
    """
    settings = _settings(stack, data, profile=profile)
    interrupt_on_terminate()
    with Progress(console()) as progress:
        servers = Stack(settings, progress.report)
        servers.start()
    _print_addresses(servers)
    if foreground:
        _stay(servers)
    else:
        servers.detach()


def _print_addresses(servers: Stack) -> None:
    addresses = servers.addresses
    print_text(
        f"\nStack {servers.settings.stack} is ready. Its data is in {servers.settings.data_directory}.\n"
        f"  PostgreSQL     127.0.0.1:{servers.settings.postgres_port}, user postgres\n"
        f"  Kafka          {addresses.kafka.servers}, user {addresses.kafka.username}\n"
        f"  Connect        {addresses.connect.url}, user {addresses.connect.username}\n"
        f"  Elasticsearch  {addresses.elasticsearch_url}, user {addresses.elasticsearch_username}\n"
        '\nTo set addresses and passwords in a shell: eval "$(rowtide status --env)"\n'
        "They are an administrator's; for the worker and the search API: rowtide credentials"
    )


def _stay(servers: Stack) -> None:
    print_text("Press Ctrl-C to stop the servers.")
    try:
        wait_until(lambda: bool(servers.ended()), _FOREVER)
        ended = servers.ended()[0]
        raise ServiceUnavailable(f"{ended} ended unexpectedly. The end of its log:\n{tail(servers.log(ended))}")
    except KeyboardInterrupt:
        print_text("Stopping the servers.")
    finally:
        servers.stop()


def down(
    stack: StackOption = None,
    data: DataOption = None,
    purge: Annotated[bool, typer.Option("--purge/--no-purge", help="Also delete the stack's data.")] = False,
) -> None:
    """Stop the servers of a stack.

    Their data remains, unless --purge is given.
    """
    settings = _settings(stack, data)
    servers = Stack(settings)
    with console().status("Stopping the servers"):
        stopped = servers.end_all()
    print_text(f"Stopped {', '.join(stopped)}." if stopped else _nothing_runs(settings))
    if purge:
        servers.purge()
        print_text(f"Deleted {settings.data_directory}.")


def _nothing_runs(settings: StackSettings) -> str:
    return (
        f"No server of stack {settings.stack} runs with its data in {settings.data_directory}. If it was started in"
        " another folder, run the command there, or set ROWTIDE_HOME to the `.rowtide` of that folder."
    )


def status(
    stack: StackOption = None,
    data: DataOption = None,
    output: OutputOption = Output.TEXT,
    json: JsonFlag = False,
    as_environment: Annotated[
        bool, typer.Option("--env", help="Print addresses and passwords as shell exports.")
    ] = False,
    worker_url: WorkerUrlOption = WORKER_URL,
) -> None:
    """Show the state of the servers and the worker.

    For each server: its state, process, port, memory and log. If a worker answers: how up to date the documents are.
    Exit code 3 unless all servers are ready.
    """
    output = with_json_flag(output, json)
    servers = Stack(_settings(stack, data))
    if as_environment:
        for name, value in servers.addresses.environment().items():
            typer.echo(f"export {name}={shlex.quote(value)}")
        return
    rows = [_row(servers, service) for service in SERVICES]
    if not has_secrets(servers.settings.data_directory):
        print_note(_nothing_runs(servers.settings))
    fresh = _freshness(worker_url)
    if output is Output.JSON:
        worker = asdict(fresh) if fresh else None
        print_json({"stack": servers.settings.stack, "services": rows, "worker": worker})
    else:
        _print_rows(servers.settings.stack, rows)
        print_text(worker_line(fresh) if fresh else f"No worker answers at {worker_url}.")
    if any(row["state"] != "ready" for row in rows):
        raise typer.Exit(ServiceUnavailable.exit_code)


def _freshness(worker_url: str) -> Freshness | None:
    worker = WorkerClient(worker_url, token=WorkerStoreSettings.read().token)
    try:
        return worker.freshness()
    finally:
        worker.close()


def worker_line(fresh: Freshness) -> str:
    """The worker's state in a line."""
    counts = [f"{fresh.pending} documents pending", f"{fresh.quarantined} in quarantine"]
    if fresh.left_out:
        counts.append(f"{fresh.left_out} with fields dropped")
    unindexed = [
        f" {field}: {count} documents have a value that does not fit its type in the spec and is not indexed."
        for field, count in fresh.unindexed.items()
    ]
    hint = " Run `rowtide quarantine list` for details." if fresh.quarantined or fresh.left_out else ""
    reason = f" {fresh.reason}" if fresh.reason else ""
    return f"Worker of {fresh.pipeline}: {fresh.state}, {', '.join(counts)}.{reason}{hint}{''.join(unindexed)}"


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


def _print_rows(stack: str, rows: list[dict[str, object]]) -> None:
    numbers = [Column(name, justify="right") for name in ("PID", "PORT", "MIB")]
    cells: list[tuple[str | Text, ...]] = [
        (
            str(row["service"]),
            Text(str(row["state"]), "green" if row["state"] == "ready" else "red"),
            *(str(row[name] or "") for name in ("pid", "port", "memory_mib")),
            str(row["log"]),
        )
        for row in rows
    ]
    columns: tuple[str | Column, ...] = ("SERVICE", "STATE", *numbers, Column("LOG", overflow="fold"))
    print_table(columns, cells, "", title=f"Stack {stack}")
