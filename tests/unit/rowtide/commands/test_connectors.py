"""The text output of a configuration."""

from rowtide.commands.connectors import LONGEST, shortened


def test_a_long_value_is_shown_by_its_ends() -> None:
    assert shortened("a" * LONGEST) == "a" * LONGEST
    shown = shortened("SELECT " + "x" * 2000 + " FROM public.orders")
    assert shown.startswith("SELECT x")
    assert "x FROM public.orders (2026 characters" in shown
    assert len(shown) < LONGEST + 60
