"""What `rowtide demo` shows, as text for a terminal and as plain lines. Pure: it is handed everything it shows."""

from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rowtide.stopwatch import Searchable, percentile

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
    """One part of the pipeline: its state, and what to know of it."""

    name: str
    state: str
    good: bool
    detail: str = ""


@dataclass
class Picture:
    """What is known at a moment. `lag_s` is how many seconds old the searchable state is; None while unknown."""

    url: str
    seconds: float = 0.0
    stages: list[Stage] = field(default_factory=list)
    changes_per_s: float = 0.0
    documents: dict[str, int] = field(default_factory=dict)
    lag_s: float | None = None
    pending: int = 0
    quarantined: int = 0
    waiting: int = 0
    found: list[Searchable] = field(default_factory=list)


def lag(picture: Picture) -> str:
    """The lag in words."""
    return "unknown" if picture.lag_s is None else f"{picture.lag_s:.1f} s"


def done(command: str) -> str:
    """What a command did to an order, as a word."""
    return _DONE.get(command, command)


def line(picture: Picture) -> str:
    """One plain line, for logs and pipes."""
    last = picture.found[-1] if picture.found else None
    order = f"  {last.commit.order} {done(last.commit.command)}, {_seen(last)}" if last else ""
    bad = "".join(f"  {stage.name}: {stage.state}" for stage in picture.stages if not stage.good)
    return (
        f"{picture.seconds:6.1f} s  {picture.changes_per_s:.1f} changes/s  {sum(picture.documents.values()):,} documents"
        f"  lag {lag(picture)}  {picture.pending:,} pending{order}{bad}"
    )


def _seen(one: Searchable) -> str:
    return f"{'gone' if one.commit.gone else 'searchable'} after {one.milliseconds:.0f} ms"


def view(picture: Picture, height: int) -> RenderableType:
    """The whole screen. `height` is that of the terminal, in lines."""
    shown = max(3, min(SHOWN_ORDERS, height - len(picture.stages) - _FRAME_LINES))
    page = Text.assemble(
        "Search page  ", (picture.url, "bold cyan underline"), "     Ctrl-C stops everything", style=""
    )
    return Group(
        Panel(_stages(picture.stages), title="Rowtide demo", title_align="left", border_style="dim"),
        _figures(picture),
        Panel(_orders(picture, shown), title="Last orders", title_align="left", border_style="dim"),
        page,
    )


def _stages(stages: list[Stage]) -> RenderableType:
    if not stages:
        return Text("Asking every part how it is.", "dim")
    table = Table.grid(padding=(0, 3))
    for stage in stages:
        mark = Text("●", style="green" if stage.good else "red")
        table.add_row(mark, stage.name, Text(stage.state, style="" if stage.good else "red"), Text(stage.detail, "dim"))
    return table


def _figures(picture: Picture) -> Panel:
    times = [each.milliseconds for each in picture.found]
    typical = f"p50 {percentile(times, 0.5):,.0f}, p99 {percentile(times, 0.99):,.0f} ms" if times else "no commit yet"
    figures = [
        ("changes/s", f"{picture.changes_per_s:.1f}"),
        ("documents", f"{sum(picture.documents.values()):,}"),
        ("lag", lag(picture)),
        ("pending", f"{picture.pending:,}"),
        ("committed → searchable", typical),
    ]
    if picture.quarantined:
        figures.append(("quarantined", f"{picture.quarantined:,}"))
    table = Table.grid(padding=(0, 2))
    table.add_row(*(Text(name, "dim") for name, _ in figures))
    table.add_row(*(Text(value, "bold") for _, value in figures))
    return Panel(table, border_style="dim")


def _orders(picture: Picture, shown: int) -> RenderableType:
    if not picture.found:
        return Text("The first one is on its way.", "dim")
    table = Table.grid(padding=(0, 3))
    table.add_row(*(Text(name, "dim") for name in ("order", "what happened", "committed", "→ searchable")))
    for one in reversed(picture.found[-shown:]):
        at = datetime.fromtimestamp(one.commit.at).astimezone().strftime("%H:%M:%S.%f")[:-3]
        seen = Text(f"{one.milliseconds:,.0f} ms", "green") + Text("  gone" if one.commit.gone else "", "yellow")
        table.add_row(one.commit.order, done(one.commit.command), at, seen)
    return table
