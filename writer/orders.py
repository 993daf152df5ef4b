"""Orders from draft to archive: place, submit, amend, cancel, return, archive, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from psycopg import Connection

from writer import payments, rules
from writer.commands import (
    AmendOrder,
    ArchiveOrder,
    CancelOrder,
    DeleteOrder,
    Done,
    Line,
    PlaceOrder,
    ReturnOrder,
    SubmitDraft,
)
from writer.display_numbers import order_number
from writer.errors import NotFoundError, RuleBrokenError
from writer.rules import Action, Status

_INSERT_LINE = """
    INSERT INTO order_lines (order_id, line_no, product_id, quantity, unit_price)
    VALUES (%s, %s, %s, %s, %s)"""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as locked for a command."""

    id: int
    number: str
    status: Status
    total: Decimal


@dataclass(frozen=True, slots=True)
class _Priced:
    product_id: int
    price: Decimal


def locked(connection: Connection, number: str) -> Order:
    """The order, locked until the transaction ends. Raises NotFoundError, also for archived orders."""
    row = connection.execute(
        """SELECT id, number, status::text, total FROM orders
            WHERE number = %s AND deleted_at IS NULL FOR UPDATE""",
        (number,),
    ).fetchone()
    if row is None:
        raise NotFoundError("order", number)
    return Order(row[0], row[1], Status(row[2]), row[3])


def next_status(order: Order, action: Action) -> Status:
    """The state after an action that keeps the order. Raises RuleBrokenError when it is not allowed."""
    status = rules.after(order.number, order.status, action)
    return order.status if status is None else status


def move(connection: Connection, order: Order, status: Status, reason: str | None = None) -> None:
    """Writes the new state and, when the order leaves the draft state, `placed_at`. A reason is appended to the
    notes."""
    connection.execute(
        """UPDATE orders SET status = %s::order_status, revision = revision + 1, updated_at = now(),
                  placed_at = CASE WHEN %s::order_status IN ('draft', 'cancelled') THEN placed_at
                                   ELSE coalesce(placed_at, now()) END,
                  notes = CASE WHEN %s::text IS NULL THEN notes ELSE concat_ws(E'\\n', notes, %s::text) END
            WHERE id = %s""",
        (status, status, reason, reason, order.id),
    )


def place(connection: Connection, command: PlaceOrder) -> Done:
    """Writes a new order with its lines at today's prices."""
    number = command.number or _next_number(connection)
    rules.check_quantities(number, [(line.sku, line.quantity) for line in command.lines])
    customer_id, ship_id, bill_id = _parties(connection, command)
    priced = _priced(connection, [line.sku for line in command.lines])
    total = rules.total((line.quantity, priced[line.sku].price) for line in command.lines)
    status = Status.DRAFT if command.draft else rules.once_placed(total)
    row = connection.execute(
        """INSERT INTO orders
                  (number, customer_id, ship_address_id, bill_address_id, status, total, notes, placed_at)
           VALUES (%s, %s, %s, %s, %s::order_status, %s, %s, CASE WHEN %s THEN NULL ELSE now() END)
           RETURNING id""",
        (number, customer_id, ship_id, bill_id, status, total, command.notes, command.draft),
    ).fetchone()
    assert row is not None
    _insert_lines(connection, row[0], 1, command.lines, priced)
    return Done("order", number)


def submit(connection: Connection, command: SubmitDraft) -> Done:
    """Places a draft."""
    order = locked(connection, command.number)
    next_status(order, Action.PLACE)
    move(connection, order, rules.once_placed(order.total))
    return Done("order", order.number)


def amend(connection: Connection, command: AmendOrder) -> Done:
    """Replaces lines, total and given notes; settles what was already paid. Kept lines keep their price."""
    order = locked(connection, command.number)
    status = next_status(order, Action.AMEND)
    rules.check_quantities(order.number, [(line.sku, line.quantity) for line in command.lines])
    total = _replace_lines(connection, order, command.lines)
    if status is not Status.DRAFT:
        status = payments.settle(connection, order.id, order.number, total, status)
    connection.execute(
        """UPDATE orders SET total = %s, status = %s::order_status, notes = coalesce(%s, notes),
                  revision = revision + 1, updated_at = now() WHERE id = %s""",
        (total, status, command.notes, order.id),
    )
    return Done("order", order.number)


def cancel(connection: Connection, command: CancelOrder) -> Done:
    """Cancels an order that was not shipped, and refunds it."""
    order = locked(connection, command.number)
    status = next_status(order, Action.CANCEL)
    payments.refund_all(connection, order.id, order.number)
    move(connection, order, status, command.reason)
    return Done("order", order.number)


def take_back(connection: Connection, command: ReturnOrder) -> Done:
    """Takes a shipped order back: shipments are returned, money is refunded."""
    order = locked(connection, command.number)
    status = next_status(order, Action.RETURN)
    connection.execute("UPDATE shipments SET status = 'returned' WHERE order_id = %s", (order.id,))
    payments.refund_all(connection, order.id, order.number)
    move(connection, order, status, command.reason)
    return Done("order", order.number)


def archive(connection: Connection, command: ArchiveOrder) -> Done:
    """Hides a cancelled or returned order; no later command finds it."""
    order = locked(connection, command.number)
    next_status(order, Action.ARCHIVE)
    connection.execute(
        "UPDATE orders SET deleted_at = now(), revision = revision + 1, updated_at = now() WHERE id = %s",
        (order.id,),
    )
    return Done("order", order.number)


def delete(connection: Connection, command: DeleteOrder) -> Done:
    """Deletes a draft or a cancelled order; lines, payments and tags go with it."""
    order = locked(connection, command.number)
    next_status(order, Action.DELETE)
    connection.execute("DELETE FROM orders WHERE id = %s", (order.id,))
    return Done("order", order.number)


def _next_number(connection: Connection) -> str:
    row = connection.execute("SELECT extract(year FROM now())::int, nextval('order_number_seq')").fetchone()
    assert row is not None
    return order_number(row[0], row[1])


def _parties(connection: Connection, command: PlaceOrder) -> tuple[int, int, int]:
    rows = connection.execute(
        """SELECT c.id, a.id, a.label FROM customers c LEFT JOIN addresses a ON a.customer_id = c.id
            WHERE c.number = %s""",
        (command.customer,),
    ).fetchall()
    if not rows:
        raise NotFoundError("customer", command.customer)
    labels: dict[str, int] = {row[2]: row[1] for row in rows}
    for label in (command.ship_to, command.bill_to):
        if label not in labels:
            raise NotFoundError("address", f"{label}' of customer '{command.customer}")
    return rows[0][0], labels[command.ship_to], labels[command.bill_to]


def _priced(connection: Connection, skus: Sequence[str]) -> dict[str, _Priced]:
    rows = connection.execute(
        "SELECT sku, id, price, active FROM products WHERE sku = ANY(%s)", (list(skus),)
    ).fetchall()
    prices = {row[0]: _Priced(row[1], row[2]) for row in rows}
    for sku in skus:
        if sku not in prices:
            raise NotFoundError("product", sku)
    for row in rows:
        if not row[3]:
            raise RuleBrokenError(f"Product {row[0]} is no longer sold. Choose another product.")
    return prices


def _insert_lines(
    connection: Connection, order_id: int, first: int, lines: Sequence[Line], priced: dict[str, _Priced]
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            _INSERT_LINE,
            [
                (order_id, first + place, priced[line.sku].product_id, line.quantity, priced[line.sku].price)
                for place, line in enumerate(lines)
            ],
        )


def _replace_lines(connection: Connection, order: Order, lines: Sequence[Line]) -> Decimal:
    """Updates, removes and adds lines; returns the new total."""
    rows = connection.execute(
        """SELECT p.sku, l.id, l.line_no, l.quantity, l.unit_price FROM order_lines l
             JOIN products p ON p.id = l.product_id WHERE l.order_id = %s""",
        (order.id,),
    ).fetchall()
    present = {row[0]: row for row in rows}
    kept_skus = {line.sku for line in lines if line.sku in present}
    added = [line for line in lines if line.sku not in present]
    removed = [row[1] for row in rows if row[0] not in kept_skus]
    if removed:
        connection.execute("DELETE FROM order_lines WHERE id = ANY(%s)", (removed,))
    changed = [
        (line.quantity, present[line.sku][1])
        for line in lines
        if line.sku in kept_skus and present[line.sku][3] != line.quantity
    ]
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE order_lines SET quantity = %s WHERE id = %s", changed)
    priced = _priced(connection, [line.sku for line in added])
    first = max((row[2] for row in rows), default=0) + 1
    _insert_lines(connection, order.id, first, added, priced)
    return rules.total(
        (line.quantity, present[line.sku][4] if line.sku in kept_skus else priced[line.sku].price) for line in lines
    )
