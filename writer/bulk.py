"""Pure: rows of finished orders for a fast first load, as COPY wants them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from writer import order_notes
from writer.display_numbers import order_number
from writer.rules import Status, total
from writer.vocabulary import vocabulary

# Without another date, seeded orders were placed in a fixed period: a seed always gives the same rows.
PERIOD = timedelta(days=540)
LAST_DAY = datetime(2025, 1, 1, 8, tzinfo=UTC) + PERIOD

# How many of a hundred seeded orders are in which state. Most of a shop's orders are long delivered.
_SHARES = {
    Status.DELIVERED: 60,
    Status.SHIPPED: 12,
    Status.PAID: 9,
    Status.PLACED: 9,
    Status.CANCELLED: 5,
    Status.RETURNED: 3,
    Status.DRAFT: 2,
}
_LEFT_THE_HOUSE = {
    Status.SHIPPED: "in_transit",
    Status.DELIVERED: "delivered",
    Status.RETURNED: "returned",
}
_LINE_COUNTS = (1, 2, 2, 3, 3, 3, 4, 6)


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer's id and the ids of the addresses."""

    id: int
    addresses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """A product's id and price."""

    id: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Stock:
    """What orders are made from: ids that exist in the database."""

    buyers: Sequence[Buyer]
    articles: Sequence[Article]
    tag_ids: Sequence[int]


@dataclass(slots=True)
class Batch:
    """Rows by table. Columns are in the order of COLUMNS."""

    orders: list[tuple[object, ...]] = field(default_factory=list)
    order_lines: list[tuple[object, ...]] = field(default_factory=list)
    payments: list[tuple[object, ...]] = field(default_factory=list)
    shipments: list[tuple[object, ...]] = field(default_factory=list)
    order_tags: list[tuple[object, ...]] = field(default_factory=list)


COLUMNS = {
    "orders": "id, number, customer_id, ship_address_id, bill_address_id, status, total, notes,"
    " created_at, placed_at, updated_at",
    "order_lines": "order_id, line_no, product_id, quantity, unit_price",
    "payments": "order_id, kind, method, amount, reference, paid_at",
    "shipments": "order_id, carrier, tracking_number, status, shipped_at, delivered_at",
    "order_tags": "order_id, tag_id, tagged_at",
}


def batch(rng: Random, stock: Stock, ids: Sequence[tuple[int, int]], until: datetime = LAST_DAY) -> Batch:
    """One order for each (order id, running number), placed in the PERIOD that ends at `until`. Nothing that happens to
    it is later."""
    rows = Batch()
    for order_id, running in ids:
        _order(rng, stock, rows, order_id, running, until)
    return rows


def batches(size: int, most: int) -> Iterator[int]:
    """Cuts `size` into parts of at most `most`."""
    for start in range(0, size, most):
        yield min(most, size - start)


def _order(rng: Random, stock: Stock, rows: Batch, order_id: int, running: int, until: datetime) -> None:
    status = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
    created = until - PERIOD + timedelta(seconds=rng.randrange(int(PERIOD.total_seconds())))
    number = order_number(created.year, running)
    amount = _lines(rng, stock, rows, order_id)
    updated = min(until, created + timedelta(minutes=rng.randrange(1, 6000)))
    buyer = rng.choice(stock.buyers)
    rows.orders.append(
        (
            order_id,
            number,
            buyer.id,
            rng.choice(buyer.addresses),
            buyer.addresses[0],
            status,
            amount,
            order_notes.order_notes(rng),
            created,
            None if status is Status.DRAFT else created,
            updated,
        )
    )
    if status not in (Status.DRAFT, Status.PLACED):
        _payments(rng, rows, order_id, number, status, amount, created, until)
    if status in _LEFT_THE_HOUSE:
        _shipments(rng, rows, order_id, number, status, created, until)
    if rng.random() < 0.15:
        rows.order_tags.extend(
            (order_id, tag, created) for tag in rng.sample(stock.tag_ids, min(2, len(stock.tag_ids)))
        )


def _lines(rng: Random, stock: Stock, rows: Batch, order_id: int) -> Decimal:
    articles = rng.sample(stock.articles, min(rng.choice(_LINE_COUNTS), len(stock.articles)))
    lines = [(article, rng.choice((1, 1, 1, 2, 2, 3, 5))) for article in articles]
    rows.order_lines.extend(
        (order_id, line_no, article.id, quantity, article.price)
        for line_no, (article, quantity) in enumerate(lines, start=1)
    )
    return total((quantity, article.price) for article, quantity in lines)


def _payments(
    rng: Random,
    rows: Batch,
    order_id: int,
    number: str,
    status: Status,
    amount: Decimal,
    created: datetime,
    until: datetime,
) -> None:
    method = rng.choice(vocabulary().lists["payment_methods"])
    paid_at = min(until, created + timedelta(minutes=rng.randrange(1, 600)))
    reference = f"{method[:4].upper()}-{rng.randrange(10**9):09d}"
    rows.payments.append((order_id, "payment", method, amount, reference, paid_at))
    if status in (Status.CANCELLED, Status.RETURNED):
        refunded_at = min(until, paid_at + timedelta(hours=rng.randrange(1, 400)))
        rows.payments.append((order_id, "refund", method, -amount, f"REFUND-{number}", refunded_at))


def _shipments(
    rng: Random, rows: Batch, order_id: int, number: str, status: Status, created: datetime, until: datetime
) -> None:
    carrier = rng.choice(vocabulary().lists["carriers"])
    shipped_at = min(until, created + timedelta(hours=rng.randrange(12, 72)))
    arrived = None if status is Status.SHIPPED else min(until, shipped_at + timedelta(hours=rng.randrange(12, 120)))
    for parcel in range(1, rng.choice((1, 1, 1, 1, 2)) + 1):
        tracking = f"{carrier[:2].upper()}{number[3:].replace('-', '')}-{parcel}"
        rows.shipments.append((order_id, carrier, tracking, _LEFT_THE_HOUSE[status], shipped_at, arrived))
