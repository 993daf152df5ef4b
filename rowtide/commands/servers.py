"""`rowtide up` and `down`: the servers of a stack on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from connections.settings import LOCAL_FOLDER
from connections.wait import wait_until
from connections.worker_token import WorkerStoreSettings
from infra.errors import ServiceUnavailable
from infra.native.processes import tail
from infra.native.progress import Progress
from infra.native.stack import Stack
from infra.native.stack_ports import recorded_ports, stacks_on
from infra.settings import PORTS, StackSettings, read_settings
from rowtide.command import add_command
from rowtide.console import console, print_note, print_text
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
    """Add `up` and `down` to the root of `rowtide`."""
    add_command(root, up, "rowtide up", "rowtide up --stack test --foreground")
    add_command(root, down, "rowtide down", "rowtide down --stack test --purge")


def stack_settings(stack: str | None, data: Path | None, **more: object) -> StackSettings:
    """The settings of a stack. Ports that no setting names are those of its last start."""
    options = {name: value for name, value in {"stack": stack, "data": data, **more}.items() if value is not None}
    settings = read_settings(**options)
    recorded = {f"{name}_port": port for name, port in recorded_ports(settings.data_directory).items() if name in PORTS}
    unset = {name: port for name, port in recorded.items() if name not in settings.model_fields_set}
    return read_settings(**options, **unset)


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
    settings = stack_settings(stack, data, profile=profile)
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
    settings = stack_settings(stack, data)
    servers = Stack(settings)
    with console().status("Stopping the servers"):
        stopped = servers.end_all()
    print_text(f"Stopped {', '.join(stopped)}." if stopped else nothing_runs(settings))
    if purge:
        servers.purge()
        print_text(f"Deleted {settings.data_directory}.")
        _print_row_stores()


def _print_row_stores() -> None:
    """Name the row stores: a worker does not start with one of servers that are gone."""
    if stores := sorted(WorkerStoreSettings.read().worker_store.glob("*.sqlite")):
        print_note(
            f"Kept: {', '.join(map(str, stores))}. Delete a row store, with its -wal and -shm files, if its worker read"
            " from these servers: it does not fit new ones."
        )


def nothing_runs(settings: StackSettings) -> str:
    """In which folder there are no running servers, and where there are some, if it can be found out."""
    text = f"No server of stack {settings.stack} runs with its data in {settings.data_directory}."
    elsewhere = stacks_on({name: settings.port(name) for name in PORTS})
    if not elsewhere:
        return f"{text} If it was started in another folder, run the command there."
    return " ".join(
        [text, *(f"The servers on its ports have their data in {_how_to_reach(root)}" for root in elsewhere)]
    )


def _how_to_reach(root: Path) -> str:
    option = f" with --stack {root.name}" if root.name != read_settings().stack else ""
    if root.parent.name == "stacks" and root.parents[1].name == LOCAL_FOLDER.name:
        return f"{root}: run the command in {root.parents[2]}{option}."
    return f"{root}: run the command with --data {root}."
