"""A document spec as written, before it is resolved against a database: names are text, and every part knows its
place."""

from dataclasses import dataclass, field
from typing import Any, Literal

from read_model.spec.errors import Place
from read_model.spec.yaml_reader import Scalar

ComparisonOperator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"]
AggregateFunction = Literal["count", "sum", "min", "max"]
"""Aggregates of computed fields."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field: its name in the document, its column, and the path in a JSON column."""

    name: str
    column: str
    place: Place
    path: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class FieldSelection:
    """The fields of a node: with `all`, every column except those in `exclude` or `chosen`; then `chosen`."""

    place: Place
    all: bool = False
    chosen: tuple[FieldSpec, ...] = ()
    exclude: tuple[tuple[str, Place], ...] = ()


@dataclass(frozen=True, slots=True)
class ConstantSpec:
    """A field with a fixed value."""

    name: str
    value: str | int | bool | None
    place: Place


@dataclass(frozen=True, slots=True)
class ConditionSpec:
    """One comparison of a column with constants."""

    column: str
    comparison: ComparisonOperator
    values: tuple[Scalar, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """How the spec joins two tables: by the columns or the name of a declared foreign key (`names`), or by `pairs` of
    a left and a right column."""

    place: Place
    names: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ThroughSpec:
    """The junction table of a many-to-many relation.

    `enter` and `leave` choose its two foreign keys if there are several."""

    table: str
    place: Place
    enter: KeyChoice | None = None
    leave: KeyChoice | None = None


@dataclass(frozen=True, slots=True)
class OrderSpec:
    """One term of `order_by`."""

    column: str
    descending: bool
    place: Place


@dataclass(frozen=True, slots=True)
class IncludeSpec:
    """Another table inside a node. With `value`, the only member of `node` takes the place of the object; if that is an
    include, it has no name."""

    name: str
    many: bool
    node: "NodeSpec"
    place: Place
    through: ThroughSpec | None = None
    key: KeyChoice | None = None
    order_by: tuple[OrderSpec, ...] = ()
    limit: int | None = None
    value: bool = False


@dataclass(frozen=True, slots=True)
class ComputeSpec:
    """An aggregate over the include named `over`, or over the relation `of`."""

    name: str
    function: AggregateFunction
    place: Place
    over: str = ""
    of: IncludeSpec | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One table's part of a document. `table_place` is the place of the table's name."""

    table: str
    table_place: Place
    fields: FieldSelection
    constants: tuple[ConstantSpec, ...] = ()
    where: tuple[ConditionSpec, ...] = ()
    includes: tuple[IncludeSpec, ...] = ()
    computes: tuple[ComputeSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """The search settings of a document, as written, and the place of every field path in them."""

    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    paths: tuple[tuple[str, Place], ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentSpec:
    """One kind of document."""

    name: str
    node: NodeSpec
    place: Place
    id: tuple[str, ...] = ()
    id_place: Place | None = None
    search: SearchSpec = field(default_factory=SearchSpec)


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole file. `source` names it in error messages."""

    pipeline: str
    documents: tuple[DocumentSpec, ...]
    source: str
