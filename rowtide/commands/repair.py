"""`rowtide repair`: re-read the rows of documents, index them again and verify them."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rowtide.command import add_command
from rowtide.commands.open_verification import open_verification
from rowtide.commands.options import (
    WORKER_URL,
    BucketOption,
    DocumentsOption,
    PauseOption,
    SpecOption,
    TimeoutOption,
    WaitOption,
    WorkerUrlOption,
)
from rowtide.commands.verify import SHOWN
from rowtide.console import (
    FAILED,
    Output,
    OutputOption,
    print_json,
    print_markup,
    print_text,
    progress_bars,
)
from sync_worker.errors import SettingsError
from sync_worker.verification.oracle import Limits
from sync_worker.verification.repair import RepairResult
from sync_worker.verification.repair_targets import RepairScope, repair_targets
from sync_worker.verification.verification import Patience


def register(root: typer.Typer) -> None:
    """Add `repair` to the root of `rowtide`."""
    add_command(
        root,
        repair,
        "# Verify all documents, and repair those that differ",
        "rowtide repair",
        "rowtide verify -o json | rowtide repair --from-verify -",
        "rowtide repair --document orders --id 1042 --id 1043",
        "rowtide repair --document orders --range 1000..2000",
    )


def repair(  # noqa: PLR0913, PLR0917 Each is an option.
    document: DocumentsOption = [],  # noqa: B006 Typer reads the default and does not change it.
    from_verify: Annotated[
        Path | None,
        typer.Option("--from-verify", metavar="FILE", help="Output of `rowtide verify -o json`; - for standard input."),
    ] = None,
    id_: Annotated[list[str], typer.Option("--id", metavar="ID", help="Document id. Repeatable.")] = [],  # noqa: B006
    range_: Annotated[
        str, typer.Option("--range", metavar="FIRST..LAST", help="Documents with keys in this range, inclusive.")
    ] = "",
    bucket: BucketOption = 2000,
    pause: PauseOption = 0,
    timeout: TimeoutOption = 300,
    wait: WaitOption = 120,
    spec: SpecOption = None,
    worker_url: WorkerUrlOption = WORKER_URL,
    output: OutputOption = Output.TEXT,
) -> None:
    """Re-read the rows of documents, index them again and verify them.

    Without --from-verify, --id or --range it verifies all documents and repairs those that differ. Exit code 0 if all
    repaired documents are proven equal to the database, 1 if any is not.
    """
    scope = RepairScope(document, None if from_verify is None else _read(from_verify), id_, range_)
    scope.check()
    with (
        open_verification(spec, worker_url, Limits(bucket, timeout), Patience(wait, pause)) as (settings, opened),
        progress_bars(output) as bars,
    ):
        results = repair_targets(settings, opened, scope, bars)
    print_repairs(results, output)
    if not all(result.proof.proven for result in results):
        raise typer.Exit(FAILED)


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise SettingsError(f"Cannot read {path}: {error.strerror}.") from error


def print_repairs(results: list[RepairResult], output: Output) -> None:
    """Print a result a document."""
    if output is Output.JSON:
        proven = all(result.proof.proven for result in results)
        print_json({"proven": proven, "documents": [result.as_json for result in results]})
        return
    if not results:
        print_text("There is nothing to repair.")
    for result in results:
        proof = result.proof
        verdict = "[green]proven equal[/]" if proof.proven else f"[red]{proof.divergent + proof.unsettled} not equal[/]"
        rows = f"{result.rows} rows read, {result.changed} of them differed from the row store"
        print_markup(f"{result.document}: {result.requested} documents, {rows}: {verdict}")
        for difference in proof.listed[:SHOWN]:
            print_text(f"  {difference.id}: {difference.what}")
