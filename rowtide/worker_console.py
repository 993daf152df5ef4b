"""What the commands share: options, exit codes, a progress bar, output as a table or as JSON."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from cdc.log.transaction import LogError
from connections.worker import WorkerAccessError
from read_model.spec.errors import SpecError
from sync_worker import runner
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError


class Output(StrEnum):
    """How a command answers."""

    TABLE = "table"
    JSON = "json"


WorkerUrl = Annotated[str, typer.Option(envvar="ROWTIDE_WORKER_URL", help="The worker's endpoint.")]
OutputOption = Annotated[Output, typer.Option(help="A table to read, or JSON.")]
Wait = Annotated[
    float, typer.Option(help="Seconds to wait, at most, for the worker to start and the documents to be fresh.")
]
Bucket = Annotated[
    int, typer.Option(min=1, max=10_000, help="Documents read at a time: one short statement on the source.")
]
Pause = Annotated[float, typer.Option(min=0, help="Seconds of rest after each bucket, to spare the source.")]
Timeout = Annotated[int, typer.Option(min=1, help="Seconds that a statement on the source may take.")]

WORKER_URL = "http://127.0.0.1:9470"


@contextmanager
def exit_codes() -> Iterator[None]:
    """Errors go to stderr in one sentence, and become the exit code."""
    try:
        yield
    except (SettingsError, SpecError) as error:
        _end(error, runner.WRONG_USE)
    except ServiceMissing as error:
        _end(error, runner.NO_SERVICE)
    except WorkerAccessError as error:
        _end(error, error.exit_code)
    except (WorkerError, LogError) as error:
        _end(error, runner.FAILED)


def tell_waiting(text: str) -> None:
    """Say on stderr what is waited for."""
    sys.stderr.write(f"rowtide: {text}\n")


def _end(error: Exception, code: int) -> None:
    Console(stderr=True).print(f"rowtide: {error}", markup=False, soft_wrap=True)
    sys.exit(code)


@contextmanager
def progress_bars(output: Output) -> Iterator[Callable[[str, int | None], Callable[[int], None]]]:
    """Gives a function that adds a bar (its name, about how much there is) and answers with what moves it on."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} compared"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), disable=output is Output.JSON) as bar:

        def add(name: str, total: int | None) -> Callable[[int], None]:
            task = bar.add_task(name, total=total)
            return lambda done: bar.update(task, completed=done)

        yield add
