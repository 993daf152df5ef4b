"""`python -m writer order …` and `tag …`."""

import json
from decimal import Decimal
from typing import Annotated

import typer

from writer import commands as c
from writer.cli.options import database, line, money, run_command

orders = typer.Typer(no_args_is_help=True, help="Orders, from draft to archive.")
tags = typer.Typer(no_args_is_help=True, help="The staff's tags.")

Number = Annotated[str, typer.Argument(help="The order's number, such as SO-2026-000017.")]
Lines = Annotated[
    list[c.Line], typer.Option("--line", parser=line, metavar="SKU=QUANTITY", help="A line of the order. Repeat it.")
]
Notes = Annotated[str | None, typer.Option(help="Notes on the order.")]
Reason = Annotated[str | None, typer.Option(help="Reason, added to the order's notes.")]
Tag = Annotated[str, typer.Argument(help="The tag.")]


@orders.command()
def show(number: Number) -> None:
    """Show an order as it is now, as JSON."""
    with database() as shop:
        order = shop.order(number)
    typer.echo(json.dumps(order, default=str, ensure_ascii=False))


@orders.command()
def place(
    customer: Annotated[str, typer.Option(help="The customer's number, such as C-000042.")],
    ship_to: Annotated[str, typer.Option(help="Label of the customer's shipping address.")],
    bill_to: Annotated[str, typer.Option(help="Label of the billing address.")],
    lines: Lines,
    notes: Notes = None,
    draft: Annotated[bool, typer.Option("--draft", help="Keep it as a draft.")] = False,
) -> None:
    """Place an order, or keep it as a draft."""
    run_command(
        c.PlaceOrder(customer=customer, ship_to=ship_to, bill_to=bill_to, lines=tuple(lines), notes=notes, draft=draft)
    )


@orders.command()
def submit(number: Number) -> None:
    """Place a draft."""
    run_command(c.SubmitDraft(number=number))


@orders.command()
def amend(number: Number, lines: Lines, notes: Notes = None) -> None:
    """Replace the order's lines."""
    run_command(c.AmendOrder(number=number, lines=tuple(lines), notes=notes))


@orders.command()
def pay(
    number: Number,
    method: Annotated[str, typer.Option(help="card, bank_transfer, invoice, wallet or gift_card.")],
    amount: Annotated[
        Decimal | None,
        typer.Option(parser=money, metavar="AMOUNT", help="Amount to pay; the whole balance by default."),
    ] = None,
    reference: Annotated[str | None, typer.Option(help="Reference of the payment.")] = None,
) -> None:
    """Pay the balance or a part of it."""
    run_command(c.PayOrder(number=number, method=method, amount=amount, reference=reference))


@orders.command()
def ship(
    number: Number,
    carrier: Annotated[str, typer.Option(help="The carrier.")],
    tracking: Annotated[str, typer.Option(help="The first part of the parcels' tracking numbers.")],
    parcels: Annotated[int, typer.Option(help="Number of parcels.")] = 1,
) -> None:
    """Hand a paid order to a carrier."""
    run_command(c.ShipOrder(number=number, carrier=carrier, tracking=tracking, parcels=parcels))


@orders.command()
def deliver(number: Number) -> None:
    """Record that every parcel has arrived."""
    run_command(c.DeliverOrder(number=number))


@orders.command()
def cancel(number: Number, reason: Reason = None) -> None:
    """Cancel an order that was not shipped yet."""
    run_command(c.CancelOrder(number=number, reason=reason))


@orders.command("return")
def return_(number: Number, reason: Reason = None) -> None:
    """Take a shipped order back."""
    run_command(c.ReturnOrder(number=number, reason=reason))


@orders.command()
def archive(number: Number) -> None:
    """Hide a cancelled or returned order."""
    run_command(c.ArchiveOrder(number=number))


@orders.command()
def delete(number: Number) -> None:
    """Delete a draft or a cancelled order."""
    run_command(c.DeleteOrder(number=number))


@orders.command()
def tag(number: Number, tag: Tag) -> None:
    """Put a tag on an order."""
    run_command(c.TagOrder(number=number, tag=tag))


@orders.command()
def untag(number: Number, tag: Tag) -> None:
    """Take a tag off an order."""
    run_command(c.UntagOrder(number=number, tag=tag))


@tags.command("delete")
def delete_tag(tag: Tag) -> None:
    """Remove a tag everywhere."""
    run_command(c.DeleteTag(name=tag))
