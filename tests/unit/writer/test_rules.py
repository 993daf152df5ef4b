"""The order application's business rules."""

from decimal import Decimal

import pytest

from writer import rules
from writer.errors import RuleBrokenError
from writer.rules import Action, Status


def reachable(start: Status) -> set[Status]:
    reached: set[Status] = set()
    waiting = [start]
    while waiting:
        status = waiting.pop()
        if status not in reached:
            reached.add(status)
            waiting.extend(s for s in rules.TRANSITIONS[status].values() if s is not None)
    return reached


def test_every_state_can_be_reached_from_a_draft() -> None:
    assert reachable(Status.DRAFT) == set(Status)


def test_an_order_goes_the_whole_way_to_the_customer_and_back() -> None:
    status: Status | None = Status.DRAFT
    for action in (Action.PLACE, Action.AMEND, Action.PAY, Action.SHIP, Action.DELIVER, Action.RETURN):
        assert status is not None
        status = rules.after("SO-2026-000001", status, action)
    assert status is Status.RETURNED


@pytest.mark.parametrize("status", [Status.PLACED, Status.PAID, Status.SHIPPED, Status.DELIVERED])
def test_only_drafts_and_cancelled_orders_are_deleted(status: Status) -> None:
    with pytest.raises(RuleBrokenError) as refused:
        rules.after("SO-2026-000007", status, Action.DELETE)
    message = str(refused.value)
    assert "SO-2026-000007" in message
    assert str(status) in message
    assert "Possible now" in message


def test_a_deleted_order_has_no_next_state() -> None:
    assert rules.after("SO-2026-000001", Status.CANCELLED, Action.DELETE) is None


def test_totals_are_exact() -> None:
    assert rules.total([(3, Decimal("0.10")), (1, Decimal("0.20"))]) == Decimal("0.50")


def test_a_total_that_does_not_fit_the_books_is_refused() -> None:
    with pytest.raises(RuleBrokenError, match="Split the order"):
        rules.total([(10_000, Decimal("1000000.00"))])


@pytest.mark.parametrize(
    ("lines", "reason"),
    [([], "no lines"), ([("A", 0)], "quantity 0"), ([("A", 1), ("A", 2)], "listed twice")],
)
def test_impossible_lines_are_refused(lines: list[tuple[str, int]], reason: str) -> None:
    with pytest.raises(RuleBrokenError, match=reason):
        rules.check_quantities("SO-2026-000001", lines)


def test_an_order_of_nothing_is_paid_when_it_is_placed() -> None:
    assert rules.once_placed(Decimal("0.00")) is Status.PAID
    assert rules.once_placed(Decimal("0.01")) is Status.PLACED


def test_a_payment_books_the_balance_unless_less_is_offered() -> None:
    due = rules.payment_due("SO-2026-000001", Decimal("30.00"), Decimal("10.00"), None)
    part = rules.payment_due("SO-2026-000001", Decimal("30.00"), Decimal("10.00"), Decimal("5"))
    assert (due, part) == (Decimal("20.00"), Decimal("5.00"))


@pytest.mark.parametrize("offered", [Decimal("20.01"), Decimal("0"), Decimal("-1")])
def test_a_payment_is_positive_and_within_the_balance(offered: Decimal) -> None:
    with pytest.raises(RuleBrokenError, match="SO-2026-000001"):
        rules.payment_due("SO-2026-000001", Decimal("30.00"), Decimal("10.00"), offered)


@pytest.mark.parametrize("price", [Decimal("1.005"), Decimal("-0.01"), Decimal("1000000.01")])
def test_an_impossible_price_is_refused(price: Decimal) -> None:
    with pytest.raises(RuleBrokenError, match="SKL-0001"):
        rules.check_price("SKL-0001", price)
