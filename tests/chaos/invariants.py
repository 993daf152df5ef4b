"""What every document shows at every moment, when no document shows half a transaction (invariant 3). Pure.

The tables hold some facts twice: an order's total is the sum of its lines, a box knows how much its items weigh. Every
transaction of the load keeps both in step, in separate statements. A document that was built from the state between
two of those statements contradicts itself.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

Document = dict[str, Any]


def _sum(rows: Iterable[Document], *names: str) -> Decimal:
    total = Decimal(0)
    for row in rows:
        value = Decimal(1)
        for name in names:
            value *= Decimal(str(row[name]))
        total += value
    return total


def _same(what: str, shown: object, counted: Decimal | int) -> list[str]:
    known = Decimal(str(shown)) if shown is not None else Decimal(0)
    return [] if known == counted else [f"{what} is {known}, its parts say {counted}"]


def _order(order: Document) -> list[str]:
    lines, payments = order["lines"], order["payments"]
    return [
        *_same("total", order["total"], _sum(lines, "quantity", "unit_price")),
        *_same("line_count", order["line_count"], len(lines)),
        *_same("units", order["units"], _sum(lines, "quantity")),
        *_same("paid", order["paid"], _sum(payments, "amount")),
    ]


def _box(box: Document) -> list[str]:
    items = box["items"]
    return [
        *_same("weight", box["weight"], _sum(items, "weight")),
        *_same("item_count", box["item_count"], len(items)),
        *_same("note_count", box["note_count"], len(box["notes"])),
        *_same("counted", box["counted"], len(items)),
        *([] if all(item["code"] == box["code"] for item in items) else ["an item of another box"]),
    ]


def _room(room: Document) -> list[str]:
    return [
        *_same("box_count", room["box_count"], len(room["boxes"])),
        *_same("counted", room["counted"], len(room["boxes"])),
    ]


CHECKS: dict[str, Callable[[Document], list[str]]] = {"orders": _order, "boxes": _box, "rooms": _room}
"""By the index's alias."""


def contradictions(alias: str, document: Document) -> list[str]:
    """Contradictions within a document; only names and figures."""
    return CHECKS[alias](document)
