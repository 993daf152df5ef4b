"""Runs the demo: starts everything, lets orders come in, shows them become searchable, and stops everything."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, time

from rich.console import Console
from rich.live import Live

from connections.wait import wait_until
from infra.native.progress import Progress
from infra.native.stack import Stack
from infra.settings import PORTS, SERVICES, StackSettings, read_settings
from rowtide.demo.monitor import DemoMonitor
from rowtide.demo.view import line, view
from rowtide.local_pipeline import SHIPPED_SPEC, LocalPipeline, PipelinePorts, database, worker_folder
from rowtide.programs import WRITER

PORT_OFFSET = 10_000
"""The demo's ports are those of other stacks and programs plus this."""
_TURN_SECONDS = 0.01
_LINE_SECONDS = 2.0


@dataclass(frozen=True)
class Plan:
    """What the demo does. `rate` is in changes per second; `seconds` is None for a demo that Ctrl-C ends."""

    rate: float
    orders: int
    seconds: float | None


def demo_settings() -> StackSettings:
    """The demo's own data and ports, so that it can run next to other stacks. Ports from the environment are kept."""
    settings = read_settings()
    ports = {
        f"{name}_port": settings.port(name) + PORT_OFFSET
        for name in PORTS
        if f"{name}_port" not in settings.model_fields_set
    }
    return read_settings(stack="demo", data=settings.home / "stacks" / "demo", **ports)


def run_demo(console: Console, settings: StackSettings, ports: PipelinePorts, plan: Plan) -> None:
    """Run the demo to its end, and stop everything that it started."""
    again = worker_folder(settings.data_directory).exists()
    first = "The first start downloads the servers and fills the database. This takes a minute or more."
    console.print(f"Starting the demo. {'It continues with its data.' if again else first}", soft_wrap=True)
    console.print(f"Its ports: {_list_ports(settings, ports)}.", soft_wrap=True, highlight=False)
    with Progress(console) as progress, _stopped_at_end(console) as stops:
        stack = Stack(settings, progress.report)
        stops.append(stack.stop)
        stack.start()
        pipeline = LocalPipeline(stack, SHIPPED_SPEC, ports, progress.report)
        stops.append(pipeline.stop)
        pipeline.fill(plan.orders)
        pipeline.capture()
        worker = pipeline.start_worker()
        search = pipeline.start_search()
        load = ("load", "--rate", str(plan.rate), "--mix", "long-day", "--seed", str(int(time())), "--each")
        writer = pipeline.programs.start("writer-load", (*WRITER, *load), signal.SIGINT)
        progress.close()
        programs = (worker, search, writer)
        with database(pipeline.dsn) as connection, DemoMonitor(stack, pipeline, connection, programs) as monitor:
            _show(console, monitor, plan.seconds)
    console.print(
        f"Everything has stopped. The data remains in {settings.data_directory}; the next demo continues with it.",
        soft_wrap=True,
        highlight=False,
    )


def _list_ports(settings: StackSettings, ports: PipelinePorts) -> str:
    servers = [f"{service} {settings.port(service)}" for service in SERVICES]
    return ", ".join([*servers, f"worker {ports.worker}", f"search page {ports.search}"])


@contextmanager
def _stopped_at_end(console: Console) -> Iterator[list[Callable[[], None]]]:
    """Collect what has to be stopped, and stop it at the end in reverse order. Further Ctrl-C are ignored then."""
    stops: list[Callable[[], None]] = []
    try:
        yield stops
    except KeyboardInterrupt:
        pass
    finally:
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        console.print("Stopping everything. The servers write their data to disk first.")
        for stop in reversed(stops):
            stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(console: Console, monitor: DemoMonitor, seconds: float | None) -> None:
    limit = seconds if seconds is not None else float("inf")
    if not console.is_terminal:
        console.print(f"Search page: {monitor.state.url}", highlight=False, soft_wrap=True)
        _print_lines(console, monitor, limit)
        return
    with Live(
        get_renderable=lambda: view(monitor.state, console.height), console=console, refresh_per_second=4, screen=True
    ):
        wait_until(lambda: _turn(monitor), limit, pause_seconds=_TURN_SECONDS)


def _turn(monitor: DemoMonitor) -> bool:
    monitor.turn()
    return False


def _print_lines(console: Console, monitor: DemoMonitor, limit: float) -> None:
    printed = monotonic()

    def turn() -> bool:
        nonlocal printed
        monitor.turn()
        if monotonic() - printed >= _LINE_SECONDS:
            printed = monotonic()
            console.print(line(monitor.state), highlight=False, soft_wrap=True)
        return False

    wait_until(turn, limit, pause_seconds=_TURN_SECONDS)
