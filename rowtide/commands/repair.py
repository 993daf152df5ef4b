"""`rowtide repair`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from cdc.log.lsn import Lsn
from connections.worker import WorkerClient
from rowtide.commands.verify import SHOWN, Documents
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
from sync_worker.settings import WorkerSettings
from sync_worker.verification.oracle import Limits
from sync_worker.verification.repair import RepairResult, ids_in_reports, ids_in_verify_json, repair
from sync_worker.verification.verification import Patience, Scope, Verification, chosen, verification, verify_scope

Bars = Callable[[str, int | None], Callable[[int], None]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be repaired: what `verify` found, or ids, or a range of keys; with nothing, what a verification finds now."""

    documents: Sequence[str]
    from_verify: Path | None
    ids: Sequence[str]
    range: str

    def check(self) -> None:
        """SettingsError when the options do not go together."""
        if sum(map(bool, (self.from_verify, self.ids, self.range))) > 1:
            raise SettingsError("--from-verify, --id and --range do not go together: give one of them")
        if (self.ids or self.range) and len(self.documents) != 1:
            raise SettingsError("--id and --range need to know of which kind of document: give one --document")


def mend(  # noqa: PLR0913, PLR0917 Each is an option.
    document: Documents = [],  # noqa: B006 Typer reads the default and does not change it.
    from_verify: Annotated[
        Path | None, typer.Option(help="What rowtide verify --output json wrote; - for stdin.")
    ] = None,
    id_: Annotated[list[str], typer.Option("--id", help="The document with this id; may be repeated.")] = [],  # noqa: B006
    range_: Annotated[str, typer.Option("--range", help="Documents with keys FIRST..LAST, both included.")] = "",
    bucket: Bucket = 2000,
    pause: Pause = 0,
    timeout: Timeout = 300,
    wait: Wait = 120,
    worker_url: WorkerUrl = WORKER_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Exit code 0: all of them are proven equal now; 1: one is not; 2: wrong use or settings; 3: a service is not there."""
    with exit_codes():
        wanted = Wanted(document, from_verify, id_, range_)
        wanted.check()
        settings = runner.load_settings()
        with (
            WorkerClient(worker_url, tell_waiting) as worker,
            verification(settings, worker, Limits(bucket, timeout), Patience(wait, pause)) as made,
            progress_bars(output) as bars,
        ):
            found = targets(settings, made, wanted, bars)
            made.worker.wait_until_started(wait)
            results = [_repair(made, worker, name, ids, bars) for name, ids in found.items() if ids]
    tell(results, output)
    sys.exit(runner.OK if all(result.proof.proven for result in results) else runner.FAILED)


def targets(settings: WorkerSettings, made: Verification, wanted: Wanted, bars: Bars) -> Mapping[str, list[str]]:
    """Ids by kind of document."""
    documents = chosen(made.plan, wanted.documents)
    if wanted.from_verify is not None:
        known = [document.name for document in made.plan.documents]
        named = ids_in_verify_json(_read(wanted.from_verify), known)
        return {document.name: named.get(document.name, []) for document in documents}
    if wanted.ids:
        return {documents[0].name: list(wanted.ids)}
    if wanted.range:
        first, dots, last = wanted.range.partition("..")
        if not (first and dots and last):
            raise SettingsError(f"--range {wanted.range}: the form is FIRST..LAST")
        return {documents[0].name: made.oracle.range(documents[0], first, last)}
    return ids_in_reports(verify_scope(settings, made, Scope(tuple(wanted.documents)), bars))


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error


def _repair(made: Verification, worker: WorkerClient, name: str, ids: list[str], bars: Bars) -> RepairResult:
    (document,) = chosen(made.plan, [name])

    def wait(lsn: Lsn) -> None:
        made.worker.wait_until_searchable(lsn, made.patience.wait)

    verifier = made.verifier(bars(f"{name}, repaired", len(ids)))
    return repair(document, ids, made.oracle, worker, wait, verifier)


def tell(results: list[RepairResult], output: Output) -> None:
    """Print the results."""
    if output is Output.JSON:
        answer = {"proven": all(each.proof.proven for each in results), "documents": [each.as_json for each in results]}
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        return
    console = Console()
    if not results:
        console.print("There is nothing to repair.")
    for each in results:
        proof = each.proof
        verdict = "[green]proven equal[/]" if proof.proven else f"[red]{proof.divergent + proof.unsettled} not equal[/]"
        rows = f"{each.rows} rows read, {each.changed} of them differed from the row store"
        console.print(f"{each.document}: {each.requested} documents, {rows}: {verdict}")
        for left in proof.listed[:SHOWN]:
            console.print(f"  {left.id}: {left.what}", markup=False)
