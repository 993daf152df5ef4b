"""`python -m writer customer …`, `address …` and `product …`."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from writer import commands as c
from writer.cli.options import attributes as json_object
from writer.cli.options import money, run_command

customers = typer.Typer(no_args_is_help=True, help="Customers.")
addresses = typer.Typer(no_args_is_help=True, help="The customers' address books.")
products = typer.Typer(no_args_is_help=True, help="The catalogue.")

Customer = Annotated[str, typer.Argument(help="The customer's number, such as C-000042.")]
Sku = Annotated[str, typer.Argument(help="The product's number, such as DSK-0007.")]
Segment = Annotated[str | None, typer.Option(help="private, business or public_sector.")]
Company = Annotated[str | None, typer.Option(help="Company.")]
Phone = Annotated[str | None, typer.Option(help="Telephone number.")]
Street = Annotated[str, typer.Option(help="Street and house number.")]
PostalCode = Annotated[str, typer.Option(help="Postal code.")]
City = Annotated[str, typer.Option(help="City.")]
Region = Annotated[str | None, typer.Option(help="State or province.")]
Price = Annotated[Decimal, typer.Option(parser=money, metavar="AMOUNT", help="Today's price.")]
Description = Annotated[str | None, typer.Option(help="Description.")]


@customers.command()
def create(  # noqa: PLR0913, PLR0917 Each is an option.
    name: Annotated[str, typer.Option(help="Name.")],
    email: Annotated[str, typer.Option(help="E-mail address.")],
    country: Annotated[str, typer.Option(help="Country of the customer and the address.")],
    street: Street,
    postal_code: PostalCode,
    city: City,
    region: Region = None,
    label: Annotated[str, typer.Option(help="Label of the address.")] = "home",
    company: Company = None,
    phone: Phone = None,
    segment: Segment = "private",
) -> None:
    """Create a customer with one address; `address move` adds others."""
    address = c.Address(label, name, street, postal_code, city, country, region)
    fields: dict[str, Any] = {"name": name, "email": email, "country": country, "company": company, "phone": phone}
    run_command(c.CreateCustomer(**fields, segment=segment or "private", addresses=(address,)))


@customers.command()
def change(
    number: Customer,
    name: Annotated[str | None, typer.Option(help="Name.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail address.")] = None,
    company: Company = None,
    phone: Phone = None,
    segment: Segment = None,
) -> None:
    """Change a customer; options that are not given keep their value."""
    run_command(c.ChangeCustomer(number=number, name=name, email=email, company=company, phone=phone, segment=segment))


@addresses.command()
def move(
    customer: Customer,
    label: Annotated[str, typer.Argument(help="Label of the address: home, office, …")],
    recipient: Annotated[str, typer.Option(help="Recipient.")],
    street: Street,
    postal_code: PostalCode,
    city: City,
    country: Annotated[str, typer.Option(help="Country.")],
    region: Region = None,
) -> None:
    """Move an address, or add one."""
    address = c.Address(label, recipient, street, postal_code, city, country, region)
    run_command(c.MoveAddress(customer=customer, address=address))


@products.command()
def add(
    sku: Sku,
    category: Annotated[str, typer.Option(help="The category's slug.")],
    name: Annotated[str, typer.Option(help="Name.")],
    price: Price,
    description: Annotated[str, typer.Option(help="Description.")] = "",
    attributes: Annotated[
        Any, typer.Option(parser=json_object, metavar="JSON", help="Other properties, as a JSON object.")
    ] = "{}",
) -> None:
    """Add a product to the catalogue."""
    run_command(
        c.AddProduct(sku=sku, category=category, name=name, description=description, price=price, attributes=attributes)
    )


@products.command()
def rename(sku: Sku, name: Annotated[str, typer.Option(help="New name.")], description: Description = None) -> None:
    """Rename a product."""
    run_command(c.RenameProduct(sku=sku, name=name, description=description))


@products.command()
def reprice(sku: Sku, price: Price) -> None:
    """Change a product's price."""
    run_command(c.RepriceProduct(sku=sku, price=price))
