"""The order application's workload and its data: seeded, varied, and never against the rules."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from random import Random

import pytest

from writer import bulk, catalogue, commands, order_notes
from writer.mix import FAN_OUT, WORKDAY, MixError, parse_mix
from writer.rules import Action, Status, after
from writer.shop import new_world
from writer.workload import commands as workload

ACTIONS: dict[type, Action] = {
    commands.SubmitDraft: Action.PLACE,
    commands.AmendOrder: Action.AMEND,
    commands.ShipOrder: Action.SHIP,
    commands.DeliverOrder: Action.DELIVER,
    commands.CancelOrder: Action.CANCEL,
    commands.ReturnOrder: Action.RETURN,
    commands.ArchiveOrder: Action.ARCHIVE,
    commands.DeleteOrder: Action.DELETE,
}


def test_the_same_seed_gives_the_same_commands() -> None:
    assert list(islice(workload(7), 3000)) == list(islice(workload(7), 3000))


def test_another_seed_gives_other_commands() -> None:
    assert list(islice(workload(7), 100)) != list(islice(workload(8), 100))


def test_every_kind_of_command_occurs() -> None:
    seen = Counter(type(command) for command in islice(workload(1), 5000))
    expected = set(ACTIONS) | {commands.PlaceOrder, commands.PayOrder, commands.TagOrder, commands.UntagOrder}
    expected |= {commands.DeleteTag, commands.CreateCustomer, commands.ChangeCustomer, commands.MoveAddress}
    assert expected | {commands.RenameProduct, commands.RepriceProduct} == set(seen)


def test_no_command_breaks_the_state_machine() -> None:
    states: dict[str, Status] = {}
    for command in islice(workload(3), 10_000):
        if isinstance(command, commands.PlaceOrder):
            assert command.number is not None
            states[command.number] = Status.DRAFT if command.draft else Status.PLACED
        elif isinstance(command, commands.PayOrder):
            paid = after(command.number, states[command.number], Action.PAY)
            assert paid is Status.PAID
            states[command.number] = paid if command.amount is None else states[command.number]
        elif (action := ACTIONS.get(type(command))) is not None:
            number: str = asdict(command)["number"]
            following = after(number, states[number], action)
            if following is None or action is Action.ARCHIVE:
                del states[number]
            else:
                states[number] = following


def test_a_mix_without_orders_places_none() -> None:
    kinds = {type(command) for command in islice(workload(1, FAN_OUT), 200)}
    assert commands.PlaceOrder not in kinds
    assert commands.RenameProduct in kinds


def test_a_workload_builds_on_orders_that_exist() -> None:
    world = new_world(1)
    world.orders.append(("SO-2026-900000", Status.SHIPPED))
    assert list(islice(workload(1, {"deliver": 1}, world), 1)) == [commands.DeliverOrder(number="SO-2026-900000")]


def test_a_smaller_catalogue_is_the_beginning_of_a_larger_one() -> None:
    large = list(catalogue.products(1, 400))
    assert list(catalogue.products(1, 300)) == large[:300]


def test_products_are_unique_and_belong_to_the_tree() -> None:
    products = list(catalogue.products(1, catalogue.MAX_PRODUCTS))
    tree = list(catalogue.categories())
    assert len({product.sku for product in products}) == catalogue.MAX_PRODUCTS
    assert len({product.name for product in products}) == catalogue.MAX_PRODUCTS
    assert {product.category for product in products} <= {c.slug for c in tree if c.parent is not None}
    assert len({product.sku[:3] for product in list(catalogue.products(1, 300))}) >= 50


def test_customers_have_international_names() -> None:
    names = "".join(customer.name for customer in new_world(1, customers=200).customers)
    assert len({letter for letter in names if not letter.isascii()}) > 15


def test_some_notes_are_long_and_hard_to_compress() -> None:
    rng = Random(1)
    notes = [order_notes.order_notes(rng) for _ in range(2000)]
    long = [note for note in notes if note is not None and len(note) > 4000]
    assert 10 <= len(long) <= 100
    assert notes.count(None) > 500


def test_bulk_rows_are_deterministic_and_consistent() -> None:
    stock = bulk.Stock(
        buyers=[bulk.Buyer(1, (1, 2)), bulk.Buyer(2, (3,))],
        articles=[bulk.Article(n, product.price) for n, product in enumerate(catalogue.products(1, 20))],
        tag_ids=[1, 2, 3],
    )
    ids = [(n, n) for n in range(1, 501)]
    rows = bulk.batch(Random(1), stock, ids)
    assert rows == bulk.batch(Random(1), stock, ids)
    assert {row[0] for row in rows.order_lines} == {order_id for order_id, _ in ids}
    assert len({row[2] for row in rows.shipments}) == len(rows.shipments)


def test_bulk_orders_end_at_the_day_that_is_asked_for_and_are_otherwise_the_same() -> None:
    stock = bulk.Stock([bulk.Buyer(1, (1,))], [bulk.Article(1, Decimal(3))], [1])
    ids = [(n, n) for n in range(1, 501)]
    today = datetime(2027, 3, 1, tzinfo=UTC)
    placed = _created(bulk.batch(Random(1), stock, ids, today))
    assert placed == [day + (today - bulk.LAST_DAY) for day in _created(bulk.batch(Random(1), stock, ids))]
    assert today - bulk.PERIOD < min(placed)
    assert today - timedelta(days=5) < max(placed) < today


def test_nothing_happens_to_bulk_orders_in_the_future() -> None:
    stock = bulk.Stock([bulk.Buyer(1, (1,))], [bulk.Article(1, Decimal(3))], [1])
    rows = bulk.batch(Random(1), stock, [(n, n) for n in range(1, 501)])
    values = [value for table in bulk.COLUMNS for row in getattr(rows, table) for value in row]
    assert max(value for value in values if isinstance(value, datetime)) == bulk.LAST_DAY


def _created(rows: bulk.Batch) -> list[datetime]:
    column = bulk.COLUMNS["orders"].split(", ").index("created_at")
    return [day for row in rows.orders if isinstance(day := row[column], datetime)]


@pytest.mark.parametrize("text", ["", "place", "place=x", "dance=1", "place=0,amend=0"])
def test_a_mix_that_cannot_be_understood_is_refused(text: str) -> None:
    with pytest.raises(MixError):
        parse_mix(text)


def test_a_mix_is_a_name_or_weights() -> None:
    assert parse_mix("workday") is WORKDAY
    assert set(parse_mix("long-day")) == set(WORKDAY)
    assert parse_mix("place=3, amend=1") == {"place": 3, "amend": 1}
