"""What the command line's commands share: the database of the settings, how a command is carried out, how values are written."""

import json
from decimal import Decimal

import typer
from pydantic import TypeAdapter, ValidationError

from writer.api_models import Money
from writer.commands import Command, Line
from writer.database import Database
from writer.settings import read_settings

_MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)


def database() -> Database:
    """Connects to the database of the settings. Raises a WriterError."""
    settings = read_settings()
    return Database(settings.dsn, connections=settings.connections, timeout_s=settings.timeout_s)


def carry_out(command: Command) -> None:
    """Carries one command out and prints what it changed, as the HTTP API answers. Raises a WriterError."""
    with database() as shop:
        done = shop.run(command)
    typer.echo(json.dumps({"kind": done.kind, "name": done.name}))


def line(text: str) -> Line:
    """Reads SKU=QUANTITY; without a quantity it is one."""
    sku, _, quantity = text.partition("=")
    if not sku or (quantity and not quantity.removeprefix("-").isdecimal()):
        raise typer.BadParameter(f"{text!r} is no line; write SKU=QUANTITY, such as DSK-0007=2")
    return Line(sku, int(quantity or 1))


def money(text: str) -> Decimal:
    """Reads an amount with at most two decimals."""
    try:
        return _MONEY.validate_python(text)
    except ValidationError:
        raise typer.BadParameter(
            f"{text!r} is no amount; write it with a point and two decimals, such as 19.99"
        ) from None


def attributes(text: str) -> dict[str, object]:
    """Reads a JSON object."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"this is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise typer.BadParameter('write a JSON object, such as {"colour": "oak"}')
    return found
