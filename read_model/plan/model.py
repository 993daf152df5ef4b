"""What a spec means for one database: every name found, every join written out. The compilers read this and nothing else.

A plan is a tree of `Node`s. All joins are equalities of columns, so each can be walked both ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from read_model.catalog.catalog import Column, TableName

Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A plain comparison of a column with constants; conditions of a list are joined by AND. SQL's three-valued logic holds:
    a NULL column fulfils only `is null`. `values` has one entry but for `in`/`not in` (several) and the null tests (none); each
    is in the normal form that `read_model.plan.conditions` describes."""

    column: Column
    comparison: Comparison
    values: tuple[str | int | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A document field taken from a column, or from a path inside a jsonb/json column.

    `options` are what the spec says for search (`analyzer`, `type`, `pii`, …), passed to the mapping compiler."""

    name: str
    column: Column
    path: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """A document field with the same value in every document: a string, an integer, a boolean or None."""

    name: str
    value: str | int | bool | None


@dataclass(frozen=True, slots=True)
class Join:
    """Rows of the near table match rows of the far table where `near[i] = far[i]` for all i (NULL matches nothing)."""

    near: tuple[Column, ...]
    far: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """The table between the two sides of a many-to-many relation. `enter` joins parent → junction, `leave` junction → child."""

    table: TableName
    primary_key: tuple[Column, ...]
    enter: Join
    leave: Join


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an array's order. NULLs come last ascending and first descending, as in PostgreSQL.

    `junction` tells that the column belongs to the junction's table."""

    column: Column
    descending: bool = False
    junction: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """Another table inside a node.

    - `many=False`: an object, or null when no row matches. Exactly one row can match (the far side is unique).
    - `many=True`: an array, empty when no row matches, ordered by `order_by` (always total: resolved orders end with the
      child's primary key, then the junction's), cut after `limit` elements when given.
    - `value` set: the single field's value stands in place of the object(s); `node` then holds just that field.
    `join` is None exactly when `through` is set.
    """

    name: str
    many: bool
    node: "Node"
    join: Join | None = None
    through: Junction | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    value: bool = False
    options: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Compute:
    """An aggregate of a many-include of the same node, over all matching rows (`limit` does not cut it).

    `count` has no column. `sum`, `min`, `max` of no rows (or of NULLs alone) is null; `count` of none is 0.
    Sums are exact decimals, also of floats (the sum of the values as printed)."""

    name: str
    function: Literal["count", "sum", "min", "max"]
    include: Include
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One table's part of a document. Field order in the JSON: fields and constants, includes, computes."""

    table: TableName
    primary_key: tuple[Column, ...]
    fields: tuple[Field, ...] = ()
    constants: tuple[Constant, ...] = ()
    includes: tuple[Include, ...] = ()
    computes: tuple[Compute, ...] = ()
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """One kind of document: `name` is the alias of its index, `id` the columns of `root.table` that identify it.

    The id's text is the value's JSON text without quotes for one column, and a compact JSON array for several."""

    name: str
    root: Node
    id: tuple[Column, ...]
    search: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class PipelinePlan:
    """All documents of a pipeline."""

    pipeline: str
    documents: tuple[DocumentPlan, ...]
    spec_hash: str = ""
    tables: tuple["TableUse", ...] = ()


@dataclass(frozen=True, slots=True)
class TableUse:
    """The columns of one source table that the documents of the pipeline use, keys included, in catalogue order.

    `lookups` are the column groups by which rows are looked up in joins in either direction (the primary key is not repeated)."""

    table: TableName
    columns: tuple[Column, ...]
    primary_key: tuple[Column, ...]
    lookups: tuple[tuple[str, ...], ...] = ()


def nodes(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first; computes bring their include's node too."""
    yield node
    for include in (*node.includes, *(compute.include for compute in node.computes)):
        yield from nodes(include.node)
