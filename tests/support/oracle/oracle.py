"""A third oracle, in plain Python: interprets a plan over rows in dicts. Slow, and independent of the compilers.

Rows hold Python values: int, bool, str, Decimal for numeric and floats, ISO text for moments, None.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

import msgspec

from read_model.catalog.catalog import TableName
from read_model.plan.model import Compute, Condition, DocumentPlan, Include, Join, Node, Order

Row = Mapping[str, Any]
Database = Mapping[TableName, Iterable[Row]]
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMERIC = {"numeric", "float4", "float8", "money"}


encode = msgspec.json.Encoder(decimal_format="number").encode
"""Prints a document with its decimals as JSON numbers."""


def documents(plan: DocumentPlan, database: Database) -> dict[str, Any]:
    """All documents by id text. Numbers are int or Decimal."""
    rows = [row for row in database[plan.root.table] if _matches(plan.root.where, row)]
    return {id_text(plan, row): _object(plan.root, row, database) for row in rows}


def id_text(plan: DocumentPlan, row: Row) -> str:
    """The id of the document whose root row is given."""
    values = [row[column.name] for column in plan.id]
    return str(values[0]) if len(values) == 1 else encode(values).decode()


def _object(node: Node, row: Row, database: Database) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for field in node.fields:
        members[field.name] = _value(row[field.column.name], field.path)
    members.update({constant.name: constant.value for constant in node.constants})
    for include in node.includes:
        members[include.name] = _include(include, row, database)
    for compute in node.computes:
        members[compute.name] = _compute(compute, row, database)
    return members


def _value(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _include(include: Include, row: Row, database: Database) -> Any:
    pairs = _ordered(_pairs(include, row, database), include.order_by)[: include.limit]
    values = [_object(include.node, child, database) for child, _ in pairs]
    if include.value:
        values = [next(iter(value.values())) for value in values]
    if include.many:
        return values
    return values[0] if values else None


def _pairs(include: Include, row: Row, database: Database) -> list[tuple[Row, Row]]:
    """The matching rows, each with its junction's row (or itself)."""
    children = [child for child in database[include.node.table] if _matches(include.node.where, child)]
    if include.through is None:
        assert include.join
        return [(child, child) for child in children if _joined(include.join, row, child)]
    links = [link for link in database[include.through.table] if _joined(include.through.enter, row, link)]
    return [(child, link) for link in links for child in children if _joined(include.through.leave, link, child)]


def _joined(join: Join, left: Row, right: Row) -> bool:
    pairs = [(left[a.name], right[b.name]) for a, b in zip(join.left, join.right, strict=True)]
    return all(a is not None and a == b for a, b in pairs)


def _ordered(pairs: list[tuple[Row, Row]], orders: tuple[Order, ...]) -> list[tuple[Row, Row]]:
    def compare(left: tuple[Row, Row], right: tuple[Row, Row]) -> int:
        for order in orders:
            a, b = left[order.junction][order.column.name], right[order.junction][order.column.name]
            if a != b:
                nulls = (a is None) - (b is None)
                sign = nulls or (1 if _key(a) > _key(b) else -1)
                return -sign if order.descending else sign
        return 0

    return sorted(pairs, key=cmp_to_key(compare))


def _key(value: Any) -> Any:
    return value.rstrip("Z").encode() if isinstance(value, str) else value


def _compute(compute: Compute, row: Row, database: Database) -> Any:
    pairs = _pairs(compute.include, row, database)
    if compute.column is None:
        return len(pairs)
    values = [value for child, _ in pairs if (value := child[compute.column.name]) is not None]
    if not values:
        return None
    if compute.function == "sum":
        return sum(values, Decimal(0))
    return min(values, key=_key) if compute.function == "min" else max(values, key=_key)


def _matches(where: tuple[Condition, ...], row: Row) -> bool:
    return all(_holds(condition, row[condition.column.name]) for condition in where)


def _holds(condition: Condition, value: Any) -> bool:
    if condition.comparison == "is null":
        return value is None
    if value is None:
        return False
    if condition.comparison == "is not null":
        return True
    constants = [_constant(condition, each) for each in condition.values]
    if condition.comparison in ("in", "not in"):
        return (value in constants) == (condition.comparison == "in")
    return _COMPARISONS[condition.comparison](value, constants[0])


def _constant(condition: Condition, value: Any) -> Any:
    return Decimal(str(value)) if condition.column.type in _NUMERIC else value
