"""What the commands share: the database of the settings, running a command, and parsing values."""

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


def run_command(command: Command) -> None:
    """Runs one command and prints what it changed, in the form of the HTTP API. Raises a WriterError."""
    with database() as shop:
        done = shop.run(command)
    typer.echo(json.dumps({"kind": done.kind, "name": done.name}))


def line(text: str) -> Line:
    """Reads SKU=QUANTITY; without a quantity it is one."""
    sku, _, quantity = text.partition("=")
    if not sku or (quantity and not quantity.removeprefix("-").isdecimal()):
        raise typer.BadParameter(f"{text!r} is not an order line; write SKU=QUANTITY, such as DSK-0007=2")
    return Line(sku, int(quantity or 1))


def money(text: str) -> Decimal:
    """Reads an amount with at most two decimals."""
    try:
        return _MONEY.validate_python(text)
    except ValidationError:
        raise typer.BadParameter(
            f"{text!r} is not an amount; write it with a decimal point and two decimals, such as 19.99"
        ) from None


def attributes(text: str) -> dict[str, object]:
    """Reads a JSON object."""
    try:
        properties = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"not valid JSON: {error}") from None
    if not isinstance(properties, dict):
        raise typer.BadParameter('write a JSON object, such as {"colour": "oak"}')
    return properties
