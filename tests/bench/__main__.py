"""`python -m tests.bench`, which `make bench` runs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.errors import RunnerError
from infra.native.ports import free_ports
from infra.native.stack import Stack
from infra.settings import read_settings
from tests.bench.report import Results, as_json, read_rows, rows
from tests.bench.runner import Bench, Report, Size
from tests.support.paths import EXAMPLES

SPEC = EXAMPLES / "orders.yaml"


def bench(
    orders: Annotated[int, typer.Option(min=1000, help="Number of orders in the database.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds at a steady rate; the median is reported.")] = 3,
    reads: Annotated[bool, typer.Option("--reads", help="Only measure searches, over this number of orders.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the data and the logs of the run.")] = False,
) -> None:
    """Measure the whole pipeline on private servers. Prints a table; the last line is JSON."""
    console = Console(stderr=True, highlight=False)
    began = monotonic()

    def report_progress(text: str) -> None:
        console.print(f"{monotonic() - began:6.1f} s  {text}", soft_wrap=True)

    try:
        size = Size(orders=orders, rounds=rounds)
        with _running(keep, report_progress) as stack, Bench(stack, SPEC, size, report_progress) as bench:
            figures = bench.run_reads() if reads else bench.run()
    except RunnerError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from None
    if isinstance(figures, Results):
        _print(rows(figures), as_json(figures))
    else:
        _print(read_rows(figures), figures)


@contextmanager
def _running(keep: bool, report_progress: Report) -> Iterator[Stack]:
    """A private stack for the run."""
    home = read_settings().home.absolute()
    settings = read_settings(stack="bench", data=home / "stacks" / "bench", profile="bench", **free_ports())
    stack = Stack(settings, lambda part, state: report_progress(f"{part}: {state}") if state != "preparing" else None)
    stack.end_all()
    stack.purge()
    try:
        with stack:
            yield stack
    finally:
        if not keep:
            stack.purge()


def _print(table_rows: list[tuple[str, str, str]], figures: dict[str, object]) -> None:
    table = Table("measured", title="Rowtide, everything on this machine", title_justify="left")
    table.add_column("figure", justify="right")
    table.add_column("how")
    for row in table_rows:
        table.add_row(*row)
    Console(highlight=False).print(table)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    typer.run(bench)
