"""`rowtide worker`: run the sync worker."""

from typing import Annotated

import typer

from rowtide.command import add_command
from rowtide.commands.options import SpecOption
from sync_worker import runner


def register(root: typer.Typer) -> None:
    """Add `worker` to the root of `rowtide`."""
    add_command(
        root,
        worker,
        "rowtide worker --spec shop.yaml",
        "# After `rowtide resnapshot`: rebuild the row store from the new snapshot",
        "rowtide worker --new-store",
    )


def worker(
    spec: SpecOption = None,
    new_store: Annotated[
        bool, typer.Option("--new-store", help="Delete the row store and rebuild it from the next snapshot in the log.")
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Replace documents of another pipeline or database that have the same names, and delete their old"
            " indexes.",
        ),
    ] = False,
) -> None:
    """Run the sync worker until it is stopped.

    Other settings are environment variables. SIGTERM or Ctrl-C stops it.
    """
    raise typer.Exit(runner.main(new_store, take_over, spec))
