"""Pure: the small model of the shop that a workload keeps, so that its commands follow the business rules."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from writer import catalogue, customer_data, display_numbers
from writer.commands import Line
from writer.rules import Action, Status, after
from writer.vocabulary import vocabulary

# Orders remembered a state. Forgotten ones are never changed again, so that memory stays flat in a long run.
REMEMBERED = 2000


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer that orders can be placed for, with the labels of the address book."""

    number: str
    name: str
    labels: tuple[str, ...]


@dataclass(slots=True)
class World:
    """Where a workload begins: what exists already, and where new numbers come from."""

    customers: list[KnownCustomer]
    skus: list[str]
    orders: list[tuple[str, Status]]
    tags: list[str]
    order_numbers: Iterator[str]
    customer_numbers: Iterator[str]


def new_world(seed: int, customers: int = 50, products: int = 300) -> World:
    """The world right after `seed` has made a catalogue and customers, without orders."""
    rng = Random(f"customers-{seed}")
    generated = (customer_data.customer(rng, display_numbers.customer_number(n)) for n in range(1, customers + 1))
    return World(
        customers=[KnownCustomer(c.number or "", c.name, tuple(a.label for a in c.addresses)) for c in generated],
        skus=[product.sku for product in catalogue.products(seed, products)],
        orders=[],
        tags=list(vocabulary().lists["tags"]),
        order_numbers=display_numbers.counted_orders(2026),
        customer_numbers=display_numbers.counted_customers(customers + 1),
    )


@dataclass(slots=True)
class _Pool:
    """Order numbers in one state: random choice, addition and removal in constant time."""

    members: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def add(self, number: str) -> None:
        self.places[number] = len(self.members)
        self.members.append(number)

    def remove(self, number: str) -> None:
        place = self.places.pop(number)
        last = self.members.pop()
        if last != number:
            self.members[place] = last
            self.places[last] = place


class Shop:
    """The orders a workload knows, by state, and what it remembers of them."""

    def __init__(self, world: World, rng: Random) -> None:
        self.rng = rng
        self.world = world
        self.customers = list(world.customers)
        self.tags = list(world.tags)
        self._pools = {status: _Pool() for status in Status}
        self._lines: dict[str, tuple[Line, ...]] = {}
        self._deposits: set[str] = set()
        self._tagged: dict[str, set[str]] = {}
        for number, status in world.orders:
            self._remember(number, status)

    def add(self, number: str, status: Status, lines: tuple[Line, ...]) -> None:
        """A new order."""
        self._remember(number, status)
        self._lines[number] = lines

    def pick(self, *statuses: Status) -> str | None:
        """Some order in one of the states, None when there is none."""
        filled = [self._pools[status] for status in statuses if self._pools[status].members]
        return self.rng.choice(self.rng.choice(filled).members) if filled else None

    def act(self, number: str, action: Action) -> None:
        """Moves the order as the business rules do; archived and deleted orders are forgotten."""
        status = next(s for s, pool in self._pools.items() if number in pool.places)
        following = after(number, status, action)
        self._pools[status].remove(number)
        if following is None or action is Action.ARCHIVE:
            self._forget(number)
        else:
            self._remember(number, following)

    def lines(self, number: str) -> tuple[Line, ...] | None:
        """The order's lines, when this workload wrote them."""
        return self._lines.get(number)

    def set_lines(self, number: str, lines: tuple[Line, ...]) -> None:
        """The order was amended."""
        self._lines[number] = lines

    def deposit(self, number: str) -> bool:
        """True for the first deposit on an order only."""
        first = number not in self._deposits
        self._deposits.add(number)
        return first

    def tag(self, number: str, tag: str) -> None:
        """The order now carries the tag, and the tag exists."""
        self._tagged.setdefault(number, set()).add(tag)
        if tag not in self.tags:
            self.tags.append(tag)

    def untag(self) -> tuple[str, str] | None:
        """Takes some tag off some order; returns both."""
        if not self._tagged:
            return None
        number = self.rng.choice(list(self._tagged)[-50:])
        tag = self.rng.choice(sorted(self._tagged[number]))
        self._tagged[number].discard(tag)
        if not self._tagged[number]:
            del self._tagged[number]
        return number, tag

    def delete_tag(self) -> str | None:
        """Removes some tag everywhere; returns it."""
        if not self.tags:
            return None
        tag = self.rng.choice(self.tags)
        self.tags.remove(tag)
        for number in [number for number, tags in self._tagged.items() if tag in tags]:
            self._tagged[number].discard(tag)
            if not self._tagged[number]:
                del self._tagged[number]
        return tag

    def _remember(self, number: str, status: Status) -> None:
        pool = self._pools[status]
        if len(pool.members) >= REMEMBERED:
            oldest = pool.members[0]
            pool.remove(oldest)
            self._forget(oldest)
        pool.add(number)

    def _forget(self, number: str) -> None:
        self._lines.pop(number, None)
        self._deposits.discard(number)
        self._tagged.pop(number, None)
