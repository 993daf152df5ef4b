"""The columns that one place in a plan uses: what a document shows of a row there, or filters, joins or sorts it by.

A change of other columns changes no document through that place."""

from collections.abc import Iterator

from read_model.catalog.catalog import Column
from read_model.plan.model import Include, Node, relations


def node_columns(node: Node) -> Iterator[Column]:
    """The columns that a node itself uses of its table, those that join what is below it included."""
    yield from node.primary_key
    yield from (shown.column for shown in node.fields)
    yield from (condition.column for condition in node.where)
    for include in relations(node):
        yield from include.through.enter.left if include.through else include.direct_join.left


def child_columns(include: Include) -> Iterator[Column]:
    """The columns of the included table that the include uses, beside those of its node."""
    yield from include.through.leave.right if include.through else include.direct_join.right
    yield from (order.column for order in include.order_by if not (order.junction and include.through))


def junction_columns(include: Include) -> Iterator[Column]:
    """The columns of the junction that the include uses; none without a junction."""
    if include.through:
        yield from (*include.through.primary_key, *include.through.enter.right, *include.through.leave.left)
        yield from (order.column for order in include.order_by if order.junction)


def places_below(node: Node) -> Iterator[tuple[Include, tuple[Column, ...]]]:
    """The includes of a node, then those that its computes aggregate, each with the columns of the included table that
    the parent uses."""
    for include in node.includes:
        yield include, tuple(child_columns(include))
    for compute in node.computes:
        aggregated = (compute.column,) if compute.column else ()
        yield compute.include, (*child_columns(compute.include), *aggregated)
