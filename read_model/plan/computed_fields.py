"""Resolves what the computed fields of a node aggregate."""

from collections.abc import Iterable

from read_model.catalog.catalog import Column, Table
from read_model.catalog.column_types import COMPARABLE, SUMMABLE, shown_type
from read_model.plan.conditions import resolve_conditions
from read_model.plan.joins import find_relation, total_order
from read_model.plan.model import Compute, Include, Node
from read_model.plan.names import ResolutionContext, find_column, find_table, key_columns
from read_model.spec.model import ComputeSpec, IncludeSpec
from read_model.spec.yaml_reader import suggestion


def resolve_computes(
    specs: Iterable[ComputeSpec], node: Node, failed: set[str], table: Table, scope: ResolutionContext
) -> tuple[Compute, ...]:
    """The computes of a node. `failed` names includes that have errors already; computes over them add none."""
    computes = (_compute(spec, node, failed, table, scope) for spec in specs)
    return tuple(compute for compute in computes if compute)


def _compute(spec: ComputeSpec, node: Node, failed: set[str], table: Table, scope: ResolutionContext) -> Compute | None:
    include = _aggregated(spec, node, failed, table, scope)
    if include is None:
        return None
    if spec.column is None:
        return Compute(spec.name, spec.function, include)
    column = find_column(scope.catalog.tables[include.node.table], spec.column, spec.place, scope)
    if column is None or not _fits(spec, column, scope):
        return None
    return Compute(spec.name, spec.function, include, column)


def _aggregated(
    spec: ComputeSpec, node: Node, failed: set[str], table: Table, scope: ResolutionContext
) -> Include | None:
    if spec.of:
        return _relation(spec.of, table, scope)
    return None if spec.over in failed else _included(spec, node, scope)


def _included(spec: ComputeSpec, node: Node, scope: ResolutionContext) -> Include | None:
    include = next((include for include in node.includes if include.name == spec.over), None)
    if include and include.many:
        return include
    arrays = [include.name for include in node.includes if include.many]
    problem = "is not an array" if include else f"does not exist in the object of '{spec.name}'"
    what = f"The include '{spec.over}' {problem}"
    remedy = suggestion(spec.over, arrays) if arrays else "Name the table instead: {count: {many: table}}"
    scope.errors.add(spec.place, what, remedy)
    return None


def _relation(spec: IncludeSpec, left: Table, scope: ResolutionContext) -> Include | None:
    """A relation that is aggregated but not shown."""
    right = find_table(spec.node.table, spec.node.table_place, scope)
    if right is None:
        return None
    join, through = find_relation(spec, left, right, scope)
    where = resolve_conditions(spec.node.where, right, scope)
    if join is None and through is None:
        return None
    node = Node(right.name, key_columns(right), where=where)
    return Include(spec.name, True, node, join, through, tuple(total_order(right, through)))


def _fits(spec: ComputeSpec, column: Column, scope: ResolutionContext) -> bool:
    allowed = SUMMABLE if spec.function == "sum" else COMPARABLE
    if column.type in allowed:
        return True
    what = f"Cannot compute {spec.function} of column '{column.name}' of type {shown_type(column)}"
    scope.errors.add(spec.place, what, f"Use a column of one of the types {', '.join(sorted(allowed))}")
    return False
