"""`python -m tests.chaos`, which `make chaos` runs."""

import json
import sys
from random import randrange
from time import monotonic
from typing import Annotated, Any

import typer

from infra.errors import RunnerError
from infra.native.ports import free_ports
from infra.native.stack import Stack
from infra.settings import StackSettings, read_settings
from rowtide.console import reported_errors
from rowtide.programs import interrupt_on_terminate
from rowtide.single_run import single_run
from tests.chaos.capture import CaptureStudy
from tests.chaos.run import Chaos, Scenario

ZERO = ("divergent", "resurrected", "half_transactions_seen", "freshness_ahead")
"""What must be 0 in the result."""


def chaos(
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of everything random: the same seed plans the same run. Default: a new one."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long to inject faults, in minutes.")] = 10.0,
    alone: Annotated[
        bool, typer.Option("--alone", help="Without a second pipeline on the database, for a short run.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the data and the logs of the run.")] = False,
    only_capture: Annotated[
        bool,
        typer.Option("--only-capture", help="Only kill Connect, and count the events that its log loses or repeats."),
    ] = False,
) -> None:
    """Run random writes and faults against a private pipeline, then verify every document. The last line is JSON."""
    scenario = Scenario(seed=randrange(1, 10**6) if seed is None else seed, seconds=60 * minutes, alone=alone)
    with reported_errors():
        interrupt_on_terminate()
        home = read_settings().home.absolute()
        name = f"{'capture' if only_capture else 'chaos'}-{scenario.seed}"
        settings = read_settings(stack=name, data=home / "stacks" / name, **free_ports())
        with single_run(settings.data_directory.with_suffix(".lock")):
            result = _run(settings, scenario, keep, CaptureStudy if only_capture else Chaos)
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
        if not _good(result):
            raise RunnerError(
                f"The run with seed {scenario.seed} failed; its logs are in {settings.data_directory / 'logs'}."
            )


def _run(settings: StackSettings, scenario: Scenario, keep: bool, what: type[Chaos | CaptureStudy]) -> dict[str, Any]:
    began = monotonic()

    def report_progress(text: str) -> None:
        sys.stderr.write(f"{monotonic() - began:7.1f} s  {text}\n")

    report_progress(f"seed {scenario.seed}, {scenario.seconds / 60:g} minutes of faults")
    stack = Stack(settings)
    stack.end_all()
    stack.purge()
    try:
        with stack:
            result = what(stack, scenario, report_progress).run()
    except BaseException:
        report_progress(f"The run did not finish. Its logs are in {settings.data_directory / 'logs'}")
        raise
    if _good(result) and not keep:
        stack.purge()
    return result


def _good(result: dict[str, Any]) -> bool:
    if "raw" in result:
        return not result["fault"] and not any(result["raw"][name] for name in ("lost", "foreign")) and _once(result)
    return not result["wrong"] and not any(result[name] for name in ZERO)


def _once(result: dict[str, Any]) -> bool:
    return not any(result["by_the_rules"][name] for name in ("lost", "repeated", "foreign"))


if __name__ == "__main__":
    typer.run(chaos)
