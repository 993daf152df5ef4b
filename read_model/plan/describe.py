"""A plan as text for users: what a spec means for the database, with every key and type that was resolved."""

from collections.abc import Iterable, Iterator

from read_model.catalog.catalog import Column
from read_model.catalog.column_types import shown_type
from read_model.plan.model import Compute, Condition, DocumentPlan, Field, Include, Join, Node, PipelinePlan, TableUse


def plan_text(plan: PipelinePlan) -> str:
    """The documents as trees, then the tables that they use."""
    lines = [f"pipeline {plan.pipeline}   spec {plan.spec_hash}"]
    for document in plan.documents:
        lines += ["", *_document(document)]
    lines += ["", "captured tables", *(f"  {line}" for use in plan.tables for line in _table(use))]
    return "\n".join(lines) + "\n"


def _document(document: DocumentPlan) -> Iterator[str]:
    root = document.root
    yield f"document {document.name}: one for each row of {root.table}, id {_names(document.id)}{_filter(root)}"
    yield from _node(root, "  ")


def _node(node: Node, indent: str) -> Iterator[str]:
    yield from (f"{indent}{_field(field)}" for field in node.fields)
    yield from (f"{indent}{constant.name} = {_literal(constant.value)}" for constant in node.constants)
    for include in node.includes:
        yield from _include(node, include, indent)
    yield from (f"{indent}{_compute(node, compute)}" for compute in node.computes)


def _field(field: Field) -> str:
    source = "" if field.name == field.column.name else f" from {field.column.name}"
    path = f" at {'.'.join(field.path)}" if field.path else ""
    options = "".join(f", {key} {value}" for key, value in field.options.items())
    return f"{field.name}: {_type(field.column)}{source}{path}{options}"


def _type(column: Column) -> str:
    size = column.length if column.precision is None else f"{column.precision},{column.scale}"
    return f"{shown_type(column)}({size})" if size is not None else shown_type(column)


def _include(node: Node, include: Include, indent: str) -> Iterator[str]:
    shape = "array" if include.many else "object or null"
    if include.value:
        shape = "array of values" if include.many else "value or null"
    name = f"{include.name}: " if include.name else ""
    yield f"{indent}{name}{shape} from {_relation(node, include)}{_order(include)}"
    yield from _node(include.node, indent + "  ")


def _relation(node: Node, include: Include) -> str:
    right = include.node.table
    if include.through:
        through = include.through
        enter = _join(node.table.name, through.table.name, through.enter)
        leave = _join(through.table.name, right.name, through.leave)
        return f"{right} through {through.table} ({enter}, {leave}){_filter(include.node)}"
    return f"{right} ({_join(node.table.name, right.name, include.join)}){_filter(include.node)}"


def _join(left: str, right: str, join: Join | None) -> str:
    pairs = zip(join.left, join.right, strict=True) if join else ()
    return " and ".join(f"{left}.{a.name} = {right}.{b.name}" for a, b in pairs)


def _order(include: Include) -> str:
    if not include.order_by:
        return ""
    terms = [
        f"{'junction ' if order.junction else ''}{order.column.name}{' desc' if order.descending else ''}"
        for order in include.order_by
    ]
    if not include.many:
        return f", the first by {', '.join(terms)}"
    return f", ordered by {', '.join(terms)}" + (f", limit {include.limit}" if include.limit else "")


def _compute(node: Node, compute: Compute) -> str:
    column = f"({compute.column.name})" if compute.column else ""
    if any(include is compute.include for include in node.includes):
        return f"{compute.name}: {compute.function}{column} of {compute.include.name}"
    return f"{compute.name}: {compute.function}{column} of {_relation(node, compute.include)}"


def _filter(node: Node) -> str:
    return f", only where {' and '.join(map(_condition, node.where))}" if node.where else ""


def _condition(condition: Condition) -> str:
    values = [_literal(value) for value in condition.values]
    listed = f"({', '.join(values)})" if condition.comparison in {"in", "not in"} else "".join(values)
    return f"{condition.column.name} {condition.comparison} {listed}".rstrip()


def _literal(value: str | int | bool | None) -> str:
    """The value as SQL writes it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _table(use: TableUse) -> Iterator[str]:
    yield f"{use.table}: {_names(use.columns)}"
    lookups = [f"({', '.join(group)})" for group in use.lookups]
    yield f"  key ({_names(use.primary_key)})" + (f", looked up by {' '.join(lookups)}" if lookups else "")


def _names(columns: Iterable[Column]) -> str:
    return ", ".join(column.name for column in columns)
