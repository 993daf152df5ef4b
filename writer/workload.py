"""Pure: an endless, seeded sequence of commands that the business rules accept."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from random import Random

from writer import catalogue, customer_data, order_notes
from writer import commands as c
from writer.mix import WORKDAY
from writer.rules import Action, Status
from writer.shop import KnownCustomer, Shop, World, new_world
from writer.vocabulary import vocabulary

# The first deposit on an order. It is below every possible total: the cheapest product costs 3.00.
_DEPOSIT = Decimal("1.00")
_MAX_LINES = 8
_TRIES = 10
_MOST_CUSTOMERS = 10_000  # Memory stays flat however long a workload runs.


def commands(seed: int, mix: Mapping[str, int] = WORKDAY, world: World | None = None) -> Iterator[c.Command]:
    """Commands without end, the same for the same seed, mix and world.

    Without a world they begin with an empty order book over the catalogue and customers of `new_world(seed)`.
    A kind that is impossible at the moment (nothing to ship) gives way to another one of the mix, and when the
    mix has none that is possible, to a new order.
    """
    rng = Random(f"workload-{seed}")
    shop = Shop(world or new_world(seed), rng)
    kinds, weights = list(mix), list(mix.values())
    while True:
        tries = (_MAKERS[kind](shop) for kind in rng.choices(kinds, weights, k=_TRIES))
        yield next((command for command in tries if command is not None), None) or _place(shop)


def _place(shop: Shop) -> c.PlaceOrder:
    return _new_order(shop, draft=False)


def _draft(shop: Shop) -> c.PlaceOrder:
    return _new_order(shop, draft=True)


def _new_order(shop: Shop, draft: bool) -> c.PlaceOrder:
    customer = shop.rng.choice(shop.customers)
    skus = shop.rng.sample(shop.world.skus, min(shop.rng.choice((1, 2, 2, 3, 3, 4, 6)), len(shop.world.skus)))
    lines = tuple(c.Line(sku, shop.rng.choice((1, 1, 1, 2, 2, 3, 5, 12))) for sku in skus)
    number = next(shop.world.order_numbers)
    shop.add(number, Status.DRAFT if draft else Status.PLACED, lines)
    return c.PlaceOrder(
        number=number,
        customer=customer.number,
        ship_to=shop.rng.choice(customer.labels),
        bill_to=customer.labels[0],
        lines=lines,
        notes=order_notes.order_notes(shop.rng),
        draft=draft,
    )


def _submit(shop: Shop) -> c.SubmitDraft | None:
    number = _acted(shop, Action.PLACE, Status.DRAFT)
    return None if number is None else c.SubmitDraft(number=number)


def _amend(shop: Shop) -> c.AmendOrder | None:
    # An amended order may become paid when its total falls to what was paid, which the model does not follow:
    # an order with a deposit keeps a total above it, because every product costs more than the deposit.
    number = _acted(shop, Action.AMEND, Status.DRAFT, Status.PLACED, Status.PAID)
    if number is None:
        return None
    lines = _changed(shop, list(shop.lines(number) or ()))
    shop.set_lines(number, lines)
    notes = order_notes.order_notes(shop.rng) if shop.rng.random() < 0.3 else None
    return c.AmendOrder(number=number, lines=lines, notes=notes)


def _changed(shop: Shop, lines: list[c.Line]) -> tuple[c.Line, ...]:
    """One line less, another quantity, or one line more."""
    change = shop.rng.randrange(3)
    if change == 0 and len(lines) > 1:
        lines.pop(shop.rng.randrange(len(lines)))
    elif change == 1 and lines:
        place = shop.rng.randrange(len(lines))
        lines[place] = c.Line(lines[place].sku, lines[place].quantity % 12 + 1)
    else:
        sku = shop.rng.choice(shop.world.skus)
        lines = [line for line in lines if line.sku != sku][: _MAX_LINES - 1]
        lines.append(c.Line(sku, shop.rng.randrange(1, 6)))
    return tuple(lines)


def _deposit(shop: Shop) -> c.PayOrder | None:
    number = shop.pick(Status.PLACED)
    if number is None or not shop.deposit(number):
        return None
    return _payment(shop, number, _DEPOSIT)


def _pay(shop: Shop) -> c.PayOrder | None:
    number = _acted(shop, Action.PAY, Status.PLACED)
    return None if number is None else _payment(shop, number, None)


def _payment(shop: Shop, number: str, amount: Decimal | None) -> c.PayOrder:
    method = shop.rng.choice(vocabulary().lists["payment_methods"])
    reference = f"{method[:4].upper()}-{shop.rng.randrange(10**9):09d}"
    return c.PayOrder(number=number, method=method, amount=amount, reference=reference)


def _ship(shop: Shop) -> c.ShipOrder | None:
    number = _acted(shop, Action.SHIP, Status.PAID)
    if number is None:
        return None
    carrier = shop.rng.choice(vocabulary().lists["carriers"])
    parcels = shop.rng.choice((1, 1, 1, 2, 3))
    # The order's own number makes the tracking number unique.
    tracking = f"{carrier[:2].upper()}{number[3:].replace('-', '')}"
    return c.ShipOrder(number=number, carrier=carrier, tracking=tracking, parcels=parcels)


def _deliver(shop: Shop) -> c.DeliverOrder | None:
    number = _acted(shop, Action.DELIVER, Status.SHIPPED)
    return None if number is None else c.DeliverOrder(number=number)


def _cancel(shop: Shop) -> c.CancelOrder | None:
    number = _acted(shop, Action.CANCEL, Status.DRAFT, Status.PLACED, Status.PAID)
    reason = shop.rng.choice(vocabulary().lists["cancel_reasons"])
    return None if number is None else c.CancelOrder(number=number, reason=reason)


def _return(shop: Shop) -> c.ReturnOrder | None:
    number = _acted(shop, Action.RETURN, Status.SHIPPED, Status.DELIVERED)
    reason = shop.rng.choice(vocabulary().lists["return_reasons"])
    return None if number is None else c.ReturnOrder(number=number, reason=reason)


def _archive(shop: Shop) -> c.ArchiveOrder | None:
    number = _acted(shop, Action.ARCHIVE, Status.CANCELLED, Status.RETURNED)
    return None if number is None else c.ArchiveOrder(number=number)


def _delete(shop: Shop) -> c.DeleteOrder | None:
    number = _acted(shop, Action.DELETE, Status.DRAFT, Status.CANCELLED)
    return None if number is None else c.DeleteOrder(number=number)


def _tag(shop: Shop) -> c.TagOrder | None:
    number = shop.pick(Status.PLACED, Status.PAID, Status.SHIPPED)
    if number is None:
        return None
    tag = shop.rng.choice(vocabulary().lists["tags"])
    shop.tag(number, tag)
    return c.TagOrder(number=number, tag=tag)


def _untag(shop: Shop) -> c.UntagOrder | None:
    untagged = shop.untag()
    return None if untagged is None else c.UntagOrder(number=untagged[0], tag=untagged[1])


def _delete_tag(shop: Shop) -> c.DeleteTag | None:
    tag = shop.delete_tag()
    return None if tag is None else c.DeleteTag(name=tag)


def _new_customer(shop: Shop) -> c.CreateCustomer:
    number = next(shop.world.customer_numbers)
    command = customer_data.customer(shop.rng, number)
    labels = tuple(address.label for address in command.addresses)
    known = KnownCustomer(number, command.name, labels)
    if len(shop.customers) < _MOST_CUSTOMERS:
        shop.customers.append(known)
    else:
        shop.customers[shop.rng.randrange(_MOST_CUSTOMERS)] = known
    return command


def _change_customer(shop: Shop) -> c.ChangeCustomer:
    place = shop.rng.randrange(len(shop.customers))
    customer = shop.customers[place]
    if shop.rng.random() < 0.5:
        return c.ChangeCustomer(number=customer.number, company=customer_data.company(shop.rng))
    last = shop.rng.choice(vocabulary().lists["last_names"])
    name = f"{customer.name.partition(' ')[0]} {last}"
    shop.customers[place] = KnownCustomer(customer.number, name, customer.labels)
    return c.ChangeCustomer(number=customer.number, name=name)


def _move_address(shop: Shop) -> c.MoveAddress:
    customer = shop.rng.choice(shop.customers)
    moved = customer_data.address(shop.rng, shop.rng.choice(customer.labels), customer.name)
    return c.MoveAddress(customer=customer.number, address=moved)


def _rename(shop: Shop) -> c.RenameProduct:
    words = vocabulary()
    sku = shop.rng.choice(shop.world.skus)
    adjective = shop.rng.choice(words.lists["adjectives"])
    family = words.family(sku)
    if family is None:
        return c.RenameProduct(sku=sku, name=f"{adjective} {sku}")
    return c.RenameProduct(sku=sku, name=catalogue.name(family, shop.rng.choice(family.materials), adjective))


def _reprice(shop: Shop) -> c.RepriceProduct:
    sku = shop.rng.choice(shop.world.skus)
    family = vocabulary().family(sku) or vocabulary().families[0]
    return c.RepriceProduct(sku=sku, price=catalogue.price(shop.rng, family))


def _acted(shop: Shop, action: Action, *statuses: Status) -> str | None:
    """An order in one of the states, moved on in the model; None when there is none."""
    number = shop.pick(*statuses)
    if number is not None:
        shop.act(number, action)
    return number


_MAKERS: dict[str, Callable[[Shop], c.Command | None]] = {
    "place": _place,
    "draft": _draft,
    "submit": _submit,
    "amend": _amend,
    "deposit": _deposit,
    "pay": _pay,
    "ship": _ship,
    "deliver": _deliver,
    "cancel": _cancel,
    "return": _return,
    "archive": _archive,
    "delete": _delete,
    "tag": _tag,
    "untag": _untag,
    "delete_tag": _delete_tag,
    "new_customer": _new_customer,
    "change_customer": _change_customer,
    "move_address": _move_address,
    "rename": _rename,
    "reprice": _reprice,
}
