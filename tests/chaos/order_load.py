"""Random transactions over the order application's tables, in addition to its own commands: changes that none of these makes.

They keep what the application relies on: an order has each product once, and a total that is the sum of its lines."""

from tests.chaos.warehouse_load import Act, NoSuchRow


def _order(act: Act) -> int:
    """Lock a random order."""
    highest = int(act.query_value(b"SELECT coalesce(max(id), 0) FROM orders") or 0)
    order = act.query_value(
        b"SELECT id FROM orders WHERE id >= %s ORDER BY id LIMIT 1 FOR UPDATE", act.random.randrange(highest + 1)
    )
    if order is None:
        raise NoSuchRow
    return int(order)


def _settle(act: Act, *orders: int) -> None:
    act.do(
        b"""UPDATE orders o SET revision = revision + 1, updated_at = now(),
              total = (SELECT coalesce(sum(quantity * unit_price), 0) FROM order_lines l WHERE l.order_id = o.id)
            WHERE id = ANY(%s)""",
        list(orders),
    )


def change_lines(act: Act) -> None:
    """Change, delete and insert lines of an order, and its total after them."""
    order = _order(act)
    act.do(b"UPDATE order_lines SET quantity = quantity %% 9 + 1 WHERE order_id = %s", order)
    if act.random.random() < 0.5:
        act.do(b"DELETE FROM order_lines WHERE order_id = %s AND line_no > %s", order, act.random.randrange(1, 4))
    act.do(
        b"""INSERT INTO order_lines (order_id, line_no, product_id, quantity, unit_price)
            SELECT %s, (SELECT coalesce(max(line_no), 0) + 1 FROM order_lines WHERE order_id = %s), id, %s, price
              FROM products WHERE id >= %s AND id NOT IN (SELECT product_id FROM order_lines WHERE order_id = %s)
             ORDER BY id LIMIT 1""",
        *(order, order, act.random.randrange(1, 9), act.random.randrange(1, 300), order),
    )
    _settle(act, order)


def move_lines(act: Act) -> None:
    """Give the lines of one order to another."""
    source, target = sorted((_order(act), _order(act)))
    if source == target:
        raise NoSuchRow
    act.do(
        b"""UPDATE order_lines SET order_id = %s, line_no = line_no +
              (SELECT coalesce(max(line_no), 0) FROM order_lines WHERE order_id = %s)
            WHERE order_id = %s AND line_no < 3
              AND product_id NOT IN (SELECT product_id FROM order_lines WHERE order_id = %s)""",
        *(target, target, source, target),
    )
    _settle(act, source, target)


def move_order(act: Act) -> None:
    """Give an order to another customer, with that one's addresses."""
    order = _order(act)
    act.do(
        b"""UPDATE orders o SET customer_id = a.customer_id, ship_address_id = a.id, bill_address_id = a.id
              FROM (SELECT id, customer_id FROM addresses WHERE id >= %s ORDER BY id LIMIT 1) a WHERE o.id = %s""",
        *(act.random.randrange(1, 100), order),
    )


def renumber_order(act: Act) -> None:
    """Delete an order with everything, and write it again under a new primary key, in one transaction."""
    order = _order(act)
    act.do(b"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM order_lines WHERE order_id = %s", order)
    act.do(b"CREATE TEMP TABLE kept_order ON COMMIT DROP AS SELECT * FROM orders WHERE id = %s", order)
    act.do(b"DELETE FROM orders WHERE id = %s", order)
    act.do(b"UPDATE kept_order SET id = nextval(pg_get_serial_sequence('orders', 'id'))")
    act.do(b"INSERT INTO orders SELECT * FROM kept_order")
    act.do(
        b"""INSERT INTO order_lines (order_id, line_no, product_id, quantity, unit_price)
            SELECT (SELECT id FROM kept_order), line_no, product_id, quantity, unit_price FROM kept"""
    )


def remove_order(act: Act) -> None:
    """Delete an order; lines, payments, shipments and tags follow."""
    if int(act.query_value(b"SELECT count(*) FROM orders") or 0) < 200:
        raise NoSuchRow
    act.do(b"DELETE FROM orders WHERE id = %s", _order(act))


def archive(act: Act) -> None:
    """Let orders leave and enter the documents' filter."""
    act.do(b"UPDATE orders SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END WHERE id = %s", _order(act))


def rename_around(act: Act) -> None:
    """Change what many orders show: a customer, an address, a product, a category, a tag."""
    some = act.random.randrange(1, 60)
    match act.random.randrange(5):
        case 0:
            act.do(b"UPDATE customers SET company = %s WHERE id = %s", f"Company {act.random.randrange(999)}", some)
        case 1:
            act.do(b"UPDATE addresses SET city = %s WHERE id = %s", f"City {act.random.randrange(999)}", some)
        case 2:
            act.do(
                b"UPDATE products SET name = %s, price = price + 1, active = (id %% 7 <> %s) WHERE id = %s",
                *(f"Product {act.random.randrange(999)}", act.random.randrange(7), some),
            )
        case 3:
            act.do(b"UPDATE categories SET name = %s WHERE id = %s", f"Category {act.random.randrange(999)}", some)
        case _:
            act.do(b"UPDATE tags SET name = name || '.' WHERE id = %s AND length(name) < 40", some % 10)


def tag(act: Act) -> None:
    """Change the junction of orders and tags."""
    order = _order(act)
    act.do(b"DELETE FROM order_tags WHERE order_id = %s", order)
    act.do(
        b"INSERT INTO order_tags (order_id, tag_id) SELECT %s, id FROM tags WHERE id %% 3 = %s ON CONFLICT DO NOTHING",
        *(order, act.random.randrange(3)),
    )


def pay(act: Act) -> None:
    """Book a payment, or let the last one go."""
    order = _order(act)
    if act.random.random() < 0.5:
        act.do(b"DELETE FROM payments WHERE id = (SELECT max(id) FROM payments WHERE order_id = %s)", order)
    else:
        act.do(
            b"INSERT INTO payments (order_id, method, amount) VALUES (%s, 'card', %s)",
            *(order, act.random.randrange(1, 9999) / 100),
        )
