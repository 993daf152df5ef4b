"""The paths of a document's fields, such as `customer.name`."""

from collections.abc import Iterator

from read_model.catalog.column_types import JSON
from read_model.plan.model import Compute, Constant, Field, Node
from read_model.spec.errors import Diagnostics
from read_model.spec.model import SearchSpec
from read_model.spec.yaml_reader import suggestion


def leaves(node: Node) -> Iterator[tuple[str, Field | None]]:
    """Every path that holds a value, in the order of a document, with its field; constants and computes have none."""
    for path, _, member in members(node):
        yield path, member if isinstance(member, Field) else None


def members(node: Node, prefix: str = "", whole: str = "") -> Iterator[tuple[str, Node, Field | Constant | Compute]]:
    """Every path that holds a value, with its node and its member of that node. `whole` is the path of the only member
    of a node that is shown as a value."""
    for field in node.fields:
        yield whole or prefix + field.name, node, field
    for constant in node.constants:
        yield whole or prefix + constant.name, node, constant
    for include in node.includes:
        path = whole or prefix + include.name
        yield from members(include.node, whole=path) if include.value else members(include.node, f"{path}.")
    for compute in node.computes:
        yield prefix + compute.name, node, compute


def check_search(search: SearchSpec, root: Node, errors: Diagnostics) -> None:
    """Add an error for every path that the documents do not have. Below a JSON column any path may exist."""
    fields = dict(leaves(root))
    json_prefixes = tuple(
        f"{path}." for path, field in fields.items() if field and (field.column.type in JSON or field.column.members)
    )
    for path, place in search.paths:
        if path in fields or path.startswith(json_prefixes):
            continue
        below = [leaf for leaf in fields if leaf.startswith(f"{path}.")]
        what = f"'{path}' is an object, not a field" if below else f"The documents have no field '{path}'"
        errors.add(place, what, suggestion(path, below or fields))
