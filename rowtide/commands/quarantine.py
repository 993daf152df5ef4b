"""`rowtide quarantine`: the documents that could not be indexed as built."""

from datetime import UTC, datetime
from typing import Any

import typer

from cdc.log.lsn import Lsn, format_lsn
from connections.worker import WorkerClient, require_origin
from read_model.freshness import Freshness
from read_model.spec.file import load_spec
from rowtide.command import add_command, new_group
from rowtide.commands.options import (
    WORKER_URL,
    DocumentArgument,
    DocumentOption,
    IdArgument,
    IdOption,
    SpecOption,
    WaitOption,
    WorkerUrlOption,
)
from rowtide.console import FAILED, Output, OutputOption, print_json, print_note, print_table, print_text
from sync_worker.errors import WorkerError
from sync_worker.settings import WorkerSettings
from sync_worker.source.catalogue import read_origin
from sync_worker.store.position import LSN_BITS
from sync_worker.store.quarantine import KIND_TEXT, QuarantinedDocument
from sync_worker.verification.oracle import source_lsn
from sync_worker.verification.row_store_reader import RowStoreReader, store_path


def register(root: typer.Typer) -> None:
    """Add `quarantine` to the root of `rowtide`."""
    group = new_group(
        "List and retry documents that could not be indexed.",
        "rowtide quarantine list",
        "rowtide quarantine retry --document orders",
    )
    add_command(group, list_, "rowtide quarantine list", "rowtide quarantine list --document orders -o json")
    add_command(group, show, "rowtide quarantine show orders 1042")
    add_command(
        group, retry, "rowtide quarantine retry", "rowtide quarantine retry --document orders --id 1042 --wait 30"
    )
    root.add_typer(group, name="quarantine")


def list_(document: DocumentOption = None, spec: SpecOption = None, output: OutputOption = Output.TEXT) -> None:
    """List the documents in quarantine.

    Reads the row store, so run it on the worker's machine. The worker does not need to run.
    """
    quarantined = _read(WorkerSettings.read(spec=spec), document, None)
    if output is Output.JSON:
        print_json({"quarantine": [_as_json(entry) for entry in quarantined]})
        return
    rows = [
        (
            entry.document,
            entry.id,
            KIND_TEXT[entry.kind],
            ", ".join(entry.fields),
            *_cause_and_time(entry),
            entry.reason,
        )
        for entry in quarantined
    ]
    columns = ("DOCUMENT", "ID", "KIND", "FIELDS", "SINCE CHANGE", "WHEN", "REASON")
    print_table(columns, rows, "No document is in quarantine.")


def show(
    document: DocumentArgument, id_: IdArgument, spec: SpecOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Show a document in quarantine: the reason, and the change that caused it.

    Exit code 1 if the document is not in quarantine.
    """
    quarantined = _read(WorkerSettings.read(spec=spec), document, id_)
    if not quarantined:
        raise WorkerError(
            f"{document} {id_} is not in quarantine. Run `rowtide explain {document} {id_}` for its state."
        )
    entry = _as_json(quarantined[0])
    if output is Output.JSON:
        print_json(entry)
        return
    for name, value in entry.items():
        print_text(f"{name.replace('_', ' '):<8}  {', '.join(value) if isinstance(value, list) else value}")


def retry(
    document: DocumentOption = None,
    id_: IdOption = None,
    wait: WaitOption = 120,
    spec: SpecOption = None,
    worker_url: WorkerUrlOption = WORKER_URL,
    output: OutputOption = Output.TEXT,
) -> None:
    """Build and index the documents in quarantine again, and wait for the result.

    Exit code 0 if none of them is in quarantine any more.
    """
    settings = WorkerSettings.read(spec=spec)
    dsn = settings.postgres_dsn.get_secret_value()
    with WorkerClient(worker_url, print_note, settings.token) as worker:
        _require_own_worker(settings, worker_url, worker.wait_until_started(wait))
        retried = worker.retry(document, id_)
        if retried:
            # Retried documents count as changes just above the position of the log, which is at the source's end already
            # when nothing was written since.
            worker.wait_until_searchable(Lsn(source_lsn(dsn) + 1), wait)
    remaining = _read(settings, document, id_)
    if output is Output.JSON:
        print_json({"retried": retried, "quarantine": [_as_json(entry) for entry in remaining]})
    else:
        print_text(f"{retried} retried, {len(remaining)} still in quarantine.")
    if remaining:
        raise typer.Exit(FAILED)


def _require_own_worker(settings: WorkerSettings, worker_url: str, fresh: Freshness) -> None:
    """Raise WorkerMismatch or WorkerError when the row store that is read here is not the worker's."""
    dsn, pipeline = settings.postgres_dsn.get_secret_value(), load_spec(settings.spec).pipeline
    require_origin(worker_url, fresh, read_origin(dsn, pipeline))
    with RowStoreReader(store_path(settings)) as row_store:
        row_store.require_epoch(fresh.epoch)


def _read(settings: WorkerSettings, document: str | None, id_: str | None) -> list[QuarantinedDocument]:
    with RowStoreReader(store_path(settings)) as row_store:
        return row_store.quarantined(document, id_)


def _cause_and_time(entry: QuarantinedDocument) -> tuple[str, str]:
    time = datetime.fromtimestamp(entry.at_ms / 1000, UTC)
    return format_lsn(Lsn(entry.cause)), time.isoformat(timespec="seconds")


def _as_json(entry: QuarantinedDocument) -> dict[str, Any]:
    cause, time = _cause_and_time(entry)
    return {
        "document": entry.document,
        "id": entry.id,
        "what": KIND_TEXT[entry.kind],
        "reason": entry.reason,
        "fields": list(entry.fields),
        "cause": cause,
        "built_at": format_lsn(Lsn(entry.version & LSN_BITS)),
        "when": time,
    }
