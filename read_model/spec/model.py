"""The document spec as written, before any database is looked at: names are text, and everything knows its line."""

from dataclasses import dataclass, field
from typing import Any, Literal

from read_model.spec.errors import Place
from read_model.spec.yaml_reader import Scalar

Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"]
Function = Literal["count", "sum", "min", "max"]
"""Aggregates of computed fields."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field: its name in the document, the column, and the path inside a jsonb column."""

    name: str
    column: str
    place: Place
    path: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Fields:
    """What a table contributes. With `all`, every column but `exclude` and those of `chosen` comes first."""

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
    comparison: Comparison
    values: tuple[Scalar, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """How two tables are joined, when the spec says so: the columns (or the name) of a declared foreign key,
    or pairs of columns (left, right) for one that is not declared."""

    place: Place
    names: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ThroughSpec:
    """The junction table of a many-to-many relation; `enter` and `leave` choose its two foreign keys when needed."""

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
    """Another table inside a node."""

    name: str
    many: bool
    node: "NodeSpec"
    place: Place
    through: ThroughSpec | None = None
    key: KeyChoice | None = None
    order_by: tuple[OrderSpec, ...] = ()
    limit: int | None = None
    value: FieldSpec | None = None
    options: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ComputeSpec:
    """An aggregate: over the include named `over`, or over the relation `of`."""

    name: str
    function: Function
    place: Place
    over: str = ""
    of: IncludeSpec | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One table's part of a document; `table_place` is where the table is named."""

    table: str
    table_place: Place
    fields: Fields
    constants: tuple[ConstantSpec, ...] = ()
    where: tuple[ConditionSpec, ...] = ()
    includes: tuple[IncludeSpec, ...] = ()
    computes: tuple[ComputeSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """What a document says for search as a whole: `settings` as written, and where each named field path stands."""

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
    """A whole file. `source` is what people call it, for error messages."""

    pipeline: str
    documents: tuple[DocumentSpec, ...]
    source: str
