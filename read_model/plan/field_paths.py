"""The paths of a document's fields, such as `customer.name`."""

from collections.abc import Iterator

from read_model.catalog.column_types import JSON
from read_model.plan.model import Field, Node
from read_model.spec.errors import Diagnostics
from read_model.spec.model import SearchSpec
from read_model.spec.yaml_reader import suggestion


def leaves(node: Node, prefix: str = "") -> Iterator[tuple[str, Field | None]]:
    """Every path that holds a value, in the order of a document, with its field; constants and computes have none."""
    for field in node.fields:
        yield prefix + field.name, field
    for constant in node.constants:
        yield prefix + constant.name, None
    for include in node.includes:
        if include.value:
            yield prefix + include.name, next(iter(include.node.fields), None)
        else:
            yield from leaves(include.node, f"{prefix}{include.name}.")
    for compute in node.computes:
        yield prefix + compute.name, None


def check_search(search: SearchSpec, root: Node, errors: Diagnostics) -> None:
    """Add an error for every path that the documents do not have. Below a JSON column any path may exist."""
    fields = dict(leaves(root))
    json_prefixes = tuple(f"{path}." for path, field in fields.items() if field and field.column.type in JSON)
    for path, place in search.paths:
        if path in fields or path.startswith(json_prefixes):
            continue
        below = [leaf for leaf in fields if leaf.startswith(f"{path}.")]
        what = f"'{path}' is an object, not a field" if below else f"The documents have no field '{path}'"
        errors.add(place, what, suggestion(path, below or fields))
