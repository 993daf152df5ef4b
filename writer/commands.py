"""The commands of the application, as plain values. One command is one transaction."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """A product and its quantity."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Address:
    """An entry of a customer's address book, known by its label ('home', 'office' …)."""

    label: str
    recipient: str
    street: str
    postal_code: str
    city: str
    country: str
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCustomer:
    """`number` is taken from the sequence when it is None."""

    number: str | None = None
    name: str
    email: str
    country: str
    company: str | None = None
    phone: str | None = None
    segment: str = "private"
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCustomer:
    """Fields that are None keep their value."""

    number: str
    name: str | None = None
    email: str | None = None
    company: str | None = None
    phone: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAddress:
    """Replaces the entry with the address's label, or adds it."""

    customer: str
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProduct:
    """`attributes` become jsonb."""

    sku: str
    category: str
    name: str
    description: str
    price: Decimal
    attributes: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameProduct:
    """`description` None keeps the description."""

    sku: str
    name: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepriceProduct:
    """Changes today's price; existing order lines keep theirs."""

    sku: str
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """A new order; a `draft` waits for SubmitDraft. `number` None takes the next one of the sequence."""

    number: str | None = None
    customer: str
    ship_to: str
    bill_to: str
    lines: tuple[Line, ...]
    notes: str | None = None
    draft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitDraft:
    """A draft becomes a placed order."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOrder:
    """Replaces the order's lines; on a paid order the difference is collected or refunded with it."""

    number: str
    lines: tuple[Line, ...]
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOrder:
    """`amount` None pays the whole balance; less than the balance leaves the order placed."""

    number: str
    method: str
    amount: Decimal | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipOrder:
    """Hands the order to a carrier in `parcels` shipments; their numbers are `tracking` with -1, -2 …"""

    number: str
    carrier: str
    tracking: str
    parcels: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverOrder:
    """Every shipment of the order has arrived."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """What was paid is refunded; `reason` is added to the notes."""

    number: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOrder:
    """The goods come back, what was paid is refunded; `reason` is added to the notes."""

    number: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOrder:
    """Hides a finished order: `deleted_at` is set, the rows stay."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOrder:
    """Removes a draft or a cancelled order with everything that belongs to it."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagOrder:
    """Puts a tag on an order; the tag is created when it is new."""

    number: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UntagOrder:
    """Takes a tag off an order."""

    number: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTag:
    """Removes a tag from the application and from every order."""

    name: str


OrderCommand = (
    PlaceOrder
    | SubmitDraft
    | AmendOrder
    | PayOrder
    | ShipOrder
    | DeliverOrder
    | CancelOrder
    | ReturnOrder
    | ArchiveOrder
    | DeleteOrder
    | TagOrder
    | UntagOrder
)
CustomerCommand = CreateCustomer | ChangeCustomer | MoveAddress
ProductCommand = AddProduct | RenameProduct | RepriceProduct
Command = OrderCommand | CustomerCommand | ProductCommand | DeleteTag


@dataclass(frozen=True, slots=True)
class Done:
    """What a command changed: the kind of thing ('order', 'customer', 'product', 'tag') and its name."""

    kind: str
    name: str
