"""`rowtide demo`: the whole pipeline, live in the terminal, until Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, time
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from connections.wait import wait_until
from infra.native.ports import free_port, is_free, require_free
from infra.native.progress import Progress
from infra.native.stack import Stack
from infra.settings import PORTS, StackSettings, read_settings
from rowtide.commands.servers import faults_told, stop_on_terminate
from rowtide.demo.monitor import DemoWatch
from rowtide.demo.view import line, view
from rowtide.local_pipeline import SHIPPED_SPEC, Listens, Pipeline, database
from rowtide.programs import WRITER
from rowtide.single_run import alone

WORKER_PORT, SEARCH_PORT = 9470, 8080
_PORTS_AWAY = 10_000
_TURN_SECONDS = 0.01
_LINE_SECONDS = 2.0


@dataclass(frozen=True)
class Plan:
    """What was asked for. `seconds` is None for a demo that Ctrl-C ends."""

    rate: float
    orders: int
    seconds: float | None


def demo(
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Commands that the writer carries out a second.")] = 5,
    orders: Annotated[int, typer.Option(min=1, help="Orders that the first start begins with.")] = 2000,
    seconds: Annotated[float | None, typer.Option(min=1, help="Stop after so many seconds.")] = None,
    search_port: Annotated[
        int | None, typer.Option(envvar="ROWTIDE_API_PORT", help="Port of the search page.", show_default=False)
    ] = None,
    worker_port: Annotated[
        int | None, typer.Option(envvar="ROWTIDE_WORKER_PORT", help="Port of the worker.", show_default=False)
    ] = None,
) -> None:
    """Start everything, let orders come in, and show how they get into the search. Ctrl-C stops it; the data stays."""
    with faults_told():
        settings = _settings()
        console = Console()
        stop_on_terminate()
        with alone(settings.data_directory.with_suffix(".lock")):
            ports = Listens(_port("worker", worker_port, WORKER_PORT), _port("api", search_port, SEARCH_PORT))
            _run(console, settings, ports, Plan(rate, orders, seconds))


def _settings() -> StackSettings:
    """The demo's own data and ports, so that it stands beside other stacks. Ports that the environment sets count."""
    given = read_settings()
    away = {
        f"{name}_port": given.port(name) + _PORTS_AWAY for name in PORTS if f"{name}_port" not in given.model_fields_set
    }
    return read_settings(stack="demo", data=given.home / "stacks" / "demo", **away)


def _port(name: str, given: int | None, usual: int) -> int:
    if given is not None:
        require_free({name: given})
        return given
    return usual if is_free(usual) else free_port()


def _run(console: Console, settings: StackSettings, ports: Listens, plan: Plan) -> None:
    again = (settings.data_directory / "worker").exists()
    first = "The first start fetches the servers and fills the database; that takes a minute or more."
    console.print(f"Starting the demo. {'It goes on with its data.' if again else first}", soft_wrap=True)
    with Progress(console) as progress, _orderly(console) as stopping:
        stack = Stack(settings, progress.say)
        stopping.append(stack.stop)
        stack.start()
        pipeline = Pipeline(stack, SHIPPED_SPEC, ports, progress.say)
        stopping.append(pipeline.stop)
        pipeline.fill(plan.orders)
        pipeline.capture()
        worker = pipeline.start_worker()
        search = pipeline.start_search()
        load = ("load", "--rate", str(plan.rate), "--seed", str(int(time())), "--each")
        writer = pipeline.programs.start("writer-load", (*WRITER, *load), signal.SIGINT)
        progress.close()
        programs = (worker, search, writer)
        with database(pipeline.dsn) as connection, DemoWatch(stack, pipeline, connection, programs) as watch:
            _show(console, watch, plan.seconds)
    console.print(
        f"Everything has stopped. The data stays in {settings.data_directory}; the next demo goes on with it.",
        soft_wrap=True,
        highlight=False,
    )


@contextmanager
def _orderly(console: Console) -> Iterator[list[Callable[[], None]]]:
    """Collects what is to be stopped, and stops the last one first; further Ctrl-C do not disturb that."""
    stops: list[Callable[[], None]] = []
    try:
        yield stops
    except KeyboardInterrupt:
        pass
    finally:
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        console.print("Stopping everything; the servers write their data down first.")
        for stop in reversed(stops):
            stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(console: Console, watch: DemoWatch, seconds: float | None) -> None:
    limit = seconds if seconds is not None else float("inf")
    if not console.is_terminal:
        console.print(f"The search page: {watch.picture.url}", highlight=False, soft_wrap=True)
        _tell_lines(console, watch, limit)
        return
    with Live(
        get_renderable=lambda: view(watch.picture, console.height), console=console, refresh_per_second=4, screen=True
    ):
        wait_until(lambda: _turned(watch), limit, pause_seconds=_TURN_SECONDS)


def _turned(watch: DemoWatch) -> bool:
    watch.turn()
    return False


def _tell_lines(console: Console, watch: DemoWatch, limit: float) -> None:
    told = monotonic()

    def turn() -> bool:
        nonlocal told
        watch.turn()
        if monotonic() - told >= _LINE_SECONDS:
            told = monotonic()
            console.print(line(watch.picture), highlight=False, soft_wrap=True)
        return False

    wait_until(turn, limit, pause_seconds=_TURN_SECONDS)
