"""`python -m writer`: create the schema, fill it, put it under load, run one command, or serve the command API."""

import json
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from writer import workload
from writer.api import create_app
from writer.cli.options import database
from writer.cli.orders import orders, tags
from writer.cli.people_and_products import addresses, customers, products
from writer.commands import Command
from writer.errors import DatabaseUnavailableError, LoginRefusedError, WriterError
from writer.load import Limit, RunningLoad, commit_line
from writer.mix import MixError, parse_mix
from writer.settings import SettingsError


class PortTakenError(WriterError):
    """The API cannot listen on its address."""


FAILED, WRONG_USE, NOT_THERE = 1, 2, 3

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(orders, name="order")
app.add_typer(customers, name="customer")
app.add_typer(addresses, name="address")
app.add_typer(products, name="product")
app.add_typer(tags, name="tag")

_Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same data.")]


@app.command()
def init() -> None:
    """Create the application's tables in an empty database."""
    with database() as shop:
        shop.create_schema()
    typer.echo("The schema was created.")


@app.command()
def seed(
    orders: Annotated[int, typer.Option(min=0, help="Finished orders to add.")] = 1000,
    products: Annotated[int | None, typer.Option(min=1, max=3000, help="Products, if there are none yet.")] = None,
    customers: Annotated[int | None, typer.Option(min=1, help="Total number of customers.")] = None,
    seed: _Seed = 1,
    until: Annotated[
        datetime | None, typer.Option(help="Day of the last orders (UTC); now by default.", show_default=False)
    ] = None,
) -> None:
    """Add a catalogue, customers and finished orders quickly; create the schema if it is missing.

    The orders were placed in the year and a half before --until.
    """
    progress = Console(stderr=True)
    with database() as shop:
        if not shop.has_schema():
            shop.create_schema()
        with progress.status("Writing the catalogue …") as status:
            shop.seed(
                orders,
                seed,
                products=products,
                customers=customers,
                until=until.replace(tzinfo=UTC) if until else datetime.now(UTC),
                progress=lambda written: status.update(f"{written:,} of {orders:,} orders …"),
            )
    typer.echo(f"{orders} orders were added.")


@app.command()
def load(
    rate: Annotated[float | None, typer.Option(min=0.01, help="Commands per second; full speed by default.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after this many seconds.")] = None,
    orders: Annotated[int | None, typer.Option(min=1, help="Stop after this many new orders.")] = None,
    mix: Annotated[str, typer.Option(help="workday, long-day, fan-out, or weights: place=3,amend=1.")] = "workday",
    seed: _Seed = 1,
    each: Annotated[bool, typer.Option("--each", help="Also print a JSON line for each commit of an order.")] = False,
) -> None:
    """Place, amend, pay, ship and cancel orders at a steady rate; print the counts as JSON. Ctrl-C stops it."""
    weights = parse_mix(mix)
    with database() as shop:
        plan = workload.commands(seed, weights, shop.world())
        limit = Limit(seconds=seconds, orders=orders)
        running = RunningLoad(shop, plan, rate=rate, limit=limit, on_commit=_print_commit if each else None)
        try:
            counts = running.wait()
        except KeyboardInterrupt:
            counts = running.stop()
    typer.echo(
        json.dumps(
            {
                "committed": counts.committed,
                "refused": counts.refused,
                "orders": counts.orders,
                "seconds": round(counts.seconds, 2),
                "per_second": round(counts.per_second, 1),
                "by_command": dict(sorted(counts.by_command.items())),
            }
        )
    )


def _print_commit(command: Command, number: str, committed_at: datetime) -> None:
    typer.echo(commit_line(command, number, committed_at))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8100,
) -> None:
    """Serve the command API; its description is at /docs."""
    with database() as shop, _listening(host, port) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(shop), log_level="info"))
        typer.echo(f"The command API is at http://{host}:{port}, its description at /docs. Ctrl-C stops it.")
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise PortTakenError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another address with --host and --port."
        ) from error


def main() -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 wrong use or settings, 3 PostgreSQL does not answer."""
    try:
        app()
    except WriterError as error:
        typer.echo(str(error), err=True)
        sys.exit(_exit_code(error))


def _exit_code(error: WriterError) -> int:
    match error:
        case MixError() | SettingsError() | PortTakenError() | LoginRefusedError():
            return WRONG_USE
        case DatabaseUnavailableError():
            return NOT_THERE
        case _:
            return FAILED


if __name__ == "__main__":
    main()
