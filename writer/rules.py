"""The business rules, without a database: what an order allows in which state, how money adds up."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from writer.errors import RuleBrokenError

CENT = Decimal("0.01")
MAX_TOTAL = Decimal("9999999999.99")


class Status(StrEnum):
    """The state of an order, as in the enum `order_status`."""

    DRAFT = "draft"
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class Action(StrEnum):
    """What can be done to an order that exists."""

    PLACE = "place"
    AMEND = "amend"
    PAY = "pay"
    SHIP = "ship"
    DELIVER = "deliver"
    CANCEL = "cancel"
    RETURN = "return"
    ARCHIVE = "archive"
    DELETE = "delete"


# The whole state machine. What is not listed is not allowed. A deleted order has no next state.
TRANSITIONS: dict[Status, dict[Action, Status | None]] = {
    Status.DRAFT: {
        Action.PLACE: Status.PLACED,
        Action.AMEND: Status.DRAFT,
        Action.CANCEL: Status.CANCELLED,
        Action.DELETE: None,
    },
    Status.PLACED: {
        Action.AMEND: Status.PLACED,
        Action.PAY: Status.PAID,
        Action.CANCEL: Status.CANCELLED,
    },
    Status.PAID: {
        Action.AMEND: Status.PAID,
        Action.SHIP: Status.SHIPPED,
        Action.CANCEL: Status.CANCELLED,
    },
    Status.SHIPPED: {Action.DELIVER: Status.DELIVERED, Action.RETURN: Status.RETURNED},
    Status.DELIVERED: {Action.RETURN: Status.RETURNED},
    Status.CANCELLED: {Action.ARCHIVE: Status.CANCELLED, Action.DELETE: None},
    Status.RETURNED: {Action.ARCHIVE: Status.RETURNED},
}


def after(number: str, status: Status, action: Action) -> Status | None:
    """The state that `action` leads to, None when the order is gone. Raises RuleBrokenError."""
    allowed = TRANSITIONS[status]
    if action in allowed:
        return allowed[action]
    possible = ", ".join(allowed) or "nothing"
    raise RuleBrokenError(f"Order {number} is {status} and cannot be changed by '{action}'. Possible now: {possible}.")


def once_placed(order_total: Decimal) -> Status:
    """The state of an order that is placed: it waits for its money, and when there is nothing to pay, it is paid."""
    return Status.PLACED if order_total > 0 else Status.PAID


def money(amount: Decimal) -> Decimal:
    """The amount in whole cents, rounded half up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def total(lines: Iterable[tuple[int, Decimal]]) -> Decimal:
    """The sum of (quantity, unit price). Raises RuleBrokenError when it does not fit the books."""
    amount = money(sum((quantity * price for quantity, price in lines), Decimal(0)))
    if amount > MAX_TOTAL:
        raise RuleBrokenError(f"The order's total {amount} is above {MAX_TOTAL}. Split the order.")
    return amount


def check_quantities(number: str, lines: Iterable[tuple[str, int]]) -> None:
    """An order has at least one line, each product once, each quantity between 1 and 10,000."""
    seen: set[str] = set()
    for sku, quantity in lines:
        if not 1 <= quantity <= 10_000:
            raise RuleBrokenError(
                f"Order {number}: quantity {quantity} of {sku} is not possible. Order between 1 and 10,000."
            )
        if sku in seen:
            raise RuleBrokenError(f"Order {number}: {sku} is listed twice. Put it on one line.")
        seen.add(sku)
    if not seen:
        raise RuleBrokenError(f"Order {number} has no lines. Order at least one product.")


def payment_due(number: str, order_total: Decimal, paid: Decimal, offered: Decimal | None) -> Decimal:
    """What a payment books: the offered amount, or the whole balance. Raises RuleBrokenError."""
    balance = order_total - paid
    amount = balance if offered is None else money(offered)
    if amount <= 0:
        raise RuleBrokenError(f"Order {number}: a payment of {amount} is not possible. Pay more than 0.")
    if amount > balance:
        raise RuleBrokenError(f"Order {number}: {amount} is more than the balance {balance}. Pay at most the balance.")
    return amount


def check_price(sku: str, price: Decimal) -> Decimal:
    """The price in whole cents. Raises RuleBrokenError when it is negative, absurd or finer than a cent."""
    if price != money(price):
        raise RuleBrokenError(f"Product {sku}: the price {price} has parts of a cent. Give two decimals.")
    if not 0 <= price <= Decimal(1_000_000):
        raise RuleBrokenError(f"Product {sku}: the price {price} is not between 0 and 1,000,000. Correct it.")
    return money(price)


def check_text(what: str, text: str, limit: int) -> str:
    """The text without surrounding blanks. Raises RuleBrokenError when empty or above `limit` characters."""
    stripped = text.strip()
    if not stripped:
        raise RuleBrokenError(f"The {what} is empty. Give it at least one character.")
    if len(stripped) > limit:
        raise RuleBrokenError(f"The {what} has {len(stripped)} characters. Shorten it to {limit}.")
    return stripped
