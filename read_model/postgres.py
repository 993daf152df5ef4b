"""The oracle: the same documents as one PostgreSQL query, which `verify` and the tests compare the index with (invariant 5).

Run it with DateStyle ISO and extra_float_digits 1 or more, which are the server's defaults.
"""

from collections.abc import Iterator
from itertools import count

from read_model.catalog import Column, quote_identifier
from read_model.plan import Compute, Condition, DocumentPlan, Field, Include, Join, Node, Order
from read_model.sqlite_json import is_wrapped
from read_model.values import fill, form

MEMBERS_A_CALL = 50
"""A function takes 100 arguments."""

_PLAIN_IDS = frozenset({"int2", "int4", "int8", "text", "varchar", "uuid", "bpchar", "date"})
"""Id types whose restriction is written so that the primary key's index serves it."""


def document_query(document: DocumentPlan, ids: bool = False) -> str:
    """A query of (id text, document JSON text), ordered by id.

    With `ids` it takes one parameter, `%s`, a list of id texts, and yields those documents alone."""
    text = id_text(document, "r")
    where = f"WHERE true{_conditions(document.root.where, 'r')}"
    query = (
        f"SELECT {text} AS id, ({_Builder().object(document.root, 'r')})::text AS doc"
        f" FROM {document.root.table.quoted} r {where}"
    )
    if ids:
        query = f"{query.replace('%', '%%')} AND {_restriction(document, text)}"
    return f'{query} ORDER BY {text.replace("%", "%%") if ids else text} COLLATE "C"'


def id_query(document: DocumentPlan) -> str:
    """A query of all id texts, in the order of `document_query`."""
    text = id_text(document, "r")
    where = _conditions(document.root.where, "r")
    return f'SELECT {text} AS id FROM {document.root.table.quoted} r WHERE true{where} ORDER BY {text} COLLATE "C"'


def id_text(document: DocumentPlan, alias: str) -> str:
    """The expression of a document's id text."""
    shown = [fill(form(column).oracle, _column(alias, column)) for column in document.id]
    if len(shown) == 1:
        return f"(to_json({shown[0]}) #>> '{{}}')"
    return "'[' || " + " || ',' || ".join(f"to_json({each})::text" for each in shown) + " || ']'"


def _restriction(document: DocumentPlan, text: str) -> str:
    column = document.id[0]
    if len(document.id) == 1 and column.type in _PLAIN_IDS:
        return f"{_column('r', column)} = ANY(%s::text[]::{column.type}[])"
    return f"({text.replace('%', '%%')}) = ANY(%s::text[])"


def _column(alias: str, column: Column) -> str:
    return f"{alias}.{quote_identifier(column.name)}"


def _text(value: str) -> str:
    """A string constant, right whatever standard_conforming_strings says."""
    doubled = value.replace("'", "''")
    return f"E'{doubled.replace(chr(92), chr(92) * 2)}'" if "\\" in doubled else f"'{doubled}'"


class _Builder:
    """Compiles nodes; every table gets an alias of its own."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def object(self, node: Node, alias: str) -> str:
        """A node's JSON object."""
        members = [f"{_text(name)}, {value}" for name, value in self._members(node, alias)]
        parts = [members[n : n + MEMBERS_A_CALL] for n in range(0, len(members), MEMBERS_A_CALL)] or [[]]
        if len(parts) == 1:
            return f"json_build_object({', '.join(parts[0])})"
        return "(" + " || ".join(f"jsonb_build_object({', '.join(part)})" for part in parts) + ")"

    def _members(self, node: Node, alias: str) -> Iterator[tuple[str, str]]:
        for field in node.fields:
            yield field.name, _field(field, alias)
        for constant in node.constants:
            yield constant.name, _constant(constant.value)
        for include in node.includes:
            yield include.name, self._include(include, alias)
        for compute in node.computes:
            yield compute.name, self._compute(compute, alias)

    def _include(self, include: Include, parent: str) -> str:
        child = f"t{next(self._numbers)}"
        source = _source(include, parent, child)
        value = next(self._members(include.node, child))[1] if include.value else self.object(include.node, child)
        if not include.many:
            return f"(SELECT {value} {source})"
        order = ", ".join(_order(order, f"{child}j" if order.junction else child) for order in include.order_by)
        if include.limit is None:
            return f"(SELECT coalesce(json_agg({value} ORDER BY {order}), '[]') {source})"
        cut = (
            f"SELECT {value} AS value, row_number() OVER (ORDER BY {order}) AS place"
            f" {source} ORDER BY {order} LIMIT {include.limit}"
        )
        return f"(SELECT coalesce(json_agg(value ORDER BY place), '[]') FROM ({cut}) cut)"

    def _compute(self, compute: Compute, parent: str) -> str:
        child = f"t{next(self._numbers)}"
        return f"(SELECT {_aggregate(compute, child)} {_source(compute.include, parent, child)})"


def _source(include: Include, parent: str, child: str) -> str:
    """FROM and WHERE of an include's rows."""
    table = f"{include.node.table.quoted} {child}"
    filters = _conditions(include.node.where, child)
    if (junction := include.through) is not None:
        link = f"{child}j"
        joined = f"{junction.table.quoted} {link} JOIN {table} ON {_matches(junction.leave, link, child)}"
        return f"FROM {joined} WHERE {_matches(junction.enter, parent, link)}{filters}"
    if include.join is None:
        raise ValueError(f"the include '{include.name}' has neither a join nor a junction")
    return f"FROM {table} WHERE {_matches(include.join, parent, child)}{filters}"


def _matches(join: Join, near: str, far: str) -> str:
    pairs = zip(join.near, join.far, strict=True)
    return " AND ".join(f"{_column(far, b)} = {_column(near, a)}" for a, b in pairs)


def _field(field: Field, alias: str) -> str:
    column = _column(alias, field.column)
    if field.path:
        return f"(({column})::jsonb" + "".join(f" -> {_text(key)}" for key in field.path) + ")"
    shown = fill(form(field.column).oracle, column)
    if is_wrapped(field):
        wrapped = f"jsonb_build_object('value', {shown})"
        return f"CASE WHEN jsonb_typeof({shown}) <> 'object' THEN {wrapped} ELSE {shown} END"
    return shown


def _constant(value: str | int | bool | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "NULL"
    return f"{value}::int8" if isinstance(value, int) else f"{_text(value)}::text"


def _order(order: Order, alias: str) -> str:
    key = fill(form(order.column).oracle_order, _column(alias, order.column))
    return f"{key} DESC NULLS FIRST" if order.descending else f"{key} NULLS LAST"


def _aggregate(compute: Compute, alias: str) -> str:
    if compute.column is None:
        return "count(*)"
    how, column = form(compute.column), _column(alias, compute.column)
    if compute.function == "sum":
        return fill(how.oracle_total, column)
    return fill(how.oracle, f"{compute.function}({fill(how.oracle_least, column)})")


def _conditions(where: tuple[Condition, ...], alias: str) -> str:
    return "".join(f" AND {_condition(condition, alias)}" for condition in where)


def _condition(condition: Condition, alias: str) -> str:
    column, comparison = _column(alias, condition.column), condition.comparison
    if comparison in ("is null", "is not null"):
        return f"{column} {comparison.upper()}"
    # An untyped literal takes the column's type.
    literals = [_text(str(value)) for value in condition.values]
    if comparison in ("in", "not in"):
        return f"{column} {comparison.upper()} ({', '.join(literals)})"
    return f"{column} {comparison} {literals[0]}"
