"""One document as one SQLite expression: correlated subqueries that print JSON.

A scalar subquery forgets that its text is JSON, so each is wrapped in json().
"""

from collections.abc import Iterator
from itertools import count

from read_model.catalog import Column, quote_identifier
from read_model.plan import Compute, Condition, Field, Include, Join, Node, Order
from read_model.sqlite_functions import float_text
from read_model.sqlite_rows import table_name
from read_model.values import fill, form

MEMBERS_A_CALL = 499
"""A function takes 1000 arguments, and json_set one more than its pairs."""


def document(root: Node, alias: str) -> str:
    """The expression that builds the document of the root row named `alias`."""
    return _Builder().object(root, alias)


def text_literal(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("'", "''") + "'"


def conditions(where: tuple[Condition, ...], alias: str) -> str:
    """A filter as ` AND …` terms, or nothing."""
    return "".join(f" AND {_condition(condition, alias)}" for condition in where)


def column_of(alias: str, column: Column) -> str:
    """A column of an aliased table."""
    return f"{alias}.{quote_identifier(column.name)}"


def matches(join: Join, near: str, far: str) -> str:
    """A join's equalities between two aliases, the far side first."""
    pairs = zip(join.near, join.far, strict=True)
    return " AND ".join(f"{column_of(far, b)} = {column_of(near, a)}" for a, b in pairs)


def is_wrapped(field: Field) -> bool:
    """Whether a whole JSON column is mapped as `flattened`, which holds objects alone: anything else goes under `value`."""
    return (
        form(field.column).kind == "json" and not field.path and field.options.get("type", "flattened") == "flattened"
    )


class _Builder:
    """Compiles nodes; every table gets an alias of its own."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def object(self, node: Node, alias: str) -> str:
        """A node's JSON object."""
        members = list(self._members(node, alias))
        head, rest = members[:MEMBERS_A_CALL], members[MEMBERS_A_CALL:]
        built = f"json_object({', '.join(f'{text_literal(name)}, {value}' for name, value in head)})"
        while rest:
            head, rest = rest[: MEMBERS_A_CALL - 1], rest[MEMBERS_A_CALL - 1 :]
            pairs = (f"{text_literal('$.' + quote_identifier(name))}, {value}" for name, value in head)
            built = f"json_set({built}, {', '.join(pairs)})"
        return built

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
        source, link, condition = self._source(include, parent, child)
        value = next(self._members(include.node, child))[1] if include.value else self.object(include.node, child)
        if not include.many:
            return _as_json(f"(SELECT {value} FROM {source} WHERE {condition})", include)
        order = ", ".join(_order(order, link if order.junction else child) for order in include.order_by)
        if include.limit is None:
            return f"json((SELECT json_group_array({value} ORDER BY {order}) FROM {source} WHERE {condition}))"
        # A derived table forgets JSON too. Its rows arrive in its order, which LIMIT makes binding.
        cut = f"SELECT {_quoted(value)} AS value FROM {source} WHERE {condition} ORDER BY {order} LIMIT {include.limit}"
        return f"json((SELECT json_group_array(json(value)) FROM ({cut})))"

    def _compute(self, compute: Compute, parent: str) -> str:
        child = f"t{next(self._numbers)}"
        source, _, condition = self._source(compute.include, parent, child)
        value = _aggregate(compute, child)
        subquery = f"(SELECT {value} FROM {source} WHERE {condition})"
        return f"json({subquery})" if value.startswith("json(") else subquery

    def _source(self, include: Include, parent: str, child: str) -> tuple[str, str, str]:
        """FROM's tables, the junction's alias, and the condition with the child's filter."""
        table = f"{table_name(include.node.table)} {child}"
        link = f"{child}j"
        if (junction := include.through) is not None:
            # CROSS JOIN keeps the order of the tables: from the parent through the junction to the child.
            source = f"{table_name(junction.table)} {link} CROSS JOIN {table}"
            condition = f"{matches(junction.enter, parent, link)} AND {matches(junction.leave, link, child)}"
        else:
            source, condition = table, matches(_join(include), parent, child)
        return source, link, condition + conditions(include.node.where, child)


def _join(include: Include) -> Join:
    if include.join is None:
        raise ValueError(f"the include '{include.name}' has neither a join nor a junction")
    return include.join


def _as_json(subquery: str, include: Include) -> str:
    """A single include: JSON, unless it is one plain value."""
    fields = include.node.fields
    plain = include.value and fields and not _field(fields[0], "t").startswith("json(")
    return subquery if plain else f"json({subquery})"


def _quoted(value: str) -> str:
    """A value as JSON text that survives a derived table."""
    return value if value.startswith(("json_object(", "json_set(")) else f"json_quote({value})"


def _field(field: Field, alias: str) -> str:
    column = column_of(alias, field.column)
    if field.path:
        steps = "".join(f'."{key}"' for key in field.path)
        return f"json({column} -> {text_literal('$' + steps)})"
    if is_wrapped(field):
        return f"json(iif(substr({column}, 1, 1) = '{{', {column}, '{{\"value\":' || {column} || '}}'))"
    return fill(form(field.column).show, column)


def _constant(value: str | int | bool | None) -> str:
    if isinstance(value, bool):
        return f"json('{str(value).lower()}')"
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else text_literal(value)


def _order(order: Order, alias: str) -> str:
    key = fill(form(order.column).order, column_of(alias, order.column))
    if order.descending:
        return f"{key} DESC NULLS FIRST" if order.column.nullable else f"{key} DESC"
    return f"{key} NULLS LAST" if order.column.nullable else key


def _aggregate(compute: Compute, alias: str) -> str:
    if compute.column is None:
        return "count(*)"
    how, column = form(compute.column), column_of(alias, compute.column)
    if compute.function == "sum":
        return fill(how.total, column)
    return fill(how.show, f"{compute.function}({fill(how.least, column)})")


def _condition(condition: Condition, alias: str) -> str:
    column, comparison = column_of(alias, condition.column), condition.comparison
    if comparison in ("is null", "is not null"):
        return f"{column} {comparison.upper()}"
    literals = [_literal(condition.column, value) for value in condition.values]
    if comparison in ("in", "not in"):
        return f"{column} {comparison.upper()} ({', '.join(literals)})"
    return f"{column} {comparison} {literals[0]}"


def _literal(column: Column, value: str | int | bool) -> str:
    """A filter's constant in the stored form of the column."""
    how = form(column)
    if how.kind in ("int", "bool"):
        return str(int(value))
    if how.kind == "scaled":
        return fill(how.take, text_literal(str(value)))
    if how.kind == "float":
        return text_literal(float_text(str(value), 4 if column.type == "float4" else 8) or "")
    if how.kind == "moment":
        whole = str(value).removesuffix("+00:00").removesuffix("Z")
        return text_literal(whole.rstrip("0").rstrip(".") if "." in whole else whole)
    return text_literal(str(value))
