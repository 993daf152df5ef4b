"""`rowtide conformance`: run case folders through the whole pipeline and compare every document after every step."""

import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from rowtide.commands.servers import faults_told, stop_on_terminate
from rowtide.conformance.loader import read_cases
from rowtide.conformance.result import Result
from rowtide.conformance.run import run_cases
from rowtide.conformance.servers import running_servers

_COLOURS = {"equal": "green", "refused": "green", "differs": "red", "failed": "red"}


def register(app: typer.Typer) -> None:
    """Add `conformance` to the root of `rowtide`."""
    app.command()(conformance)


def conformance(
    folders: Annotated[list[Path], typer.Argument(help="Case folders, or folders of case folders.", metavar="FOLDER…")],
    output: Annotated[Literal["table", "json"], typer.Option("--output", "-o", help="table or json.")] = "table",
    only: Annotated[list[str] | None, typer.Option("--case", help="Run this case only; may be repeated.")] = None,
) -> None:
    """Run each case's SQL through the whole pipeline, and compare its documents with the database after every step.

    Uses the servers that ROWTIDE_POSTGRES_DSN, ROWTIDE_KAFKA_BOOTSTRAP_SERVERS, ROWTIDE_CONNECT_URL and
    ROWTIDE_ELASTICSEARCH_URL name; without these a stack is started, and ended again. Everything that a run makes is removed.
    """
    console = Console(stderr=True, highlight=False)
    began = monotonic()

    def tell(text: str) -> None:
        console.print(f"{monotonic() - began:6.1f} s  {text}", markup=False, soft_wrap=True)

    with faults_told():
        stop_on_terminate()
        cases = read_cases(folders)
        cases = [case for case in cases if not only or case.name in only]
        logs = Path(tempfile.mkdtemp(prefix="rowtide-conformance-"))
        with running_servers(lambda part, state: tell(f"{part}: {state}")) as servers:
            results = run_cases(cases, servers, logs, tell)
    good = all(result.verdict in ("equal", "refused") for result in results)
    if good:
        shutil.rmtree(logs, ignore_errors=True)
    else:
        tell(f"logs of the programs: {logs}")
    if output == "json":
        _print_json(results, monotonic() - began)
    else:
        _print_table(results, monotonic() - began)
    raise typer.Exit(0 if good else 1)


def _print_json(results: list[Result], seconds: float) -> None:
    found = {"cases": [result.as_json for result in results], "seconds": round(seconds, 1)}
    sys.stdout.write(json.dumps(found) + "\n")


def _print_table(results: list[Result], seconds: float) -> None:
    counted = Counter(result.verdict for result in results)
    summary = ", ".join(f"{number} {verdict}" for verdict, number in counted.items())
    table = Table(title=f"{summary}, {seconds:.0f} s", title_justify="left")
    for name in ("case", "verdict", "steps", "compared", "what it is about"):
        table.add_column(name, justify="right" if name in ("steps", "compared") else "left")
    for result in results:
        verdict = f"[{_COLOURS[result.verdict]}]{result.verdict}[/]"
        table.add_row(result.case, verdict, str(result.steps), str(result.compared), result.title)
    console = Console(highlight=False)
    console.print(table)
    for result in results:
        if result.failure:
            console.print(f"{result.case}: {result.failure}", style="red", markup=False, soft_wrap=True)
        for deviation in result.deviations:
            console.print(f"{result.case}: {deviation}", style="red", markup=False, soft_wrap=True)
