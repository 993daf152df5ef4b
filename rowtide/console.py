"""How every command talks: results on standard output as text or JSON, errors and notes on standard error, exit codes.

Rooms below return values and raise errors; only this module turns an error into a message and an exit code.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from sync_worker.errors import describe

OK, FAILED = 0, 1

ProgressBars = Callable[[str, int | None], Callable[[int], None]]
"""Adds a bar (its name, the expected total) and returns the function that sets how much is done."""


class Output(StrEnum):
    """The form of a command's result."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


def console() -> Console:
    """Standard output, as it is now: its width and whether it is a terminal."""
    return Console(highlight=False)


@contextmanager
def reported_errors() -> Iterator[None]:
    """Print an error of ours to standard error, and end the command with the error's exit code.

    An error is ours when it has an integer `exit_code`. Any other exception is a bug and keeps its traceback.
    """
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if not isinstance(code, int):
            raise
        print_error(describe(error))
        raise typer.Exit(code) from None


def print_error(text: str) -> None:
    """Print an error to standard error."""
    _to_stderr("Error: ", "bold red", text)


def print_warning(text: str) -> None:
    """Print a warning to standard error."""
    _to_stderr("Warning: ", "bold yellow", text)


def warn_deprecated(old: str, new: str) -> None:
    """Warn that a spelling is accepted for the last release."""
    print_warning(f"`{old}` is deprecated and will be removed in the next release; use `{new}`.")


def print_note(text: str) -> None:
    """Print a remark to standard error, so that it does not mix with the result."""
    _to_stderr("", "", text)


def _to_stderr(prefix: str, style: str, text: str) -> None:
    Console(stderr=True, highlight=False).print(Text.assemble((prefix, style), text), soft_wrap=True)


def print_text(text: str, style: str | None = None) -> None:
    """Print a line of the result as it is, without markup and without line breaks at the terminal's width."""
    console().print(text, style=style, markup=False, soft_wrap=True)


def print_markup(text: str) -> None:
    """Print a line with rich's markup, without line breaks at the terminal's width."""
    console().print(text, soft_wrap=True)


def print_renderable(content: RenderableType) -> None:
    """Print something that rich lays out."""
    console().print(content)


def print_json(value: Any) -> None:
    """Print one JSON value on a line."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def print_yaml(value: Any) -> None:
    """Print a value as YAML."""
    from ruamel.yaml import YAML  # noqa: PLC0415 Only one command prints YAML.

    writer = YAML()
    writer.width = 10_000
    writer.dump(msgspec.to_builtins(value), sys.stdout)


def print_names(names: Sequence[str]) -> None:
    """Print a name a line, for scripts."""
    for name in names:
        typer.echo(name)


def print_table(
    columns: Sequence[str | Column], rows: Sequence[Sequence[str | Text]], empty: str, title: str | None = None
) -> None:
    """Print a table, or `empty` when there are no rows."""
    if not rows:
        print_text(empty)
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    print_renderable(table)


def format_time(ms: int | None) -> str:
    """Format milliseconds since 1970 as a UTC time in seconds; empty for None."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if ms else ""


@contextmanager
def progress_bars(output: Output) -> Iterator[ProgressBars]:
    """Progress bars on standard error; none of them shows when the result is for a program."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} compared"))
    with Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True), disable=output is not Output.TEXT
    ) as progress:

        def add(name: str, total: int | None) -> Callable[[int], None]:
            task = progress.add_task(name, total=total)
            return lambda done: progress.update(task, completed=done)

        yield add


def output_option(*forms: Output) -> Any:
    """The option `-o`, which accepts these forms; and, for one release, `table` for text."""
    names = [form.value for form in forms]

    def parse(text: str) -> Output:
        if text == "table" and Output.TEXT in forms:
            warn_deprecated("--output table", "text")
            return Output.TEXT
        if text not in names:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(names)}.")
        return Output(text)

    return typer.Option(
        "--output",
        "-o",
        parser=parse,
        metavar="|".join(names),
        autocompletion=lambda: names,
        help="Format of the result.",
    )


OutputOption = Annotated[Output, output_option(Output.TEXT, Output.JSON)]
NamedOutputOption = Annotated[Output, output_option(Output.TEXT, Output.JSON, Output.NAME)]
YamlOutputOption = Annotated[Output, output_option(Output.TEXT, Output.JSON, Output.YAML)]

JsonFlag = Annotated[bool, typer.Option("--json", hidden=True, help="Deprecated: use --output json.")]
"""The older spelling of `--output json`, accepted for one release."""


def with_json_flag(output: Output, json: bool) -> Output:
    """The requested output, `--json` included. Warns about that spelling."""
    if not json:
        return output
    warn_deprecated("--json", "--output json")
    return Output.JSON
