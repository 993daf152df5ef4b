"""What `rowtide demo` shows: a screen for a terminal, or plain lines. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rowtide.demo.stopwatch import Searchable, percentile

SHOWN_ORDERS = 12
_FRAME_LINES = 11
_DONE = {
    "PlaceOrder": "placed",
    "SubmitDraft": "submitted",
    "AmendOrder": "amended",
    "PayOrder": "paid",
    "ShipOrder": "shipped",
    "DeliverOrder": "delivered",
    "CancelOrder": "cancelled",
    "ReturnOrder": "returned",
    "ArchiveOrder": "archived",
    "DeleteOrder": "deleted",
    "TagOrder": "tagged",
    "UntagOrder": "untagged",
}


@dataclass(frozen=True)
class Stage:
    """One part of the pipeline: its state and a detail."""

    name: str
    state: str
    good: bool
    detail: str = ""


@dataclass
class DemoState:
    """The figures of a moment. `lag_s` is the age of the searchable state in seconds; None while unknown."""

    url: str
    seconds: float = 0.0
    stages: list[Stage] = field(default_factory=list)
    changes_per_s: float = 0.0
    documents: dict[str, int] = field(default_factory=dict)
    lag_s: float | None = None
    pending: int = 0
    quarantined: int = 0
    waiting: int = 0
    searchable: list[Searchable] = field(default_factory=list)


def lag(state: DemoState) -> str:
    """The lag as text."""
    return "unknown" if state.lag_s is None else f"{state.lag_s:.1f} s"


def outcome(command: str) -> str:
    """What a command did to an order."""
    return _DONE.get(command, command)


def line(state: DemoState) -> str:
    """One plain line, for logs and pipes."""
    last = state.searchable[-1] if state.searchable else None
    order = f"  {last.commit.order} {outcome(last.commit.command)}, {_seen(last)}" if last else ""
    bad = "".join(f"  {stage.name}: {stage.state}" for stage in state.stages if not stage.good)
    return (
        f"{state.seconds:6.1f} s  {state.changes_per_s:.1f} changes/s  {sum(state.documents.values()):,} documents"
        f"  lag {lag(state)}  {state.pending:,} pending{order}{bad}"
    )


def _seen(entry: Searchable) -> str:
    return f"{'gone' if entry.commit.gone else 'searchable'} after {entry.milliseconds:.0f} ms"


def view(state: DemoState, height: int) -> RenderableType:
    """The whole screen. `height` is the terminal's, in lines."""
    shown = max(3, min(SHOWN_ORDERS, height - len(state.stages) - _FRAME_LINES))
    page = Text.assemble("Search page  ", (state.url, "bold cyan underline"), "     Ctrl-C stops everything", style="")
    return Group(
        Panel(_stages(state.stages), title="Rowtide demo", title_align="left", border_style="dim"),
        _figures(state),
        Panel(_orders(state, shown), title="Latest orders", title_align="left", border_style="dim"),
        page,
    )


def _stages(stages: list[Stage]) -> RenderableType:
    if not stages:
        return Text("Reading the state of every part.", "dim")
    table = Table.grid(padding=(0, 3))
    for stage in stages:
        mark = Text("●", style="green" if stage.good else "red")
        table.add_row(mark, stage.name, Text(stage.state, style="" if stage.good else "red"), Text(stage.detail, "dim"))
    return table


def _figures(state: DemoState) -> Panel:
    times = [entry.milliseconds for entry in state.searchable]
    typical = f"p50 {percentile(times, 0.5):,.0f}, p99 {percentile(times, 0.99):,.0f} ms" if times else "no commit yet"
    figures = [
        ("changes/s", f"{state.changes_per_s:.1f}"),
        ("documents", f"{sum(state.documents.values()):,}"),
        ("lag", lag(state)),
        ("pending", f"{state.pending:,}"),
        ("committed → searchable", typical),
    ]
    if state.quarantined:
        figures.append(("quarantined", f"{state.quarantined:,}"))
    table = Table.grid(padding=(0, 2))
    table.add_row(*(Text(name, "dim") for name, _ in figures))
    table.add_row(*(Text(value, "bold") for _, value in figures))
    return Panel(table, border_style="dim")


def _orders(state: DemoState, shown: int) -> RenderableType:
    if not state.searchable:
        return Text("Waiting for the first order.", "dim")
    table = Table.grid(padding=(0, 3))
    table.add_row(*(Text(name, "dim") for name in ("order", "what happened", "committed", "→ searchable")))
    for entry in reversed(state.searchable[-shown:]):
        at = datetime.fromtimestamp(entry.commit.at).astimezone().strftime("%H:%M:%S.%f")[:-3]
        seen = Text(f"{entry.milliseconds:,.0f} ms", "green") + Text("  gone" if entry.commit.gone else "", "yellow")
        table.add_row(entry.commit.order, outcome(entry.commit.command), at, seen)
    return table
