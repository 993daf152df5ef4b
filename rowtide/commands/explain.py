"""`rowtide explain`."""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdc.log.lsn import Lsn, format_lsn
from connections.worker import WorkerAccessError, WorkerClient, WorkerUnavailable
from read_model.elasticsearch.index_body import flattened_paths
from read_model.plan.model import DocumentPlan
from read_model.sqlite.fan_out import source_tables
from rowtide.worker_console import WORKER_URL, Output, OutputOption, Wait, WorkerUrl, exit_codes, tell_waiting
from sync_worker import runner
from sync_worker.errors import WorkerError
from sync_worker.settings import WorkerSettings
from sync_worker.store.row_store import LSN_BITS
from sync_worker.verification.explain import Explanation, RowStoreSide, Verdict, read_parts
from sync_worker.verification.log_search import LogTransaction, transactions_before
from sync_worker.verification.log_time import commit_lsn
from sync_worker.verification.oracle import Limits
from sync_worker.verification.row_store_reader import RowStoreReader, store_path
from sync_worker.verification.verification import Patience, Verification, chosen, verification


def explain(
    document: Annotated[str, typer.Argument(help="The kind of document, which is its index.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    values: Annotated[bool, typer.Option("--values", help="Show what either side holds where they differ.")] = False,
    wait: Wait = 10,
    worker_url: WorkerUrl = WORKER_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Exit code 0: it is what the database says; 1: it is not, or not yet, or nobody has it; 2: wrong use; 3: a service is not there."""
    with exit_codes():
        settings = runner.load_settings()
        with (
            WorkerClient(worker_url, tell_waiting) as worker,
            verification(settings, worker, Limits(), Patience(wait)) as made,
        ):
            (plan,) = chosen(made.plan, [document])
            found = gather(settings, made, plan, id_)
    if output is Output.JSON:
        sys.stdout.write(msgspec.json.encode(found.as_json(values)).decode() + "\n")
    else:
        tell(Console(), found, values)
    sys.exit(runner.OK if found.verdict is Verdict.EQUAL else runner.FAILED)


def gather(settings: WorkerSettings, made: Verification, plan: DocumentPlan, id_: str) -> Explanation:
    """Ask everybody who knows of the document. The row store and the worker may be absent."""
    lsn, truth = made.oracle.documents(plan, [id_])
    # What is on its way arrives while we wait; what does not arrive is told.
    with suppress(WorkerAccessError):
        made.worker.require_freshness()  # A worker that is not there is not waited for.
        made.worker.wait_until_searchable(lsn, made.patience.wait)
    found = Explanation(plan.name, id_, None, truth.get(id_), lsn, parts=read_parts(made.oracle.parts(plan, id_)))
    found.json_paths = flattened_paths(plan)
    with suppress(WorkerUnavailable):
        found.freshness = made.worker.require_freshness()
    found.held = next(made.index.find(plan.name, [id_]), None)
    with suppress(WorkerError), RowStoreReader(store_path(settings)) as kept:
        _ask_row_store(kept, plan, found)
        _ask_log(settings, made.plan.pipeline, plan, found, kept.position.snapshot)
    last = found.last
    if found.written is None and last is not None and last.committed_ms is not None:
        with suppress(WorkerError):
            found.commit_lsn = commit_lsn(settings.kafka, made.plan.pipeline, last.xid, last.committed_ms / 1000)
    return found


def _ask_row_store(kept: RowStoreReader, plan: DocumentPlan, found: Explanation) -> None:
    aside = kept.quarantined(plan.name, found.id)
    found.row_store = RowStoreSide(
        kept.position.watermark,
        kept.build(plan, found.id),
        kept.pending_since(plan, found.id),
        aside[0] if aside else None,
    )
    found.build = kept.build_of(plan.name, found.held.version) if found.held else None


def _ask_log(settings: WorkerSettings, pipeline: str, plan: DocumentPlan, found: Explanation, snapshot: int) -> None:
    """The transactions that the document was built for; what a snapshot brought is of none that the log tells."""
    build, held = found.build, found.held
    if build is None or held is None:
        return
    since, servers = max(build.first_lsn, snapshot), settings.kafka_bootstrap_servers
    log = transactions_before(servers, pipeline, build.log_offset, since, source_tables(plan))
    found.log = None if log is None else [each for each in log if each.lsn <= held.version & LSN_BITS]


def tell(console: Console, found: Explanation, values: bool) -> None:
    """Print it: the state, how far it has come, its parts, what differs."""
    verdict = found.verdict
    colour = "green" if verdict is Verdict.EQUAL else "yellow"
    console.print(Text.assemble((f"{found.document} {found.id}: ", "bold"), (verdict.value, colour)))
    console.print(Text(f"  {found.advice}"))
    way = Table.grid(padding=(0, 2))
    for name, said in _way(found):
        way.add_row(f"  {name}", Text(said))
    console.print(way)
    parts = Table("part", "table", "key", "transaction", "committed")
    for part in found.parts:
        key = ", ".join(f"{name} {value}" for name, value in part.key.items())
        parts.add_row(
            Text(part.path or "the root"), Text(part.table), Text(key), str(part.xid), _moment(part.committed_ms)
        )
    console.print(parts)
    for title, unlike in (("the index", found.of_index), ("the row store", found.of_row_store)):
        for each in unlike:
            said = f": {each.index}, the database {each.oracle}" if values else ""
            console.print(Text(f"  {title} differs at {each.path or 'the whole document'}{said}"))


def _way(found: Explanation) -> list[tuple[str, str]]:
    answer = found.as_json(values=False)
    kept, last = answer["row_store"], answer["last_transaction"]
    lines = [("database", f"as of {format_lsn(found.lsn)}: {'there' if found.truth is not None else 'no such row'}")]
    if last is not None:
        at = f" at {last['lsn']}" if last["lsn"] else ""
        lines.append(
            ("last written", f"{last['table']}, transaction {last['xid']}{at}, {_moment(last['committed_ms'])}")
        )
    if found.touching:
        lines.append(("touched last by", _touched_line(found.touching)))
    lines += [("row store", _kept_line(kept)), ("index", _index_line(answer["index"]))]
    if found.left_out:
        lines.append(("left out", ", ".join(found.left_out)))
    searchable = (
        f"up to {format_lsn(Lsn(found.freshness.searchable))}" if found.freshness else "the worker does not answer"
    )
    lines.append(("searchable", searchable))
    return lines


def _touched_line(touching: list[LogTransaction]) -> str:
    first, last = touching[0], touching[-1]
    if first is last:
        return f"transaction {last.tx_id} at {format_lsn(last.lsn)}, {_moment(last.committed_ms)}"
    return f"one of {len(touching)} transactions from {format_lsn(first.lsn)} to {format_lsn(last.lsn)} (--output json)"


def _index_line(index: dict[str, Any] | None) -> str:
    if index is None:
        return "not found by a search"
    when = "at a time that is not kept any more"
    if index["built_ms"] is not None:
        when = f"{_moment(index['built_ms'])}, acknowledged {_moment(index['acknowledged_ms'])}"
    return f"built as of {index['built_at']}, epoch {index['epoch']}, {when}"


def _kept_line(kept: dict[str, str | None] | None) -> str:
    if kept is None:
        return "none on this machine (ROWTIDE_WORKER_STORE)"
    parts = [f"at {kept['position']}: {'there' if kept['exists'] else 'no such document'}"]
    if kept["pending_since"]:
        parts.append(f"pending since {kept['pending_since']}")
    if kept["set_aside"]:
        parts.append(f"{kept['set_aside']}: {kept['reason']}")
    return ", ".join(parts)


def _moment(at_ms: int | None) -> str:
    if at_ms is None:
        return "at a time that the server does not keep"
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
