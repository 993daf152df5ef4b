"""How commands speak: tables for people, JSON for programs, a fault as one red message and its exit code."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cdc.connectors.plan import Create, Difference, Plan, Update
from cdc.errors import OperatorError

LONGEST = 240
"""Characters of a configuration's value that people are shown."""


class Output(StrEnum):
    """Form of a command's answer."""

    TEXT = "text"
    JSON = "json"


SpecOption = Annotated[Path | None, typer.Option("--spec", help="The spec's file. [env: ROWTIDE_SPEC]")]
PipelineOption = Annotated[str | None, typer.Option("--pipeline", help="A pipeline's name, instead of a spec.")]
TableOption = Annotated[
    list[str] | None, typer.Option("--table", help="With --pipeline: a table to capture, SCHEMA.TABLE. Repeat it.")
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="text for people, json for programs.")]
WaitOption = Annotated[float, typer.Option("--wait", help="Seconds to wait until it has happened; 0 does not wait.")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextmanager
def faults_told() -> Iterator[None]:
    """Turn a fault into a message on standard error and its exit code."""
    try:
        yield
    except OperatorError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from None


def tell_json(value: Any) -> None:
    """One JSON value on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def tell_table(heads: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """A table, or a sentence when there are no rows."""
    if not rows:
        out.print(empty)
        return
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)


def plan_as_json(name: str, plan: Plan) -> dict[str, Any]:
    """A plan for programs, secrets masked."""
    action = type(plan).__name__.lower()
    found = differences(plan)
    changes = {one.key: {"running": one.running, "desired": one.desired} for one in found}
    return {"connector": name, "action": action, "differences": changes}


def differences(plan: Plan) -> list[Difference]:
    """What a plan would change, secrets masked."""
    match plan:
        case Create(config):
            return [Difference(key, None, value).masked() for key, value in sorted(config.items())]
        case Update(found):
            return [one.masked() for one in found]
        case _:
            return []


def tell_plan(name: str, plan: Plan) -> None:
    """A plan for people: - what runs, + what is wanted."""
    words = {"Create": "does not exist yet", "Update": "runs with another configuration", "Unchanged": "is as wanted"}
    out.print(f"Connector {name} {words[type(plan).__name__]}.", markup=False)
    for one in differences(plan):
        if one.running is not None:
            out.print(f"- {one.key} = {shortened(one.running)}", style="red", markup=False, soft_wrap=True)
        if one.desired is not None:
            out.print(f"+ {one.key} = {shortened(one.desired)}", style="green", markup=False, soft_wrap=True)


def shortened(value: str) -> str:
    """A value that fits into some lines: of a long one its two ends, where lists and queries differ."""
    if len(value) <= LONGEST:
        return value
    half = LONGEST // 2
    return f"{value[:half]} … {value[-half:]} ({len(value)} characters; --output json shows all)"
