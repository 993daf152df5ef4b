"""`rowtide worker` and `rowtide verify`."""

import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from cdc.transaction import LogError
from read_model.errors import SpecError
from sync_worker import program
from sync_worker.assembly import index_access, read_spec
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError
from sync_worker.verify import Report, report_json


def register(app: typer.Typer) -> None:
    """Add the worker's commands to the CLI."""
    app.command("worker", help="Run the sync worker until it is told to stop.")(worker)
    app.command("verify", help="Compare every document with the database.")(verify)


def worker(
    new_store: Annotated[
        bool, typer.Option("--new-store", help="Forget the row store and wait for the next snapshot in the log.")
    ] = False,
) -> None:
    """Run the worker; settings come from the environment."""
    sys.exit(program.main(new_store))


def verify(
    worker_url: Annotated[
        str, typer.Option(envvar="ROWTIDE_WORKER_URL", help="The worker's endpoint.")
    ] = "http://127.0.0.1:9470",
    output: Annotated[str, typer.Option(help="table or json.")] = "table",
    wait: Annotated[float, typer.Option(help="Seconds to wait for the documents to be fresh, at most.")] = 120,
) -> None:
    """Exit code 0: all equal; 1: something differs; 2: wrong settings; 3: a service is not there."""
    try:
        reports = run_verify(worker_url, wait, quiet=output == "json")
    except (SettingsError, SpecError) as error:
        _fail(error, program.WRONG_USE)
    except ServiceMissing as error:
        _fail(error, program.NO_SERVICE)
    except (WorkerError, LogError) as error:
        _fail(error, program.FAILED)
    if output == "json":
        sys.stdout.write(report_json(reports) + "\n")
    else:
        _print(reports)
    sys.exit(1 if any(report.divergent or report.unsettled for report in reports) else 0)


def run_verify(worker_url: str, wait: float, quiet: bool) -> list[Report]:
    """Verify every document kind of the spec against the database that ROWTIDE_POSTGRES_DSN names."""
    from sync_worker.verification import verify_pipeline  # noqa: PLC0415 Keeps the CLI's start light.

    settings = program.load_settings()
    text = read_spec(settings.spec)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed} compared"))
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        return verify_pipeline(
            spec_text=text,
            spec_source=str(settings.spec),
            dsn=settings.postgres_dsn.get_secret_value(),
            access=index_access(settings),
            worker_url=worker_url,
            wait=wait,
            progress=lambda name: _task(bar, name),
        )


def _task(bar: Progress, name: str) -> Callable[[int], None]:
    task = bar.add_task(name, total=None)
    return lambda done: bar.update(task, completed=done)


def _print(reports: list[Report]) -> None:
    console = Console()
    for report in reports:
        verdict = "[green]equal[/]" if not report.divergent else f"[red]{len(report.divergent)} divergent[/]"
        unsettled = f", {report.unsettled} changed all the time" if report.unsettled else ""
        console.print(f"{report.document}: {report.compared} compared at {report.lsn}: {verdict}{unsettled}")
        for each in report.divergent[:20]:
            fields = ", ".join(difference.path for difference in each.differences)
            console.print(f"  {each.id}: {each.what}{': ' + fields if fields else ''}", markup=False)


def _fail(error: Exception, code: int) -> NoReturn:
    Console(stderr=True).print(f"rowtide: {error}", markup=False, soft_wrap=True)
    sys.exit(code)
