"""`rowtide demo`: the whole pipeline, live in the terminal, until Ctrl-C."""

from typing import Annotated

import typer

from infra.native.ports import free_port, is_free, require_free
from rowtide.command import add_command
from rowtide.console import console
from rowtide.demo.run import PORT_OFFSET, Plan, demo_settings, run_demo
from rowtide.local_pipeline import PipelinePorts
from rowtide.programs import interrupt_on_terminate
from rowtide.single_run import single_run

WORKER_PORT, SEARCH_PORT = 9470 + PORT_OFFSET, 8080 + PORT_OFFSET


def register(root: typer.Typer) -> None:
    """Add `demo` to the root of `rowtide`."""
    add_command(root, demo, "rowtide demo", "rowtide demo --rate 50 --orders 10000", "rowtide demo --seconds 60")


def demo(
    rate: Annotated[float, typer.Option("--rate", min=0.1, max=1000, help="Changes per second.")] = 5,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders in the database at the first start.")] = 2000,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help="Stop after this time. Without it, run until Ctrl-C.")
    ] = None,
    search_port: Annotated[
        int | None,
        typer.Option(
            "--search-port", envvar="ROWTIDE_API_PORT", help="Port of the search page.", show_default=str(SEARCH_PORT)
        ),
    ] = None,
    worker_port: Annotated[
        int | None,
        typer.Option(
            "--worker-port", envvar="ROWTIDE_WORKER_PORT", help="Port of the worker.", show_default=str(WORKER_PORT)
        ),
    ] = None,
) -> None:
    """Run the whole pipeline live, with an order application as its source.

    Shows how each change becomes searchable. Ctrl-C stops everything; the data remains for the next start. The demo
    has its own ports, 10,000 above the usual ones, so that it can run next to `rowtide up`.
    """
    settings = demo_settings()
    interrupt_on_terminate()
    with single_run(settings.data_directory.with_suffix(".lock")):
        ports = PipelinePorts(_port("worker", worker_port, WORKER_PORT), _port("api", search_port, SEARCH_PORT))
        run_demo(console(), settings, ports, Plan(rate, orders, seconds))


def _port(name: str, port: int | None, default: int) -> int:
    if port is not None:
        require_free({name: port})
        return port
    return default if is_free(default) else free_port()
