"""`rowtide quarantine`: the documents that are not in the index as they should be."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cdc.log.lsn import Lsn, format_lsn
from connections.worker import WorkerClient
from rowtide.worker_console import WORKER_URL, Output, OutputOption, Wait, WorkerUrl, exit_codes, tell_waiting
from sync_worker import runner
from sync_worker.errors import WorkerError
from sync_worker.store.quarantine import QuarantinedDocument
from sync_worker.store.row_store import LSN_BITS
from sync_worker.verification.oracle import source_lsn
from sync_worker.verification.row_store_reader import RowStoreReader, store_path

app = typer.Typer(no_args_is_help=True, help="Documents that are not in the index as they should be.")

Document = Annotated[str | None, typer.Option("--document", help="Only this kind of document.")]
Id = Annotated[str | None, typer.Option("--id", help="Only the document with this id.")]


@app.command("list")
def list_(document: Document = None, output: OutputOption = Output.TABLE) -> None:
    """List them. Reads the row store, so it works where the worker runs, whether or not it runs now."""
    with exit_codes():
        found = _read(document, None)
    if output is Output.JSON:
        _json({"quarantine": [_as_json(each) for each in found]})
        return
    table = Table("document", "id", "what", "fields", "since change", "when", "reason")
    for each in found:
        table.add_row(each.document, each.id, each.kind, ", ".join(each.fields), *_when(each), each.reason)
    Console().print(table if found else "Nothing is set aside.")


@app.command("show")
def show(
    document: Annotated[str, typer.Argument(help="The kind of document, which is its index.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show one of them: why, and by which change. Exit code 1 when it is not there."""
    with exit_codes():
        found = _read(document, id_)
        if not found:
            raise WorkerError(f"{document} {id_} is not set aside; rowtide explain {document} {id_} says more")
    if output is Output.JSON:
        _json(_as_json(found[0]))
        return
    table = Table.grid(padding=(0, 2))
    for name, value in _as_json(found[0]).items():
        table.add_row(name.replace("_", " "), ", ".join(value) if isinstance(value, list) else str(value))
    Console().print(table)


@app.command("retry")
def retry(
    document: Document = None,
    id_: Id = None,
    wait: Wait = 120,
    worker_url: WorkerUrl = WORKER_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Have them built and sent once more, and wait for it. Exit code 0 when none of them is set aside any more."""
    with exit_codes():
        settings = runner.load_settings()
        with WorkerClient(worker_url, tell_waiting) as worker:
            worker.wait_until_started(wait)
            retried = worker.retry(document, id_)
            if retried:
                worker.wait_until_searchable(source_lsn(settings.postgres_dsn.get_secret_value()), wait)
        left = _read(document, id_)
    if output is Output.JSON:
        _json({"retried": retried, "quarantine": [_as_json(each) for each in left]})
    else:
        Console().print(f"{retried} tried again, {len(left)} still set aside.")
    sys.exit(runner.FAILED if left else runner.OK)


def _read(document: str | None, id_: str | None) -> list[QuarantinedDocument]:
    with RowStoreReader(store_path(runner.load_settings())) as kept:
        return kept.quarantined(document, id_)


def _when(each: QuarantinedDocument) -> tuple[str, str]:
    moment = datetime.fromtimestamp(each.at_ms / 1000, UTC)
    return format_lsn(Lsn(each.cause)), moment.isoformat(timespec="seconds")


def _as_json(each: QuarantinedDocument) -> dict[str, Any]:
    cause, when = _when(each)
    return {
        "document": each.document,
        "id": each.id,
        "what": each.kind,
        "reason": each.reason,
        "fields": list(each.fields),
        "cause": cause,
        "built_at": format_lsn(Lsn(each.version & LSN_BITS)),
        "when": when,
    }


def _json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
