"""Money on an order: settle an amended total, refund everything, inside the command's transaction."""

from decimal import Decimal

from psycopg import Connection

from writer.rules import Status


def paid(connection: Connection, order_id: int) -> Decimal:
    """Payments less refunds."""
    row = connection.execute(
        "SELECT coalesce(sum(amount), 0) FROM payments WHERE order_id = %s", (order_id,)
    ).fetchone()
    assert row is not None
    amount: Decimal = row[0]
    return amount


def book(connection: Connection, order_id: int, method: str, amount: Decimal, reference: str | None) -> None:
    """Writes a payment, or a refund when the amount is negative."""
    kind = "payment" if amount > 0 else "refund"
    connection.execute(
        """INSERT INTO payments (order_id, kind, method, amount, reference)
           VALUES (%s, %s::payment_kind, %s::payment_method, %s, %s)""",
        (order_id, kind, method, amount, reference),
    )


def settle(connection: Connection, order_id: int, number: str, total: Decimal, status: Status) -> Status:
    """Collects or refunds the difference to a new total; returns the state that follows from it."""
    balance = total - paid(connection, order_id)
    if status is Status.PLACED and balance > 0:
        return Status.PLACED
    if balance != 0:
        book(connection, order_id, _last_method(connection, order_id), balance, f"AMEND-{number}")
    return Status.PAID


def refund_all(connection: Connection, order_id: int, number: str) -> None:
    """Gives back what was paid; nothing was paid, nothing is written."""
    amount = paid(connection, order_id)
    if amount > 0:
        book(connection, order_id, _last_method(connection, order_id), -amount, f"REFUND-{number}")


def _last_method(connection: Connection, order_id: int) -> str:
    row = connection.execute(
        "SELECT method::text FROM payments WHERE order_id = %s ORDER BY id DESC LIMIT 1", (order_id,)
    ).fetchone()
    return "invoice" if row is None else str(row[0])
