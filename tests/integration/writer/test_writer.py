"""The order application against a real PostgreSQL: commands, seed and load."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import psycopg
import pytest
from psycopg import sql

from writer import commands as c
from writer.database import Database
from writer.errors import (
    ConflictError,
    DatabaseUnavailableError,
    NotFoundError,
    NotReadyError,
    RuleBrokenError,
)
from writer.load import Limit, RunningLoad, run_load
from writer.workload import commands as workload


def first_row(connection: psycopg.Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def test_an_order_goes_the_whole_way(shop: Database, rows: psycopg.Connection, placed: str) -> None:
    when = "SELECT placed_at FROM orders WHERE number = %s"
    placed_at = first_row(rows, when, placed)
    shop.run(c.PayOrder(number=placed, method="card", amount=Decimal("1.00")))
    assert shop.order(placed)["status"] == "placed"
    shop.run(c.PayOrder(number=placed, method="wallet"))
    assert first_row(rows, when, placed) == placed_at
    shop.run(c.ShipOrder(number=placed, carrier="DHL", tracking=f"DH{placed[3:]}", parcels=2))
    shop.run(c.DeliverOrder(number=placed))
    shop.run(c.ReturnOrder(number=placed, reason="Too large."))
    row = first_row(
        rows,
        """SELECT o.status::text, o.notes, (SELECT sum(amount) FROM payments p WHERE p.order_id = o.id),
                  (SELECT array_agg(DISTINCT s.status::text) FROM shipments s WHERE s.order_id = o.id)
             FROM orders o WHERE number = %s""",
        placed,
    )
    assert row == ("returned", "Ring twice.\nToo large.", Decimal("0.00"), ["returned"])
    shop.run(c.ArchiveOrder(number=placed))
    with pytest.raises(NotFoundError, match=placed):
        shop.order(placed)
    assert first_row(rows, "SELECT deleted_at IS NOT NULL FROM orders WHERE number = %s", placed)


def test_a_draft_is_placed_once_and_a_free_order_is_paid(shop: Database, rows: psycopg.Connection) -> None:
    world = shop.world()
    customer, label = world.customers[2].number, world.customers[2].labels[0]
    gift = c.AddProduct(
        sku="GIFT-1",
        category=first_row(rows, "SELECT slug FROM categories ORDER BY id DESC LIMIT 1"),
        name="Sample of fabric",
        description="",
        price=Decimal("0.00"),
        attributes={},
    )
    shop.run(gift)
    lines = (c.Line("GIFT-1", 1),)
    placed_gift = shop.run(c.PlaceOrder(customer=customer, ship_to=label, bill_to=label, lines=lines)).name
    draft = shop.run(c.PlaceOrder(customer=customer, ship_to=label, bill_to=label, lines=lines, draft=True)).name
    when = "SELECT status::text, placed_at IS NOT NULL FROM orders WHERE number = %s"
    assert first_row(rows, when, draft) == ("draft", False)
    shop.run(c.SubmitDraft(number=draft))
    assert first_row(rows, when, placed_gift) == first_row(rows, when, draft) == ("paid", True)
    shop.run(c.ShipOrder(number=placed_gift, carrier="DHL", tracking="GIFT"))


def test_amending_a_paid_order_keeps_its_sums_consistent(shop: Database, rows: psycopg.Connection, placed: str) -> None:
    shop.run(c.PayOrder(number=placed, method="card"))
    skus = shop.world().skus
    shop.run(c.AmendOrder(number=placed, lines=(c.Line(skus[0], 1), c.Line(skus[5], 4))))
    order_id, total, status = first_row(rows, "SELECT id, total, status::text FROM orders WHERE number = %s", placed)
    lines = rows.execute(
        """SELECT p.sku, l.line_no, l.quantity FROM order_lines l JOIN products p ON p.id = l.product_id
            WHERE l.order_id = %s ORDER BY l.line_no""",
        (order_id,),
    ).fetchall()
    assert lines == [(skus[0], 1, 1), (skus[5], 3, 4)]
    paid = first_row(rows, "SELECT sum(amount) FROM payments WHERE order_id = %s", order_id)
    summed = first_row(rows, "SELECT sum(quantity * unit_price) FROM order_lines WHERE order_id = %s", order_id)
    assert (status, paid, summed) == ("paid", total, total)


def test_a_broken_rule_changes_nothing(shop: Database, rows: psycopg.Connection, placed: str) -> None:
    before = first_row(rows, "SELECT o::text FROM orders o WHERE number = %s", placed)
    with pytest.raises(RuleBrokenError, match=f"{placed} is placed and cannot be changed by 'ship'"):
        shop.run(c.ShipOrder(number=placed, carrier="DHL", tracking="X"))
    with pytest.raises(RuleBrokenError, match="not a payment method"):
        shop.run(c.PayOrder(number=placed, method="shells"))
    with pytest.raises(NotFoundError, match="NOPE-1"):
        shop.run(c.AmendOrder(number=placed, lines=(c.Line("NOPE-1", 1),)))
    assert first_row(rows, "SELECT o::text FROM orders o WHERE number = %s", placed) == before


def test_deleting_a_cancelled_order_takes_everything_with_it(
    shop: Database, rows: psycopg.Connection, placed: str
) -> None:
    order_id = first_row(rows, "SELECT id FROM orders WHERE number = %s", placed)
    shop.run(c.PayOrder(number=placed, method="card"))
    shop.run(c.TagOrder(number=placed, tag="urgent"))
    with pytest.raises(RuleBrokenError, match="delete"):
        shop.run(c.DeleteOrder(number=placed))
    shop.run(c.CancelOrder(number=placed))
    shop.run(c.DeleteOrder(number=placed))
    for table in ("order_lines", "payments", "order_tags"):
        query = sql.SQL("SELECT count(*) FROM {} WHERE order_id = %s").format(sql.Identifier(table))
        assert rows.execute(query, (order_id,)).fetchone() == (0,)


def test_tags_come_and_go(shop: Database, rows: psycopg.Connection, placed: str) -> None:
    shop.run(c.TagOrder(number=placed, tag="blue"))
    shop.run(c.TagOrder(number=placed, tag="green"))
    shop.run(c.UntagOrder(number=placed, tag="green"))
    shop.run(c.DeleteTag(name="blue"))
    count = "SELECT count(*) FROM order_tags t JOIN orders o ON o.id = t.order_id WHERE o.number = %s"
    assert first_row(rows, count, placed) == 0
    with pytest.raises(NotFoundError, match="blue"):
        shop.run(c.DeleteTag(name="blue"))


def test_customers_and_products_change(shop: Database, rows: psycopg.Connection) -> None:
    home = c.Address("home", "Zoë Groß", "Nørregade 1", "1165", "København", "Denmark")
    number = shop.run(
        c.CreateCustomer(name="Zoë Groß", email="zoe@example.org", country="Denmark", addresses=(home,))
    ).name
    shop.run(c.ChangeCustomer(number=number, company="Two Bridges Books"))
    moved = c.Address("home", "Zoë Groß", "Storgatan 2", "21142", "Malmö", "Sweden")
    shop.run(c.MoveAddress(customer=number, address=moved))
    row = first_row(
        rows,
        """SELECT c.name, c.company, a.city FROM customers c JOIN addresses a ON a.customer_id = c.id
            WHERE c.number = %s""",
        number,
    )
    assert row == ("Zoë Groß", "Two Bridges Books", "Malmö")
    with pytest.raises(ConflictError, match="customers_email_key"):
        shop.run(c.CreateCustomer(name="Z", email="zoe@example.org", country="Denmark", addresses=(home,)))
    sku = shop.world().skus[9]
    shop.run(c.RenameProduct(sku=sku, name="Singing kettle"))
    shop.run(c.RepriceProduct(sku=sku, price=Decimal("19.99")))
    assert first_row(rows, "SELECT name, price FROM products WHERE sku = %s", sku) == (
        "Singing kettle",
        Decimal("19.99"),
    )


def test_a_workload_runs_without_a_refusal_and_the_books_agree(shop: Database, rows: psycopg.Connection) -> None:
    commits: list[tuple[str, datetime]] = []
    counts = run_load(
        shop,
        workload(5, world=shop.world()),
        limit=Limit(commands=600),
        on_commit=lambda _command, number, at: commits.append((number, at)),
    )
    assert (counts.committed, counts.refused) == (600, 0)
    assert counts.orders == counts.by_command["PlaceOrder"] > 0
    assert 0 < len(commits) < 600
    assert all(at.tzinfo is UTC for _, at in commits)
    wrong = """SELECT count(*) FROM orders o WHERE total IS DISTINCT FROM
        (SELECT sum(quantity * unit_price) FROM order_lines l WHERE l.order_id = o.id)"""
    assert first_row(rows, wrong) == 0
    unpaid = """SELECT count(*) FROM orders o WHERE status IN ('paid', 'shipped', 'delivered') AND total <>
        (SELECT coalesce(sum(amount), 0) FROM payments p WHERE p.order_id = o.id)"""
    assert first_row(rows, unpaid) == 0


def test_a_load_in_its_own_thread_stops_when_told(shop: Database) -> None:
    first = workload(6, world=shop.world())
    running = RunningLoad(shop, first, rate=500, limit=Limit(commands=50))
    assert running.wait().committed == 50
    endless = RunningLoad(shop, first, rate=0.01)
    assert endless.running
    endless.stop()
    assert not endless.running


def test_the_seed_is_the_same_for_the_same_arguments(new_database: Any) -> None:
    digests = []
    for _ in range(2):
        with Database(new_database()) as database:
            database.create_schema()
            database.seed(120, seed=3, products=60, customers=20)
            numbers = database.world().orders
            digests.append((numbers, [database.order(number) for number, _ in numbers[:20]]))
    assert digests[0] == digests[1]


def test_a_seeded_text_is_stored_out_of_line(rows: psycopg.Connection) -> None:
    toasted = """SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'orders'::regclass"""
    assert first_row(rows, toasted) > 0


def test_schema_and_server_errors_differ(new_database: Any, shop: Database) -> None:
    with Database(new_database()) as database:
        assert not database.has_schema()
        with pytest.raises(NotReadyError, match="python -m writer init"):
            database.world()
        database.create_schema()
        with pytest.raises(NotReadyError, match="python -m writer seed"):
            database.world()
    with pytest.raises(ConflictError, match="empty database"):
        shop.create_schema()
    with pytest.raises(DatabaseUnavailableError) as refused:
        Database("postgresql://shop:secret@127.0.0.1:1/shop", timeout_s=1)
    assert "secret" not in str(refused.value)


def test_workload_numbers_never_meet_those_of_the_application(shop: Database, placed: str) -> None:
    numbers = set(islice(shop.world().order_numbers, 250))
    assert len(numbers) == 250
    assert placed not in numbers
