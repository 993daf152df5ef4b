"""From a placed order to the customer's door: pay, ship, deliver."""

from psycopg import Connection

from writer import payments, rules
from writer.commands import DeliverOrder, Done, PayOrder, ShipOrder
from writer.errors import RuleBrokenError
from writer.orders import locked, move, next_status
from writer.rules import Action

METHODS = ("card", "bank_transfer", "invoice", "wallet", "gift_card")
MAX_PARCELS = 20


def pay(connection: Connection, command: PayOrder) -> Done:
    """Books a payment; the order is paid when nothing is left to pay."""
    order = locked(connection, command.number)
    status = next_status(order, Action.PAY)
    if command.method not in METHODS:
        raise RuleBrokenError(f"'{command.method}' is not a payment method. Use one of: {', '.join(METHODS)}.")
    already = payments.paid(connection, order.id)
    amount = rules.payment_due(order.number, order.total, already, command.amount)
    payments.book(connection, order.id, command.method, amount, command.reference)
    move(connection, order, status if already + amount == order.total else order.status)
    return Done("order", order.number)


def ship(connection: Connection, command: ShipOrder) -> Done:
    """Writes the shipments of a paid order."""
    order = locked(connection, command.number)
    status = next_status(order, Action.SHIP)
    if not 1 <= command.parcels <= MAX_PARCELS:
        raise RuleBrokenError(
            f"Order {order.number}: {command.parcels} parcels are not possible. Use 1 to {MAX_PARCELS}."
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO shipments (order_id, carrier, tracking_number) VALUES (%s, %s, %s)",
            [(order.id, command.carrier, f"{command.tracking}-{n}") for n in range(1, command.parcels + 1)],
        )
    move(connection, order, status)
    return Done("order", order.number)


def deliver(connection: Connection, command: DeliverOrder) -> Done:
    """Marks every shipment of the order as delivered now."""
    order = locked(connection, command.number)
    status = next_status(order, Action.DELIVER)
    connection.execute(
        "UPDATE shipments SET status = 'delivered', delivered_at = now() WHERE order_id = %s", (order.id,)
    )
    move(connection, order, status)
    return Done("order", order.number)
