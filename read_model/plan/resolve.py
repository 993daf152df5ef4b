"""Resolves a spec against one database's catalogue: the result is a plan, or all errors at once."""

from dataclasses import replace

from read_model.catalog.catalog import Catalog, Column, Table
from read_model.catalog.column_types import JSON, not_a_key, not_ordered, unsupported
from read_model.plan.computed_fields import resolve_computes
from read_model.plan.conditions import resolve_conditions
from read_model.plan.field_paths import check_search
from read_model.plan.fingerprint import spec_hash
from read_model.plan.joins import find_relation, total_order
from read_model.plan.model import Constant, DocumentPlan, Field, Include, Junction, Node, Order, PipelinePlan
from read_model.plan.names import ResolutionContext, find_column, find_table, key_columns
from read_model.plan.remedies import remedy
from read_model.plan.table_use import table_uses
from read_model.spec.errors import Diagnostics, Place, SpecError
from read_model.spec.model import DocumentSpec, FieldSelection, FieldSpec, IncludeSpec, NodeSpec, OrderSpec, Spec
from read_model.spec.parser import ParseError


def resolve(spec: Spec, catalog: Catalog) -> PipelinePlan:
    """The plan of a spec for a database. Raises `SpecError` with all errors, each with its line in the spec."""
    scope = ResolutionContext(catalog, Diagnostics(spec.source))
    resolved = [_document(document, scope) for document in spec.documents]
    scope.errors.check()
    documents = tuple(document for document in resolved if document)
    plan = PipelinePlan(spec.pipeline, documents, spec_hash(spec.pipeline, documents))
    return replace(plan, tables=table_uses(documents, catalog))


def resolve_readable(error: ParseError, catalog: Catalog) -> SpecError:
    """The errors of a file together with those that the database shows in what could be read of it.

    A line is reported for one reason: what does not parse cannot be expected to fit the database."""
    if error.readable is None:
        return error
    try:
        resolve(error.readable, catalog)
    except SpecError as resolved:
        lines = {diagnostic.place.line for diagnostic in error.diagnostics}
        more = [diagnostic for diagnostic in resolved.diagnostics if diagnostic.place.line not in lines]
        return SpecError(Diagnostics(error.readable.source, [*error.diagnostics, *more]).ordered())
    return error


def _document(spec: DocumentSpec, scope: ResolutionContext) -> DocumentPlan | None:
    table = find_table(spec.node.table, spec.node.table_place, scope)
    if table is None:
        return None
    root = _node(spec.node, table, scope)
    key = _id(spec, table, scope)
    check_search(spec.search, root, scope.errors)
    return DocumentPlan(spec.name, root, key, spec.search.settings) if key else None


def _id(spec: DocumentSpec, table: Table, scope: ResolutionContext) -> tuple[Column, ...]:
    place = spec.id_place
    if place is None:
        return key_columns(table)
    named = [find_column(table, name, place, scope) for name in spec.id]
    columns = tuple(column for column in named if column)
    if len(columns) < len(named) or not columns:
        return ()
    keys = [
        key for key in (table.primary_key, *table.unique_keys) if not any(table.columns[name].nullable for name in key)
    ]
    if sorted(spec.id) not in [sorted(key) for key in keys]:
        usable = " or ".join(f"[{', '.join(key)}]" for key in keys)
        what = f"[{', '.join(spec.id)}] does not identify a row of table {table.name}"
        scope.errors.add(place, what, f"Use the primary key or a unique key without nulls: {usable}")
    for column in columns:
        if reason := not_a_key(column):
            scope.errors.add(place, f"Column '{column.name}' cannot be part of an id: {reason}", "Use the primary key")
    return columns


def _node(spec: NodeSpec, table: Table, scope: ResolutionContext) -> Node:
    fields = _fields(spec.fields, table, scope)
    includes = [(include, _include(include, table, scope)) for include in spec.includes]
    _check_names(spec, [field.name for field in fields], scope)
    node = Node(
        table=table.name,
        primary_key=key_columns(table),
        fields=fields,
        constants=tuple(Constant(constant.name, constant.value) for constant in spec.constants),
        includes=tuple(include for _, include in includes if include),
        where=resolve_conditions(spec.where, table, scope),
    )
    failed = {written.name for written, include in includes if include is None}
    return replace(node, computes=resolve_computes(spec.computes, node, failed, table, scope))


def _fields(spec: FieldSelection, table: Table, scope: ResolutionContext) -> tuple[Field, ...]:
    chosen = [field for written in spec.chosen if (field := _field(written, table, scope))]
    excluded = {name for name, _ in spec.exclude}
    for name, place in spec.exclude:
        if name not in table.columns:
            find_column(table, name, place, scope)
    if not spec.all:
        return tuple(chosen)
    covered = excluded | {field.column for field in spec.chosen if not field.path}
    rest = [column for name, column in table.columns.items() if name not in covered]
    return (*(field for column in rest if (field := _default_field(column, table, spec.place, scope))), *chosen)


def _default_field(column: Column, table: Table, place: Place, scope: ResolutionContext) -> Field | None:
    """The field of a column that is shown because all columns are."""
    if reason := unsupported(column):
        what = f"Column '{column.name}' of table {table.name} cannot be used: {reason}"
        scope.errors.add(place, what, f"Write `exclude: [{column.name}]`{remedy(table, column)}")
        return None
    if column.name.startswith("_") or "." in column.name or not column.name.strip():
        what = f"Column '{column.name}' of table {table.name} cannot be used as a field name"
        scope.errors.add(place, what, f"Exclude or rename it: `{{other_name: {{column: '{column.name}'}}}}`")
        return None
    return Field(column.name, column)


def _field(spec: FieldSpec, table: Table, scope: ResolutionContext) -> Field | None:
    column = find_column(table, spec.column, spec.place, scope)
    if column is None:
        return None
    if spec.path and column.type not in JSON:
        what = f"`path` requires a json or jsonb column, but '{spec.column}' is of type {column.type}"
        scope.errors.add(spec.place, what, "Remove `path`")
    return Field(spec.name, column, spec.path, spec.options)


def _check_names(spec: NodeSpec, fields: list[str], scope: ResolutionContext) -> None:
    """Add an error for every duplicate name: fields, constants, includes and computes share one object."""
    chosen = {field.name: field.place for field in spec.fields.chosen}
    named = [(name, chosen.get(name, spec.fields.place)) for name in fields]
    for group in (spec.constants, spec.includes, spec.computes):
        named += [(member.name, member.place) for member in group]
    seen: set[str] = set()
    for name, place in named:
        if name in seen:
            scope.errors.add(place, f"Duplicate field name '{name}'", "Rename one of them, or exclude the column")
        seen.add(name)


def _include(spec: IncludeSpec, left: Table, scope: ResolutionContext) -> Include | None:
    right = find_table(spec.node.table, spec.node.table_place, scope)
    if right is None:
        return None
    join, through = find_relation(spec, left, right, scope)
    node = _node(spec.node, right, scope)
    order_by = _order(spec, right, through, scope) if spec.many or spec.through else ()
    if join is None and through is None:
        return None
    limit = spec.limit if spec.many or not through else 1
    return Include(spec.name, spec.many, node, join, through, order_by, limit, spec.value)


def _order(spec: IncludeSpec, right: Table, through: Junction | None, scope: ResolutionContext) -> tuple[Order, ...]:
    """The order as written, made total by appending the primary keys."""
    terms = [term for written in spec.order_by if (term := _term(written, spec, right, through, scope))]
    seen = {(term.column.name, term.junction) for term in terms}
    return (*terms, *(key for key in total_order(right, through) if (key.column.name, key.junction) not in seen))


def _term(
    spec: OrderSpec, include: IncludeSpec, right: Table, through: Junction | None, scope: ResolutionContext
) -> Order | None:
    """One term of an order; `junction.column` is a column of the junction table."""
    table, name, junction = right, spec.column, False
    prefix = f"{include.through.table}." if include.through else ""
    if include.through and name.startswith(prefix):
        if through is None:
            return None
        table, name, junction = scope.catalog.tables[through.table], name.removeprefix(prefix), True
    column = find_column(table, name, spec.place, scope)
    if column is None:
        return None
    if reason := not_ordered(column):
        scope.errors.add(spec.place, f"The array cannot be ordered by '{name}': {reason}", "Order by another column")
        return None
    return Order(column, spec.descending, junction)
