"""Writes a first spec from a database's catalogue, so that one command gives any application documents.

A document has the root's columns, an object for every table it refers to (and for those that these refer to), an
array for every table that refers to it, a many-to-many array for every junction; a table that refers to itself has
one level up and one down.
"""

import re
from collections.abc import Iterable

from read_model.catalog.catalog import Catalog, Column, Table, TableName
from read_model.catalog.column_types import shown_type, unsupported
from read_model.plan.names import spec_name
from read_model.scaffold.foreign_keys import Relation, row_noun, to_many, to_one, usable
from read_model.scaffold.yaml_writer import Head, IncludeDraft, Names, NodeDraft, spec_text
from read_model.spec.errors import UnusableRootError

DEPTH = 3
"""Levels of objects below the root. Only the root gets arrays: arrays in arrays grow fast."""


def write_spec(catalog: Catalog, roots: list[TableName], pipeline: str) -> str:
    """The YAML of a spec with one kind of document for each root table. Raises `UnusableRootError`."""
    documents: list[tuple[str, str, NodeDraft]] = []
    for root in roots:
        table = catalog.tables.get(root)
        if table is None:
            raise UnusableRootError(f"Table {root} does not exist. Name a table of this database as schema.table.")
        if not usable(table):
            raise UnusableRootError(
                f"Table {root} cannot be a root: it has no usable primary key. Add one, or choose another table."
            )
        alias = _free(_alias(root.name), {name for name, _, _ in documents})
        documents.append((alias, _written(table), _root(table, catalog)))
    return spec_text(pipeline, documents)


def _written(table: Table) -> str:
    return f"ONLY {spec_name(table.name)}" if table.inherited else spec_name(table.name)


def _alias(name: str) -> str:
    plain = re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-")
    return plain if plain[:1].isalpha() else f"documents_{plain}".rstrip("_")


def _root(table: Table, catalog: Catalog) -> NodeDraft:
    draft = _node(table, catalog, {table.name}, frozenset(), DEPTH, itself=True)
    taken = {name for name, _ in draft.fields} | {include.name for include in draft.includes}
    for relation in to_many(table, catalog):
        include = _below(relation, table, catalog)
        include.name = _free(include.name, taken)
        taken.add(include.name)
        draft.includes.append(include)
    return draft


def _node(
    table: Table, catalog: Catalog, path: set[TableName], hidden: frozenset[str], depth: int, *, itself: bool = False
) -> NodeDraft:
    """A table with the objects that it refers to.

    `path` holds the tables above it, which show the `hidden` columns already."""
    relations = list(to_one(table, catalog)) if depth else []
    shown = [
        relation
        for relation in relations
        if (relation.right.name not in path or (itself and relation.right.name == table.name))
        and not set(relation.link.columns) <= hidden
    ]
    covered = hidden | {name for relation in shown for name in relation.link.columns if name not in table.primary_key}
    draft = _fields_of(table, covered)
    taken = {name for name, _ in draft.fields}
    path = path | {relation.right.name for relation in shown}
    for relation in shown:
        name = _free(_field_name(row_noun(relation.link, relation.right.name.name)), taken)
        taken.add(name)
        inner = 0 if relation.right.name == table.name else depth - 1
        node = _node(relation.right, catalog, path, frozenset(), inner)
        draft.includes.append(IncludeDraft(name, _head("one", relation), node, _label(relation.right, node)))
    return draft


def _below(relation: Relation, left: Table, catalog: Catalog) -> IncludeDraft:
    """An array of the root, or an object whose table refers to the root."""
    right = relation.right
    word = "one" if relation.kind == "single" else "many"
    hidden = frozenset() if relation.junction else frozenset(relation.link.columns) - set(right.primary_key)
    depth = 0 if right.name == left.name else DEPTH - 1
    node = _node(right, catalog, {left.name, right.name}, hidden, depth)
    name = right.name.name
    if not relation.only or right.name == left.name:
        name += f"_by_{row_noun(relation.link, relation.link.key.name)}"
    label = _label(right, node) if relation.junction else ""
    return IncludeDraft(_field_name(name), _head(word, relation), node, label)


def _head(word: str, relation: Relation) -> Head:
    head: Head = {word: _written(relation.right)}
    if relation.junction and relation.leave:
        junction = _written(relation.junction)
        sides: dict[str, Names] = {"table": junction, "from": relation.link.columns, "to": relation.leave.columns}
        return head | {"through": junction if relation.only else sides}
    return head if relation.only else head | {"by": relation.link.columns}


def _fields_of(table: Table, covered: Iterable[str]) -> NodeDraft:
    """The fields of a table, with a note on every omitted column, and no includes yet."""
    draft = NodeDraft()
    for column in table.columns.values():
        if column.name in covered:
            continue
        if reason := _unsuitable(column):
            draft.notes.append(f"omitted: {column.name} ({reason})")
        else:
            taken = {name for name, _ in draft.fields}
            draft.fields.append((_free(_field_name(column.name), taken), column.name))
    return draft


def _unsuitable(column: Column) -> str:
    if column.type == "bytea":
        return "bytea: not useful in a search"
    reason = unsupported(column)
    return f"{shown_type(column)}: {reason}" if reason else ""


def _label(table: Table, node: NodeDraft) -> str:
    """The only column besides the key of a small table such as tags(id, name); empty if there is more to show."""
    others = [column for _, column in node.fields if column not in table.primary_key]
    return others[0] if len(others) == 1 and not node.includes and not node.notes else ""


def _field_name(name: str) -> str:
    plain = name.replace(".", "_").strip().lstrip("_") or "value"
    return f"{plain}_" if plain in {"all", "*"} else plain


def _free(name: str, taken: Iterable[str]) -> str:
    names, number, free = set(taken), 2, name
    while free in names:
        free, number = f"{name}_{number}", number + 1
    return free
