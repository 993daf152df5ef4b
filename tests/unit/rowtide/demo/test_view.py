"""What the demo shows: nothing is missing, nothing is cut, and a fault can be seen."""

from io import StringIO

from rich.console import Console

from rowtide.demo.stopwatch import Commit, Searchable
from rowtide.demo.view import DemoState, Stage, line, view

FOUND = [
    Searchable(Commit("SO-2026-000001", "PayOrder", 1767225600.0, gone=False), 123.4),
    Searchable(Commit("SO-2026-000002", "DeleteOrder", 1767225601.0, gone=True), 99.6),
]


def shown(state: DemoState, height: int = 40, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width, height=height, color_system=None)
    with console.capture() as capture:
        console.print(view(state, height))
    return capture.get()


def state() -> DemoState:
    return DemoState(
        url="http://127.0.0.1:8080/orders",
        stages=[Stage("Kafka", "ready", True, "port 1"), Stage("Connect", "failed", False)],
        changes_per_s=12.34,
        documents={"orders": 2000, "products": 300},
        lag_s=0.25,
        pending=7,
        searchable=FOUND,
    )


def test_the_screen_has_stages_figures_orders_and_the_page() -> None:
    text = shown(state())
    for part in ("Kafka", "failed", "12.3", "2,300", "0.2 s", "SO-2026-000001", "paid", "123 ms", "gone", "/orders"):
        assert part in text


def test_the_last_order_comes_first() -> None:
    text = shown(state())
    assert text.index("SO-2026-000002") < text.index("SO-2026-000001")


def test_a_small_terminal_shows_fewer_orders() -> None:
    many = state()
    many.searchable = FOUND * 10
    assert shown(many, 24).count("SO-2026") == 11
    assert shown(many, 50).count("SO-2026") == 12


def test_a_usual_terminal_shows_everything() -> None:
    busy = state()
    busy.stages = [Stage(name, "ready", True, "x" * 30) for name in "abcdefg"]
    busy.searchable = [Searchable(each.commit, 12_345.6) for each in FOUND * 10]
    busy.quarantined = 3
    lines = shown(busy, height=24, width=80).splitlines()
    assert len(lines) <= 24
    assert "http://127.0.0.1:8080/orders" in lines[-1]
    text = "\n".join(lines)
    assert "p50 12,346, p99 12,346 ms" in text
    assert "quarantined" in text
    assert "…" not in text


def test_an_empty_state_can_be_shown() -> None:
    empty = DemoState(url="http://127.0.0.1:8080/orders")
    assert "Waiting for the first order" in shown(empty)
    assert "Reading the state" in shown(empty)
    assert "lag unknown" in line(empty)


def test_a_line_tells_the_last_order_and_what_is_wrong() -> None:
    text = line(state())
    assert "SO-2026-000002 deleted, gone after 100 ms" in text
    assert "Connect: failed" in text
