"""What a spec means for one database: every name resolved, every join written out. All compilers read only this.

A plan is a tree of `Node`s. Every join is an equality of columns, so it can be followed in both directions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from read_model.catalog.catalog import Column, TableName
from read_model.spec.model import AggregateFunction, ComparisonOperator
from read_model.types.value_forms import form


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a column with constants; the conditions of a list are joined by AND. NULL satisfies only
    `is null`.

    `values` has one entry, several for `in` and `not in`, none for the null tests; each is in the normal form that
    `read_model.plan.conditions` describes."""

    column: Column
    comparison: ComparisonOperator
    values: tuple[str | int | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A document field taken from a column, or from a path inside a jsonb/json column.

    `options` are the spec's search options (`analyzer`, `type`, `pii`, …), for the mapping compiler."""

    name: str
    column: Column
    path: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def wrapped(self) -> bool:
        """Whether JSON other than an object is put under the key `value`: a `flattened` field holds only objects."""
        is_json = form(self.column).kind == "json" and not self.path
        return is_json and self.options.get("type", "flattened") == "flattened"


@dataclass(frozen=True, slots=True)
class Constant:
    """A document field with the same value in every document: a string, an integer, a boolean or None."""

    name: str
    value: str | int | bool | None


@dataclass(frozen=True, slots=True)
class Join:
    """A left row matches a right row if `left[i] = right[i]` for every i; NULL matches nothing."""

    left: tuple[Column, ...]
    right: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """The table between the two sides of a many-to-many relation.

    `enter` joins parent → junction, `leave` junction → child."""

    table: TableName
    primary_key: tuple[Column, ...]
    enter: Join
    leave: Join


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an array's order. NULLs come last ascending and first descending, as in PostgreSQL.

    `junction`: the column belongs to the junction table."""

    column: Column
    descending: bool = False
    junction: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """Another table inside a node.

    - `many=False`: an object, or null if no row matches. At most one row can match (the right side is unique), or
      `order_by` decides which is the first, and `limit` is 1.
    - `many=True`: an array, empty if no row matches, in the order of `order_by`, cut after `limit` elements. The
      order is always total: `resolve` appends the child's primary key, then the junction's.
    - `value=True`: instead of each object, the value of the only member of `node`: a field, a constant, or an include
      without a name.

    `join` is None exactly if `through` is set.
    """

    name: str
    many: bool
    node: "Node"
    join: Join | None = None
    through: Junction | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    value: bool = False

    @property
    def direct_join(self) -> Join:
        """The join of an include without a junction."""
        if self.join is None:
            raise ValueError(f"the include '{self.name}' has neither a join nor a junction")
        return self.join


@dataclass(frozen=True, slots=True)
class Compute:
    """An aggregate over all matching rows of an include with `many`; `limit` does not apply.

    `count` has no column, and is 0 without rows. `sum`, `min` and `max` are null without a non-NULL value.
    Sums are exact decimals; a sum of floats adds the values as printed."""

    name: str
    function: AggregateFunction
    include: Include
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One table's part of a document. Order in the JSON: fields, constants, includes, computes."""

    table: TableName
    primary_key: tuple[Column, ...]
    fields: tuple[Field, ...] = ()
    constants: tuple[Constant, ...] = ()
    includes: tuple[Include, ...] = ()
    computes: tuple[Compute, ...] = ()
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """One kind of document: `name` is its index alias, `id` the columns of `root.table` that identify it.

    The id text is the JSON text of the value without quotes for one column, a compact JSON array for several."""

    name: str
    root: Node
    id: tuple[Column, ...]
    search: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class PipelinePlan:
    """All documents of a pipeline. `tables` are the source tables that they use, sorted by name."""

    pipeline: str
    documents: tuple[DocumentPlan, ...]
    spec_hash: str = ""
    tables: tuple["TableUse", ...] = ()


@dataclass(frozen=True, slots=True)
class TableUse:
    """The columns of one source table that the pipeline's documents use, keys included, in catalogue order.

    `lookups` are the column groups that joins look rows up by, in either direction, except the primary key.
    `deferrable`: within a transaction several rows may have one primary key, and the log has complete old rows."""

    table: TableName
    columns: tuple[Column, ...]
    primary_key: tuple[Column, ...]
    lookups: tuple[tuple[str, ...], ...] = ()
    deferrable: bool = False


def nodes(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first, including the nodes that computes aggregate."""
    yield node
    for include in relations(node):
        yield from nodes(include.node)


def relations(node: Node) -> tuple[Include, ...]:
    """The includes of a node, then those that its computes aggregate."""
    return (*node.includes, *(compute.include for compute in node.computes))
