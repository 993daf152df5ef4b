"""Customers and their address books."""

from psycopg import Connection

from writer import rules
from writer.commands import Address, ChangeCustomer, CreateCustomer, Done, MoveAddress
from writer.display_numbers import customer_number
from writer.errors import NotFoundError, RuleBrokenError

SEGMENTS = ("private", "business", "public_sector")

_UPSERT_ADDRESS = """
    INSERT INTO addresses (customer_id, label, recipient, street, postal_code, city, region, country)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (customer_id, label) DO UPDATE
       SET recipient = excluded.recipient, street = excluded.street, postal_code = excluded.postal_code,
           city = excluded.city, region = excluded.region, country = excluded.country, updated_at = now()"""


def create(connection: Connection, command: CreateCustomer) -> Done:
    """Writes a customer with at least one address."""
    name = rules.check_text("customer's name", command.name, 200)
    _check_segment(command.segment)
    if not command.addresses:
        raise RuleBrokenError("The customer has no address. Give at least one.")
    number = command.number or _next_number(connection)
    row = connection.execute(
        """INSERT INTO customers (number, name, company, email, phone, segment, country)
           VALUES (%s, %s, %s, %s, %s, %s::customer_segment, %s) RETURNING id""",
        (number, name, command.company, command.email, command.phone, command.segment, command.country),
    ).fetchone()
    assert row is not None
    for address in command.addresses:
        connection.execute(_UPSERT_ADDRESS, _address_row(row[0], address))
    return Done("customer", number)


def change(connection: Connection, command: ChangeCustomer) -> Done:
    """Changes what is given and keeps the rest."""
    if command.name is not None:
        rules.check_text("customer's name", command.name, 200)
    if command.segment is not None:
        _check_segment(command.segment)
    cursor = connection.execute(
        """UPDATE customers SET name = coalesce(%s, name), email = coalesce(%s, email),
                  company = coalesce(%s, company), phone = coalesce(%s, phone),
                  segment = coalesce(%s::customer_segment, segment), updated_at = now()
            WHERE number = %s""",
        (command.name, command.email, command.company, command.phone, command.segment, command.number),
    )
    if cursor.rowcount == 0:
        raise NotFoundError("customer", command.number)
    return Done("customer", command.number)


def move_address(connection: Connection, command: MoveAddress) -> Done:
    """Replaces an address in place, so that every order that refers to it moves too."""
    row = connection.execute("SELECT id FROM customers WHERE number = %s", (command.customer,)).fetchone()
    if row is None:
        raise NotFoundError("customer", command.customer)
    rules.check_text("street", command.address.street, 200)
    connection.execute(_UPSERT_ADDRESS, _address_row(row[0], command.address))
    return Done("customer", command.customer)


def _address_row(customer_id: int, address: Address) -> tuple[object, ...]:
    return (
        customer_id,
        address.label,
        address.recipient,
        address.street,
        address.postal_code,
        address.city,
        address.region,
        address.country,
    )


def _check_segment(segment: str) -> None:
    if segment not in SEGMENTS:
        raise RuleBrokenError(f"'{segment}' is not a customer segment. Use one of: {', '.join(SEGMENTS)}.")


def _next_number(connection: Connection) -> str:
    row = connection.execute("SELECT nextval('customer_number_seq')").fetchone()
    assert row is not None
    return customer_number(row[0])
