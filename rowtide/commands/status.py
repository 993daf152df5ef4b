"""`rowtide status`: the servers of a stack, and its worker."""

import shlex
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column
from rich.text import Text

from connections.worker import WorkerClient
from connections.worker_token import TokenSource, WorkerStoreSettings
from infra.errors import ServiceUnavailable
from infra.native.ports import LOOPBACK
from infra.native.preparation import has_secrets
from infra.native.processes import resident_bytes
from infra.native.stack import Stack
from infra.native.stack_ports import recorded_ports
from infra.settings import SERVICES, Service
from read_model.freshness import Freshness
from rowtide.command import add_command
from rowtide.commands.options import WORKER_URL, WorkerUrlOption
from rowtide.commands.servers import DataOption, StackOption, nothing_runs, stack_settings
from rowtide.console import (
    JsonFlag,
    Output,
    OutputOption,
    print_json,
    print_note,
    print_table,
    print_text,
    with_json_flag,
)
from rowtide.local_pipeline import WORKER, worker_folder


def register(root: typer.Typer) -> None:
    """Add `status` to the root of `rowtide`."""
    examples = ("rowtide status", "rowtide status --stack demo", "rowtide status -o json")
    add_command(root, status, *examples, 'eval "$(rowtide status --env)"')


def status(
    context: typer.Context,
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

    For each server: its state, process, port and memory; where their data and logs are; and, if a worker answers, how
    up to date the documents are. The demo's worker is found by --stack demo. Exit code 3 unless all servers are ready.
    """
    output = with_json_flag(output, json)
    servers = Stack(stack_settings(stack, data))
    if as_environment:
        _print_environment(servers)
        return
    rows = [_row(servers, service) for service in SERVICES]
    started = has_secrets(servers.settings.data_directory)
    if not started:
        print_note(nothing_runs(servers.settings))
    is_option = getattr(context.get_parameter_source("worker_url"), "name", "") == "COMMANDLINE"
    url, token = _worker(servers, worker_url, is_option)
    fresh = _freshness(url, token)
    if output is Output.JSON:
        print_json({"stack": servers.settings.stack, "services": rows, "worker": asdict(fresh) if fresh else None})
    else:
        if started:
            _print_rows(servers, rows)
        print_text(worker_line(fresh) if fresh else f"No worker answers at {url}.")
    if any(row["state"] != "ready" for row in rows):
        raise typer.Exit(ServiceUnavailable.exit_code)


def _print_environment(servers: Stack) -> None:
    if not has_secrets(servers.settings.data_directory):
        raise ServiceUnavailable(f"{nothing_runs(servers.settings)} `rowtide up` starts them.")
    for name, value in servers.addresses.environment().items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _worker(servers: Stack, url: str, is_option: bool) -> tuple[str, TokenSource]:
    """The URL and the token of the worker that runs with the stack, as the demo's does, unless an option names
    another one."""
    root = servers.settings.data_directory
    port = recorded_ports(root).get(WORKER)
    if is_option or port is None:
        return url, WorkerStoreSettings.read().token
    return f"http://{LOOPBACK}:{port}", WorkerStoreSettings.read(worker_store=worker_folder(root)).token


def _freshness(url: str, token: TokenSource) -> Freshness | None:
    worker = WorkerClient(url, token=token)
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


def _print_rows(servers: Stack, rows: list[dict[str, object]]) -> None:
    numbers = [Column(name, justify="right") for name in ("PID", "PORT", "MIB")]
    cells: list[tuple[str | Text, ...]] = [
        (
            str(row["service"]),
            Text(str(row["state"]), "green" if row["state"] == "ready" else "red"),
            *(str(row[name] or "") for name in ("pid", "port", "memory_mib")),
        )
        for row in rows
    ]
    columns: tuple[str | Column, ...] = ("SERVICE", "STATE", *numbers)
    print_table(columns, cells, "", title=f"Stack {servers.settings.stack}")
    print_text(f"Their data and logs are in {servers.settings.data_directory}.")
