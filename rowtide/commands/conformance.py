"""`rowtide conformance`: run case folders through the whole pipeline and compare every document after every step."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.table import Column
from rich.text import Text

from rowtide.command import add_command
from rowtide.conformance.loader import read_cases
from rowtide.conformance.result import CaseResult
from rowtide.conformance.run import Surroundings, run_cases
from rowtide.conformance.servers import running_servers
from rowtide.console import FAILED, Output, OutputOption, print_json, print_note, print_table, print_text
from rowtide.programs import interrupt_on_terminate

_COLOURS = {"equal": "green", "refused": "green", "differs": "red", "failed": "red"}


def register(root: typer.Typer) -> None:
    """Add `conformance` to the root of `rowtide`."""
    add_command(
        root,
        conformance,
        "rowtide conformance cases/semantics",
        "rowtide conformance cases --case composite-keys -o json",
    )


def conformance(
    folders: Annotated[list[Path], typer.Argument(help="Case folders, or folders of case folders.", metavar="FOLDER")],
    only: Annotated[
        list[str] | None, typer.Option("--case", metavar="NAME", help="Only this case. Repeatable.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run test cases and compare their documents with the database.

    Each case's SQL runs through the whole pipeline. Its documents are compared after every step. The cases run on the
    servers that ROWTIDE_POSTGRES_DSN, ROWTIDE_KAFKA_BOOTSTRAP_SERVERS, ROWTIDE_CONNECT_URL and
    ROWTIDE_ELASTICSEARCH_URL name, or else on a stack that is started for them and stopped afterwards. Everything
    that a run creates is deleted. Exit code 1 if any case does not have its expected result.
    """
    began = monotonic()
    report = _report(began)
    interrupt_on_terminate()
    cases = [case for case in read_cases(folders) if not only or case.name in only]
    logs = Path(tempfile.mkdtemp(prefix="rowtide-conformance-"))
    with running_servers(lambda part, state: report(f"{part}: {state}")) as servers:
        results = run_cases(cases, Surroundings(servers, logs, report))
    passed = all(result.verdict in ("equal", "refused") for result in results)
    if passed:
        shutil.rmtree(logs, ignore_errors=True)
    else:
        report(f"The programs' logs are in {logs}.")
    _print_results(results, monotonic() - began, output)
    if not passed:
        raise typer.Exit(FAILED)


def _report(began: float) -> Callable[[str], None]:
    return lambda text: print_note(f"{monotonic() - began:6.1f} s  {text}")


def _print_results(results: list[CaseResult], seconds: float, output: Output) -> None:
    if output is Output.JSON:
        print_json({"cases": [result.as_json for result in results], "seconds": round(seconds, 1)})
        return
    rows = [
        (
            result.case,
            Text(result.verdict, _COLOURS[result.verdict]),
            str(result.steps),
            str(result.compared),
            result.title,
        )
        for result in results
    ]
    numbers = [Column(name, justify="right") for name in ("STEPS", "COMPARED")]
    print_table(("CASE", "VERDICT", *numbers, "TITLE"), rows, "No case was run.")
    counts = Counter(result.verdict for result in results)
    print_text(", ".join(f"{number} {verdict}" for verdict, number in counts.items()) + f" in {seconds:.0f} s")
    for result in results:
        if result.failure:
            print_text(f"{result.case}: {result.failure}", "red")
        for deviation in result.deviations:
            print_text(f"{result.case}: {deviation}", "red")
