"""`rowtide verify`: compare the indexed documents with the database."""

import sys
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
from rowtide.console import FAILED, Output, OutputOption, print_markup, print_text, progress_bars
from sync_worker.errors import SettingsError
from sync_worker.verification.oracle import Limits
from sync_worker.verification.report import Report, report_json
from sync_worker.verification.verification import Patience, Scope, parse_sample, parse_since, verify_scope

SHOWN = 20
"""Documents that text output names."""


def register(root: typer.Typer) -> None:
    """Add `verify` to the root of `rowtide`."""
    add_command(
        root,
        verify,
        "# Compare all documents",
        "rowtide verify",
        "# A random share, or what the worker built recently",
        "rowtide verify --document orders --sample 2%",
        "rowtide verify --since 6h -o json > report.json",
    )


def verify(  # noqa: PLR0913, PLR0917 Each is an option.
    document: DocumentsOption = [],  # noqa: B006 Typer reads the default and does not change it.
    sample: Annotated[
        str,
        typer.Option("--sample", metavar="SIZE", help="Compare a random sample: a number (1000) or a share (2%)."),
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Compare only what the worker built since a duration ago (90m, 6h) or since an LSN. This does not"
            " find documents it should have built or deleted.",
        ),
    ] = "",
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the sample, to draw the same one again.")] = None,
    bucket: BucketOption = 2000,
    pause: PauseOption = 0,
    timeout: TimeoutOption = 300,
    wait: WaitOption = 120,
    spec: SpecOption = None,
    worker_url: WorkerUrlOption = WORKER_URL,
    output: OutputOption = Output.TEXT,
) -> None:
    """Compare the indexed documents with the database.

    Exit code 0 if all are equal, 1 if any differs.
    """
    scope = scope_of(tuple(document), sample, since, seed)
    with (
        open_verification(spec, worker_url, Limits(bucket, timeout), Patience(wait, pause)) as (settings, opened),
        progress_bars(output) as bars,
    ):
        reports = verify_scope(settings, opened, scope, bars)
    print_reports(reports, output)
    if not all(report.proven for report in reports):
        raise typer.Exit(FAILED)


def scope_of(documents: tuple[str, ...], sample: str, since: str, seed: int | None) -> Scope:
    """The scope that the options describe."""
    if sample and since:
        raise SettingsError("--sample and --since cannot be combined. Give one of them.")
    share, count = parse_sample(sample) if sample else (None, None)
    scope = Scope(documents, share, count, parse_since(since) if since else None)
    return scope if seed is None else Scope(documents, share, count, scope.since, seed)


def print_reports(reports: list[Report], output: Output) -> None:
    """Print a report a document."""
    if output is Output.JSON:
        sys.stdout.write(report_json(reports) + "\n")
        return
    for report in reports:
        scope = "" if report.scope == "all" else f" ({report.scope})"
        print_markup(f"{report.document}: {report.compared} compared at {report.lsn}{scope}: {_verdict(report)}")
        for path, count in report.unindexed.items():
            print_text(
                f"  {path}: {count} documents have a value that does not fit its type in the spec and is not indexed"
            )
        for difference in report.listed[:SHOWN]:
            fields = ", ".join(difference.fields)
            print_text(f"  {difference.id}: {difference.what}{': ' + fields if fields else ''}")
        if report.divergent > SHOWN:
            print_text(f"  … and {report.divergent - SHOWN} more; --output json lists all")


def _verdict(report: Report) -> str:
    parts = [f"[red]{report.divergent} divergent[/]"] if report.divergent else []
    if report.unsettled:
        parts.append(f"[yellow]{report.unsettled} changed during every attempt[/]")
    if not parts:
        parts.append("[green]equal[/]")
    if report.left_out:
        parts.append(f"{report.left_out} with dropped fields, and flagged accordingly")
    return ", ".join(parts)
