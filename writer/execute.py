"""Dispatches each command to its function."""

from collections.abc import Callable
from typing import Any

from psycopg import Connection, errors

from writer import commands as c
from writer import customers, fulfilment, orders, products
from writer.errors import ConflictError, RuleBrokenError

# The one table from command to function: adding a command means adding a line.
_FUNCTIONS: dict[type[Any], Callable[[Connection, Any], c.Done]] = {
    c.CreateCustomer: customers.create,
    c.ChangeCustomer: customers.change,
    c.MoveAddress: customers.move_address,
    c.AddProduct: products.add,
    c.RenameProduct: products.rename,
    c.RepriceProduct: products.reprice,
    c.PlaceOrder: orders.place,
    c.SubmitDraft: orders.submit,
    c.AmendOrder: orders.amend,
    c.PayOrder: fulfilment.pay,
    c.ShipOrder: fulfilment.ship,
    c.DeliverOrder: fulfilment.deliver,
    c.CancelOrder: orders.cancel,
    c.ReturnOrder: orders.take_back,
    c.ArchiveOrder: orders.archive,
    c.DeleteOrder: orders.delete,
    c.TagOrder: products.tag_order,
    c.UntagOrder: products.untag_order,
    c.DeleteTag: products.delete_tag,
}


def execute(connection: Connection, command: c.Command) -> c.Done:
    """Runs the command in the connection's transaction. Raises a WriterError."""
    try:
        return _FUNCTIONS[type(command)](connection, command)
    except errors.UniqueViolation as error:
        raise ConflictError(
            f"{type(command).__name__}: the value exists already ({error.diag.constraint_name}). "
            "Choose another one, or change what exists."
        ) from error
    except (errors.CheckViolation, errors.NotNullViolation, errors.ForeignKeyViolation) as error:
        raise RuleBrokenError(
            f"{type(command).__name__}: the table {error.diag.table_name} refuses it "
            f"({error.diag.constraint_name or error.diag.column_name}). Correct the value."
        ) from error
    except errors.DataError as error:
        raise RuleBrokenError(
            f"{type(command).__name__}: a value does not fit its column ({error.sqlstate}). Correct it."
        ) from error
