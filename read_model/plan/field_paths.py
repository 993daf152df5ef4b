"""The paths of a document's fields, as search writes them: `customer.name`."""

from collections.abc import Iterator

from read_model.catalog.column_types import JSON
from read_model.plan.model import Field, Include, Node
from read_model.spec.errors import Faults
from read_model.spec.model import SearchSpec
from read_model.spec.yaml_reader import suggestion


def leaves(node: Node, prefix: str = "") -> Iterator[tuple[str, Field | None]]:
    """Every path that holds a value, with its field; constants and computes have none."""
    for field in node.fields:
        yield prefix + field.name, field
    for name in (*(one.name for one in node.constants), *(one.name for one in node.computes)):
        yield prefix + name, None
    for include in node.includes:
        yield from _below(include, prefix + include.name)


def _below(include: Include, path: str) -> Iterator[tuple[str, Field | None]]:
    if include.value:
        yield path, next(iter(include.node.fields), None)
    else:
        yield from leaves(include.node, path + ".")


def check_search(search: SearchSpec, root: Node, faults: Faults) -> None:
    """Note a fault for every path that the documents do not have. Below a json column any path may exist."""
    found = dict(leaves(root))
    whole = tuple(f"{path}." for path, field in found.items() if field and field.column.type in JSON)
    for path, place in search.paths:
        if path in found or path.startswith(whole):
            continue
        under = [leaf for leaf in found if leaf.startswith(f"{path}.")]
        what = f"'{path}' is an object, not a field" if under else f"the documents have no field '{path}'"
        faults.add(place, what, suggestion(path, under or found))
