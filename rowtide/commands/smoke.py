"""`rowtide smoke`: the whole pipeline, finite and unattended."""

from dataclasses import asdict
from time import monotonic
from typing import Annotated

import typer

from rowtide.command import add_command
from rowtide.console import FAILED, print_error, print_json, print_note
from rowtide.local_pipeline import Report
from rowtide.programs import interrupt_on_terminate
from rowtide.single_run import single_run
from rowtide.smoke import ORDERS, RATED_SECONDS, Size, run_new, smoke_settings


def register(root: typer.Typer) -> None:
    """Add `smoke` to the root of `rowtide`."""
    add_command(root, smoke, "rowtide smoke", "rowtide smoke --orders 500 --seconds 5")


def smoke(
    orders: Annotated[
        int, typer.Option("--orders", min=100, help="Orders before the snapshot; a quarter as many follow.")
    ] = ORDERS,
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, help="Duration of the steady load that measures latency.")
    ] = RATED_SECONDS,
) -> None:
    """Run a fixed workload through a new pipeline and verify every document.

    The last line of the output is JSON. Exit code 1 if a document differs from the database.
    """
    interrupt_on_terminate()
    began = monotonic()
    settings = smoke_settings()
    with single_run(settings.data_directory.with_suffix(".lock")):
        result = run_new(settings, Size(orders, seconds), _report(began), began)
    print_json(asdict(result))
    if result.divergent:
        print_error(f"{result.divergent} documents differ from the database.")
        raise typer.Exit(FAILED)


def _report(began: float) -> Report:
    """Print each new state of a part with the seconds since the start."""
    states: dict[str, str] = {}

    def report(part: str, state: str) -> None:
        if states.get(part) != state:
            states[part] = state
            print_note(f"{monotonic() - began:6.1f} s  {part}: {state}")

    return report
