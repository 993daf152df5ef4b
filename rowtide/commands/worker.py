"""The worker's commands: `rowtide worker`, and those that prove and mend what it does."""

import sys
from typing import Annotated

import typer

from rowtide.commands import elasticsearch_key as key_command
from rowtide.commands import explain as explain_command
from rowtide.commands import quarantine as quarantine_command
from rowtide.commands import repair as repair_command
from rowtide.commands import verify as verify_command
from sync_worker import runner


def register(app: typer.Typer) -> None:
    """Add the worker's commands to the CLI."""
    app.command("worker", help="Run the sync worker until it is told to stop.")(worker)
    app.command("worker-key", help="Make the worker's key for Elasticsearch.")(key_command.worker_key)
    app.command("verify", help="Compare the documents with the database.")(verify_command.verify)
    app.command("explain", help="Tell where a document comes from, how far it has come, and what is wrong with it.")(
        explain_command.explain
    )
    app.command("repair", help="Read the rows of documents anew, send them again, and prove them.")(repair_command.mend)
    app.add_typer(quarantine_command.app, name="quarantine")


def worker(
    new_store: Annotated[
        bool, typer.Option("--new-store", help="Forget the row store and wait for the next snapshot in the log.")
    ] = False,
) -> None:
    """Run the worker; settings come from the environment."""
    sys.exit(runner.main(new_store))
