"""`rowtide bench`."""

import json
import sys
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.bench.figures import Results, as_json, rows
from infra.bench.steps import Bench, Say, Size
from infra.errors import RunnerError
from infra.ports import free_ports
from infra.settings import read_settings
from infra.stack import Stack

SPEC = Path(__file__).parents[2] / "examples" / "orders.yaml"


def register(app: typer.Typer) -> None:
    """Add `bench` to the root of `rowtide`."""
    app.command()(bench)


def bench(
    orders: Annotated[int, typer.Option(min=1000, help="Orders in the database.")] = 40_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the steady rate; the median counts.")] = 3,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the data and the logs of the run.")] = False,
) -> None:
    """Measure the whole pipeline with real servers of its own; prints a table and, as the last line, JSON."""
    console = Console(stderr=True, highlight=False)
    began = monotonic()

    def say(text: str) -> None:
        console.print(f"{monotonic() - began:6.1f} s  {text}", soft_wrap=True)

    try:
        results = _measure(Size(orders=orders, rounds=rounds), keep, say)
    except RunnerError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from None
    _print(results)


def _measure(size: Size, keep: bool, say: Say) -> Results:
    home = read_settings().home.absolute()
    settings = read_settings(stack="bench", data=home / "stacks" / "bench", profile="bench", **free_ports())
    stack = Stack(settings, lambda part, state: say(f"{part}: {state}") if state != "preparing" else None)
    stack.end_all()
    stack.purge()
    try:
        with stack, Bench(stack, SPEC, size, say) as made:
            return made.run()
    finally:
        if not keep:
            stack.purge()


def _print(results: Results) -> None:
    table = Table("measured", title="Rowtide, everything on this machine", title_justify="left")
    table.add_column("figure", justify="right")
    table.add_column("how")
    for row in rows(results):
        table.add_row(*row)
    Console(highlight=False).print(table)
    sys.stdout.write(json.dumps(as_json(results)) + "\n")
