"""Bodies of the command API's requests."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from writer import commands as c

Money = Annotated[Decimal, Field(max_digits=12, decimal_places=2)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineBody(_Body):
    """A product and its quantity."""

    sku: str
    quantity: int

    def value(self) -> c.Line:
        """The value that commands take."""
        return c.Line(self.sku, self.quantity)


class AddressBody(_Body):
    """An address without its label."""

    recipient: str
    street: str
    postal_code: str
    city: str
    country: str
    region: str | None = None

    def value(self, label: str) -> c.Address:
        """The value that commands take."""
        return c.Address(label=label, **self.model_dump())


class LabelledAddressBody(AddressBody):
    """An address with its label ('home', 'office' …)."""

    label: str

    def labelled(self) -> c.Address:
        """The value that commands take."""
        return c.Address(**self.model_dump())


class CustomerBody(_Body):
    """A new customer; there must be at least one address."""

    name: str
    email: str
    country: str
    company: str | None = None
    phone: str | None = None
    segment: str = "private"
    addresses: list[LabelledAddressBody]


class CustomerChangeBody(_Body):
    """Omitted fields keep their value."""

    name: str | None = None
    email: str | None = None
    company: str | None = None
    phone: str | None = None
    segment: str | None = None


class ProductBody(_Body):
    """A new product in an existing category (its slug)."""

    sku: str
    category: str
    name: str
    description: str = ""
    price: Money
    attributes: dict[str, object] = {}


class RenameBody(_Body):
    """Another name and, when given, another description."""

    name: str
    description: str | None = None


class PriceBody(_Body):
    """Today's price."""

    price: Money


class OrderBody(_Body):
    """A new order; `ship_to` and `bill_to` are labels of the customer's addresses."""

    customer: str
    ship_to: str
    bill_to: str
    lines: list[LineBody]
    notes: str | None = None
    draft: bool = False


class AmendBody(_Body):
    """The order's lines from now on."""

    lines: list[LineBody]
    notes: str | None = None


class PaymentBody(_Body):
    """Without an amount the whole balance is paid."""

    method: str
    amount: Money | None = None
    reference: str | None = None


class ShipmentBody(_Body):
    """The carrier, and the first part of the tracking numbers."""

    carrier: str
    tracking: str
    parcels: int = 1


class ReasonBody(_Body):
    """Why; it is added to the order's notes."""

    reason: str | None = None


class DoneBody(BaseModel):
    """What was changed."""

    kind: str
    name: str
