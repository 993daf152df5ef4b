"""Find everything a spec names in one database's catalogue: a spec becomes a plan, or all of its faults at once."""

from dataclasses import replace

from read_model.catalog.catalog import Catalog, Column, Table
from read_model.catalog.column_types import JSON, not_a_key, not_ordered, unsupported
from read_model.plan.computed_fields import resolve_computes
from read_model.plan.conditions import resolve_condition
from read_model.plan.field_paths import check_search
from read_model.plan.fingerprint import spec_hash
from read_model.plan.joins import find_join, find_junction
from read_model.plan.model import Constant, DocumentPlan, Field, Include, Junction, Node, Order, PipelinePlan
from read_model.plan.names import Scope, find_column, find_table, key_columns
from read_model.plan.table_use import table_uses
from read_model.spec.errors import Faults, Place
from read_model.spec.model import DocumentSpec, Fields, FieldSpec, IncludeSpec, NodeSpec, OrderSpec, Spec


def resolve(spec: Spec, catalog: Catalog) -> PipelinePlan:
    """The plan of a spec for a database. Raises `SpecError` with every fault, each with its line in the spec."""
    scope = Scope(catalog, Faults(spec.source))
    found = [_document(document, scope) for document in spec.documents]
    scope.faults.check()
    documents = tuple(document for document in found if document)
    plan = PipelinePlan(spec.pipeline, documents, spec_hash(spec.pipeline, documents))
    return replace(plan, tables=table_uses(documents, catalog))


def _document(spec: DocumentSpec, scope: Scope) -> DocumentPlan | None:
    table = find_table(spec.node.table, spec.node.table_place, scope)
    if table is None:
        return None
    root = _node(spec.node, table, scope)
    key = _id(spec, table, scope)
    check_search(spec.search, root, scope.faults)
    return DocumentPlan(spec.name, root, key, spec.search.settings) if key else None


def _id(spec: DocumentSpec, table: Table, scope: Scope) -> tuple[Column, ...]:
    place = spec.id_place
    if place is None:
        return key_columns(table)
    found = [find_column(table, name, place, scope) for name in spec.id]
    columns = tuple(column for column in found if column)
    if len(columns) < len(found) or not columns:
        return ()
    keys = [
        key for key in (table.primary_key, *table.unique_keys) if not any(table.columns[name].nullable for name in key)
    ]
    if sorted(spec.id) not in [sorted(key) for key in keys]:
        usable = " or ".join(f"[{', '.join(key)}]" for key in keys)
        what = f"[{', '.join(spec.id)}] does not identify a row of {table.name}"
        scope.faults.add(place, what, f"An id is the primary key or a unique key without nulls: {usable}")
    for column in columns:
        if reason := not_a_key(column):
            scope.faults.add(place, f"'{column.name}' cannot be part of an id: {reason}", "Use the primary key")
    return columns


def _node(spec: NodeSpec, table: Table, scope: Scope) -> Node:
    fields = _fields(spec.fields, table, scope)
    includes = [(one, _include(one, table, scope)) for one in spec.includes]
    _refuse_collisions(spec, [field.name for field in fields], scope)
    node = Node(
        table=table.name,
        primary_key=key_columns(table),
        fields=fields,
        constants=tuple(Constant(one.name, one.value) for one in spec.constants),
        includes=tuple(include for _, include in includes if include),
        where=tuple(condition for one in spec.where if (condition := resolve_condition(one, table, scope))),
    )
    failed = {one.name for one, include in includes if include is None}
    return replace(node, computes=resolve_computes(spec.computes, node, failed, table, scope))


def _fields(spec: Fields, table: Table, scope: Scope) -> tuple[Field, ...]:
    chosen = [field for one in spec.chosen if (field := _field(one, table, scope))]
    excluded = {name for name, _ in spec.exclude}
    for name, place in spec.exclude:
        if name not in table.columns:
            find_column(table, name, place, scope)
    if not spec.all:
        return tuple(chosen)
    covered = excluded | {one.column for one in spec.chosen if not one.path}
    rest = [column for name, column in table.columns.items() if name not in covered]
    return (*(field for column in rest if (field := _shown(column, table, spec.place, scope))), *chosen)


def _shown(column: Column, table: Table, place: Place, scope: Scope) -> Field | None:
    """A column that is there because all columns are."""
    if reason := unsupported(column):
        what = f"the column '{column.name}' of {table.name} cannot be shown: {reason}"
        scope.faults.add(place, what, f"Write `exclude: [{column.name}]`")
        return None
    if column.name.startswith("_") or "." in column.name or not column.name.strip():
        what = f"the column '{column.name}' of {table.name} cannot be a field's name"
        scope.faults.add(place, what, f"Exclude or rename it: `{{other_name: {{column: '{column.name}'}}}}`")
        return None
    return Field(column.name, column)


def _field(spec: FieldSpec, table: Table, scope: Scope) -> Field | None:
    column = find_column(table, spec.column, spec.place, scope)
    if column is None:
        return None
    if spec.path and column.type not in JSON:
        what = f"'{spec.column}' has no paths: it is of type {column.type}, not json or jsonb"
        scope.faults.add(spec.place, what, "Remove `path`")
    return Field(spec.name, column, spec.path, spec.options)


def _refuse_collisions(spec: NodeSpec, fields: list[str], scope: Scope) -> None:
    """Every name of a node stands once: fields, constants, includes and computes share one object."""
    chosen = {one.name: one.place for one in spec.fields.chosen}
    named = [(name, chosen.get(name, spec.fields.place)) for name in fields]
    for group in (spec.constants, spec.includes, spec.computes):
        named += [(one.name, one.place) for one in group]
    seen: set[str] = set()
    for name, place in named:
        if name in seen:
            what = f"two fields of one object are called '{name}'"
            scope.faults.add(place, what, "Rename one, or exclude the column")
        seen.add(name)


def _include(spec: IncludeSpec, left: Table, scope: Scope) -> Include | None:
    right = find_table(spec.node.table, spec.node.table_place, scope)
    if right is None:
        return None
    join = None if spec.through else find_join(spec, left, right, scope)
    through = find_junction(spec.through, left, right, scope) if spec.through else None
    node = _node(spec.node, right, scope)
    if spec.value and (field := _field(replace(spec.value, name=spec.value.column), right, scope)):
        node = replace(node, fields=(field,))
    order_by = _order(spec, right, through, scope) if spec.many else ()
    if join is None and through is None:
        return None
    return Include(spec.name, spec.many, node, join, through, order_by, spec.limit, bool(spec.value), spec.options)


def _order(spec: IncludeSpec, right: Table, through: Junction | None, scope: Scope) -> tuple[Order, ...]:
    """The order as written, made total by the primary keys."""
    terms = [term for one in spec.order_by if (term := _term(one, spec, right, through, scope))]
    keys = [Order(column) for column in key_columns(right)]
    keys += [Order(column, junction=True) for column in (through.primary_key if through else ())]
    seen = {(term.column.name, term.junction) for term in terms}
    return (*terms, *(key for key in keys if (key.column.name, key.junction) not in seen))


def _term(spec: OrderSpec, include: IncludeSpec, right: Table, through: Junction | None, scope: Scope) -> Order | None:
    """One term; `junction.column` means the junction's own column."""
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
        scope.faults.add(spec.place, f"the array cannot be ordered by '{name}': {reason}", "Order by another column")
        return None
    return Order(column, spec.descending, junction)
