"""Products and the tags of the staff."""

from psycopg import Connection
from psycopg.types.json import Jsonb

from writer import rules
from writer.commands import AddProduct, DeleteTag, Done, RenameProduct, RepriceProduct, TagOrder, UntagOrder
from writer.errors import NotFoundError
from writer.orders import locked


def add(connection: Connection, command: AddProduct) -> Done:
    """Writes a product in an existing category."""
    name = rules.check_text("product's name", command.name, 200)
    price = rules.check_price(command.sku, command.price)
    row = connection.execute("SELECT id FROM categories WHERE slug = %s", (command.category,)).fetchone()
    if row is None:
        raise NotFoundError("category", command.category)
    connection.execute(
        """INSERT INTO products (category_id, sku, name, description, price, attributes)
           VALUES (%s, %s, %s, %s, %s, %s)""",
        (row[0], command.sku, name, command.description, price, Jsonb(command.attributes)),
    )
    return Done("product", command.sku)


def rename(connection: Connection, command: RenameProduct) -> Done:
    """Gives a product another name and, when given, another description."""
    name = rules.check_text("product's name", command.name, 200)
    cursor = connection.execute(
        """UPDATE products SET name = %s, description = coalesce(%s, description), updated_at = now()
            WHERE sku = %s""",
        (name, command.description, command.sku),
    )
    if cursor.rowcount == 0:
        raise NotFoundError("product", command.sku)
    return Done("product", command.sku)


def reprice(connection: Connection, command: RepriceProduct) -> Done:
    """Changes today's price."""
    price = rules.check_price(command.sku, command.price)
    cursor = connection.execute(
        "UPDATE products SET price = %s, updated_at = now() WHERE sku = %s", (price, command.sku)
    )
    if cursor.rowcount == 0:
        raise NotFoundError("product", command.sku)
    return Done("product", command.sku)


def tag_order(connection: Connection, command: TagOrder) -> Done:
    """Puts a tag on an order; a second time changes nothing."""
    order = locked(connection, command.number)
    name = rules.check_text("tag", command.tag, 50)
    connection.execute("INSERT INTO tags (name) VALUES (%s) ON CONFLICT DO NOTHING", (name,))
    connection.execute(
        """INSERT INTO order_tags (order_id, tag_id) SELECT %s, id FROM tags WHERE name = %s
           ON CONFLICT DO NOTHING""",
        (order.id, name),
    )
    return Done("order", order.number)


def untag_order(connection: Connection, command: UntagOrder) -> Done:
    """Takes a tag off an order. Raises NotFoundError when the order does not carry it."""
    order = locked(connection, command.number)
    cursor = connection.execute(
        "DELETE FROM order_tags USING tags WHERE order_id = %s AND tag_id = tags.id AND tags.name = %s",
        (order.id, command.tag),
    )
    if cursor.rowcount == 0:
        raise NotFoundError("tag", f"{command.tag}' on order '{order.number}")
    return Done("order", order.number)


def delete_tag(connection: Connection, command: DeleteTag) -> Done:
    """Removes a tag from every order."""
    cursor = connection.execute("DELETE FROM tags WHERE name = %s", (command.name,))
    if cursor.rowcount == 0:
        raise NotFoundError("tag", command.name)
    return Done("tag", command.name)
