"""`rowtide explain`: where a document comes from, how far its changes have progressed, and what is wrong with it."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cdc.log.lsn import Lsn, format_lsn
from rowtide.command import add_command
from rowtide.commands.open_verification import open_verification
from rowtide.commands.options import WORKER_URL, DocumentArgument, IdArgument, SpecOption, WaitOption, WorkerUrlOption
from rowtide.console import FAILED, Output, OutputOption, print_json, print_renderable, print_table
from sync_worker.verification.evidence import collect_evidence
from sync_worker.verification.explain import Explanation, Verdict
from sync_worker.verification.log_search import LogTransaction
from sync_worker.verification.oracle import Limits
from sync_worker.verification.verification import Patience, chosen


def register(root: typer.Typer) -> None:
    """Add `explain` to the root of `rowtide`."""
    add_command(
        root,
        explain,
        "rowtide explain orders 1042",
        "# With the differing values, as JSON",
        "rowtide explain orders 1042 --values -o json",
    )


def explain(
    document: DocumentArgument,
    id_: IdArgument,
    values: Annotated[bool, typer.Option("--values", help="Show the values that differ on each side.")] = False,
    wait: WaitOption = 10,
    spec: SpecOption = None,
    worker_url: WorkerUrlOption = WORKER_URL,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show where a document comes from and what is wrong with it.

    Exit code 0 if the document equals the database, 1 if it differs, is not up to date yet, or does not exist.
    """
    with open_verification(spec, worker_url, Limits(), Patience(wait)) as (settings, opened):
        (plan,) = chosen(opened.plan, [document])
        explanation = collect_evidence(settings, opened, plan, id_)
    if output is Output.JSON:
        print_json(explanation.as_json(values))
    else:
        print_explanation(explanation, values)
    if explanation.verdict is not Verdict.EQUAL:
        raise typer.Exit(FAILED)


def print_explanation(explanation: Explanation, values: bool) -> None:
    """Print the state, how far the changes have progressed, the document's rows, and what differs."""
    verdict = explanation.verdict
    heading = (f"{explanation.document} {explanation.id}: ", "bold")
    print_renderable(Text.assemble(heading, (verdict.value, "green" if verdict is Verdict.EQUAL else "yellow")))
    print_renderable(Text(f"  {explanation.advice}"))
    grid = Table.grid(padding=(0, 2))
    for name, text in _progress(explanation):
        grid.add_row(f"  {name}", Text(text))
    print_renderable(grid)
    print_renderable("")
    rows = [
        (
            part.path or "the root",
            part.table,
            ", ".join(f"{name} {value}" for name, value in part.key.items()),
            str(part.xid),
            _time(part.committed_ms),
        )
        for part in explanation.parts
    ]
    print_table(("PART", "TABLE", "KEY", "TRANSACTION", "COMMITTED"), rows, "The database has no row of this document.")
    for side, differences in (("index", explanation.of_index), ("row store", explanation.of_row_store)):
        for difference in differences:
            detail = f": {difference.index}; in the database: {difference.oracle}" if values else ""
            print_renderable(Text(f"  The {side} differs at {difference.path or 'the whole document'}{detail}"))


def _progress(explanation: Explanation) -> list[tuple[str, str]]:
    answer = explanation.as_json(values=False)
    last = answer["last_transaction"]
    exists = "exists" if explanation.truth is not None else "does not exist"
    lines = [("database", f"as of {format_lsn(explanation.lsn)}: {exists}")]
    if last is not None:
        at = f" at {last['lsn']}" if last["lsn"] else ""
        lines.append(("last written", f"{last['table']}, transaction {last['xid']}{at}, {_time(last['committed_ms'])}"))
    if explanation.touching:
        lines.append(("last touched by", _touched_line(explanation.touching)))
    lines += [("row store", _row_store_line(answer["row_store"])), ("index", _index_line(answer["index"]))]
    if explanation.left_out:
        lines.append(("dropped fields", ", ".join(explanation.left_out)))
    fresh = explanation.freshness
    searchable = f"up to {format_lsn(Lsn(fresh.searchable))}" if fresh else "unknown: the worker does not answer"
    lines.append(("searchable", searchable))
    return lines


def _touched_line(touching: list[LogTransaction]) -> str:
    first, last = touching[0], touching[-1]
    if first is last:
        return f"transaction {last.tx_id} at {format_lsn(last.lsn)}, {_time(last.committed_ms)}"
    return f"one of {len(touching)} transactions from {format_lsn(first.lsn)} to {format_lsn(last.lsn)} (--output json)"


def _index_line(index: dict[str, Any] | None) -> str:
    if index is None:
        return "no search finds it"
    when = "at a time that is no longer recorded"
    if index["built_ms"] is not None:
        when = f"{_time(index['built_ms'])}, acknowledged {_time(index['acknowledged_ms'])}"
    return f"built as of {index['built_at']}, epoch {index['epoch']}, {when}"


def _row_store_line(row_store: dict[str, str | None] | None) -> str:
    if row_store is None:
        return "none on this machine (ROWTIDE_WORKER_STORE)"
    parts = [f"at {row_store['position']}: {'exists' if row_store['exists'] else 'does not exist'}"]
    if row_store["pending_since"]:
        parts.append(f"pending since {row_store['pending_since']}")
    if row_store["set_aside"]:
        parts.append(f"{row_store['set_aside']}: {row_store['reason']}")
    return ", ".join(parts)


def _time(ms: int | None) -> str:
    if ms is None:
        return "at a time that the server does not record"
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
