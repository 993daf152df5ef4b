"""The oracle: the documents as one PostgreSQL query. `verify` and the tests compare the index with it (invariant 5).

Run it with DateStyle ISO and extra_float_digits ≥ 1, the server's defaults.
"""

from collections.abc import Iterator
from itertools import count

from read_model.catalog.catalog import Column, quote_identifier
from read_model.plan.model import Compute, Condition, Constant, DocumentPlan, Field, Include, Join, Node, Order
from read_model.types.value_form import fill
from read_model.types.value_forms import form

MEMBERS_A_CALL = 50
"""PostgreSQL functions take at most 100 arguments, two for each member."""

_PLAIN_IDS = frozenset({"int2", "int4", "int8", "text", "varchar", "uuid", "bpchar", "date"})
"""Id types for which the primary key's index can serve a restriction."""


def document_query(document: DocumentPlan, ids: bool = False, indexed: bool = True) -> str:
    """A query of (id text, document JSON text), ordered by id.

    With `ids` it takes one parameter, `%s`, a list of id texts, and yields only those documents; for `indexed` see
    `restriction`."""
    text = id_text(document, "r")
    where = f"WHERE true{conditions(document.root.where, 'r')}"
    query = (
        f"SELECT {text} AS id, ({Builder().object(document.root, 'r')})::text AS doc"
        f" FROM {document.root.table.rows} r {where}"
    )
    if ids:
        query, text = f"{escaped(query)} AND {restriction(document, indexed)}", escaped(text)
    return f'{query} ORDER BY {text} COLLATE "C"'


def id_text(document: DocumentPlan, alias: str) -> str:
    """The expression of a document's id text."""
    shown = [fill(form(column).oracle, column_of(alias, column)) for column in document.id]
    if len(shown) == 1:
        return f"(to_json({shown[0]}) #>> '{{}}')"
    return "'[' || " + " || ',' || ".join(f"to_json({each})::text" for each in shown) + " || ']'"


def restriction(document: DocumentPlan, indexed: bool = True) -> str:
    """The condition for the documents in `%s`, a list of id texts.

    With `indexed`, the key's index serves it if the types allow that; an id that is not a value of its type then
    makes the query fail."""
    if not indexed or any(column.type not in _PLAIN_IDS for column in document.id):
        return f"({escaped(id_text(document, 'r'))}) = ANY(%s::text[])"
    if len(document.id) == 1:
        column = document.id[0]
        return f"{escaped(column_of('r', column))} = ANY(%s::text[]::{column.type}[])"
    keys = escaped(", ".join(column_of("r", column) for column in document.id))
    parts = ", ".join(f"(id::json ->> {place})::{column.type}" for place, column in enumerate(document.id))
    return f"({keys}) IN (SELECT {parts} FROM unnest(%s::text[]) AS id)"


def column_of(alias: str, column: Column) -> str:
    """A column of an aliased table."""
    return f"{alias}.{quote_identifier(column.name)}"


def escaped(query: str) -> str:
    """SQL as part of a query with parameters: every % doubled."""
    return query.replace("%", "%%")


def constant_text(value: str) -> str:
    """A string constant, valid with every setting of standard_conforming_strings."""
    doubled = value.replace("'", "''")
    return f"E'{doubled.replace(chr(92), chr(92) * 2)}'" if "\\" in doubled else f"'{doubled}'"


class Builder:
    """Compiles nodes to JSON values. Every table gets its own alias."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def object(self, node: Node, alias: str) -> str:
        """A node's JSON object."""
        members = [f"{constant_text(name)}, {value}" for name, value in self.members(node, alias)]
        parts = [members[n : n + MEMBERS_A_CALL] for n in range(0, len(members), MEMBERS_A_CALL)] or [[]]
        if len(parts) == 1:
            return f"json_build_object({', '.join(parts[0])})"
        return "(" + " || ".join(f"jsonb_build_object({', '.join(part)})" for part in parts) + ")"

    def members(self, node: Node, alias: str) -> Iterator[tuple[str, str]]:
        """Names and values of a node's object, in order."""
        for field in node.fields:
            yield field.name, self.field(field, alias)
        for constant in node.constants:
            yield constant.name, self.constant(constant)
        for include in node.includes:
            yield include.name, self.include(include, alias)
        for compute in node.computes:
            yield compute.name, self.compute(compute, alias)

    def alias(self) -> str:
        """An unused table alias."""
        return f"t{next(self._numbers)}"

    def field(self, field: Field, alias: str) -> str:
        """A field's value."""
        return field_of(field, alias)

    def constant(self, constant: Constant) -> str:
        """A constant's value."""
        return _constant(constant.value)

    def include(self, include: Include, parent: str) -> str:
        """The rows of another table, as an object or an array."""
        child = self.alias()
        source = source_of(include, parent, child)
        value = next(self.members(include.node, child))[1] if include.value else self.object(include.node, child)
        if not include.many:
            return f"(SELECT {value} {source}{first_of(include, child)})"
        order = order_of(include, child)
        if include.limit is None:
            return f"(SELECT coalesce(json_agg({value} ORDER BY {order}), '[]') {source})"
        cut = cut_of(include, value, source, order)
        return f"(SELECT coalesce(json_agg(value ORDER BY place), '[]') FROM ({cut}) cut)"

    def compute(self, compute: Compute, parent: str) -> str:
        """An aggregate's value."""
        child = self.alias()
        return f"(SELECT {aggregate_of(compute, child)} {source_of(compute.include, parent, child)})"


def source_of(include: Include, parent: str, child: str) -> str:
    """FROM and WHERE of an include's rows."""
    table = f"{include.node.table.rows} {child}"
    filters = conditions(include.node.where, child)
    if (junction := include.through) is not None:
        link = f"{child}j"
        joined = f"{junction.table.rows} {link} JOIN {table} ON {matches(junction.leave, link, child)}"
        return f"FROM {joined} WHERE {matches(junction.enter, parent, link)}{filters}"
    return f"FROM {table} WHERE {matches(include.direct_join, parent, child)}{filters}"


def matches(join: Join, left: str, right: str) -> str:
    """A join's equalities between two aliases."""
    pairs = zip(join.left, join.right, strict=True)
    return " AND ".join(f"{column_of(right, b)} = {column_of(left, a)}" for a, b in pairs)


def field_of(field: Field, alias: str) -> str:
    """A field's value, in its native type."""
    column = column_of(alias, field.column)
    if field.path:
        return f"(({column})::jsonb" + "".join(f" -> {constant_text(key)}" for key in field.path) + ")"
    shown = fill(form(field.column).oracle, column)
    if field.wrapped:
        wrapped = f"jsonb_build_object('value', {shown})"
        return f"CASE WHEN jsonb_typeof({shown}) <> 'object' THEN {wrapped} ELSE {shown} END"
    return shown


def _constant(value: str | int | bool | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "NULL"
    return f"{value}::int8" if isinstance(value, int) else f"{constant_text(value)}::text"


def order_of(include: Include, child: str) -> str:
    """The terms of ORDER BY of an include's rows, "" if it has none."""
    return ", ".join(_term(order, f"{child}j" if order.junction else child) for order in include.order_by)


def first_of(include: Include, child: str) -> str:
    """What leaves the first row of an include that shows one: empty if there is at most one."""
    return f" ORDER BY {order_of(include, child)} LIMIT 1" if include.order_by else ""


def cut_of(include: Include, value: str, source: str, order: str) -> str:
    """A query of the first rows of an include with a limit: `value` of each, and its `place` in the order."""
    return (
        f"SELECT {value} AS value, row_number() OVER (ORDER BY {order}) AS place"
        f" {source} ORDER BY {order} LIMIT {include.limit}"
    )


def _term(order: Order, alias: str) -> str:
    key = fill(form(order.column).oracle_order, column_of(alias, order.column))
    return f"{key} DESC NULLS FIRST" if order.descending else f"{key} NULLS LAST"


def aggregate_of(compute: Compute, alias: str) -> str:
    """An aggregate's value."""
    if compute.column is None:
        return "count(*)"
    value_form, column = form(compute.column), column_of(alias, compute.column)
    if compute.function == "sum":
        return fill(value_form.oracle_total, column)
    return fill(value_form.oracle, f"{compute.function}({fill(value_form.oracle_minimum, column)})")


def conditions(where: tuple[Condition, ...], alias: str) -> str:
    """A filter as terms ` AND …`, or an empty text."""
    return "".join(f" AND {_condition(condition, alias)}" for condition in where)


def _condition(condition: Condition, alias: str) -> str:
    column, comparison = column_of(alias, condition.column), condition.comparison
    if comparison in ("is null", "is not null"):
        if condition.column.members:  # IS NULL is true of a row whose members are all null, too.
            return f"{column} IS{' NOT' if comparison == 'is null' else ''} DISTINCT FROM NULL"
        return f"{column} {comparison.upper()}"
    # An untyped literal takes the column's type.
    literals = [constant_text(str(value)) for value in condition.values]
    if comparison in ("in", "not in"):
        return f"{column} {comparison.upper()} ({', '.join(literals)})"
    return f"{column} {comparison} {literals[0]}"
