"""`rowtide verify`."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from connections.worker import WorkerClient
from rowtide.worker_console import (
    WORKER_URL,
    Bucket,
    Output,
    OutputOption,
    Pause,
    Timeout,
    Wait,
    WorkerUrl,
    exit_codes,
    progress_bars,
    tell_waiting,
)
from sync_worker import runner
from sync_worker.errors import SettingsError
from sync_worker.verification.oracle import Limits
from sync_worker.verification.report import Report, report_json
from sync_worker.verification.verification import Patience, Scope, parse_sample, parse_since, verification, verify_scope

SHOWN = 20
"""Documents that a table names."""

Documents = Annotated[list[str], typer.Option("--document", help="Only this kind of document; may be repeated.")]


def verify(  # noqa: PLR0913, PLR0917 Each is an option.
    document: Documents = [],  # noqa: B006 Typer reads the default and does not change it.
    sample: Annotated[
        str, typer.Option(help="Compare so many documents (1000) or a share (2%), picked at random.")
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            help="Compare what the worker built since a while (90m, 6h) or an LSN; not what it should have built or deleted."
        ),
    ] = "",
    seed: Annotated[int | None, typer.Option(help="Pick the same sample again.")] = None,
    bucket: Bucket = 2000,
    pause: Pause = 0,
    timeout: Timeout = 300,
    wait: Wait = 120,
    worker_url: WorkerUrl = WORKER_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Exit code 0: all equal; 1: something differs; 2: wrong settings; 3: a service is not there."""
    with exit_codes():
        scope = scope_of(tuple(document), sample, since, seed)
        settings = runner.load_settings()
        with (
            WorkerClient(worker_url, tell_waiting) as worker,
            verification(settings, worker, Limits(bucket, timeout), Patience(wait, pause)) as made,
            progress_bars(output) as bars,
        ):
            reports = verify_scope(settings, made, scope, bars)
    tell(reports, output)
    sys.exit(runner.OK if all(report.proven for report in reports) else runner.FAILED)


def scope_of(documents: tuple[str, ...], sample: str, since: str, seed: int | None) -> Scope:
    """The scope that the options ask for."""
    if sample and since:
        raise SettingsError("--sample and --since do not go together: give one of them")
    share, count = parse_sample(sample) if sample else (None, None)
    scope = Scope(documents, share, count, parse_since(since) if since else None)
    return scope if seed is None else Scope(documents, share, count, scope.since, seed)


def tell(reports: list[Report], output: Output) -> None:
    """Print the reports."""
    if output is Output.JSON:
        sys.stdout.write(report_json(reports) + "\n")
        return
    console = Console()
    for report in reports:
        which = "" if report.scope == "all" else f" ({report.scope})"
        console.print(f"{report.document}: {report.compared} compared at {report.lsn}{which}: {_verdict(report)}")
        for each in report.listed[:SHOWN]:
            fields = ", ".join(each.fields)
            console.print(f"  {each.id}: {each.what}{': ' + fields if fields else ''}", markup=False)
        if report.divergent > SHOWN:
            console.print(f"  … and {report.divergent - SHOWN} more; --output json names them")


def _verdict(report: Report) -> str:
    parts = [f"[red]{report.divergent} divergent[/]"] if report.divergent else []
    if report.unsettled:
        parts.append(f"[yellow]{report.unsettled} changed during every look[/]")
    if not parts:
        parts.append("[green]equal[/]")
    if report.left_out:
        parts.append(f"{report.left_out} with fields left out, and flagged so")
    return ", ".join(parts)
