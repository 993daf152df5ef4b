"""How the numbers that people read are written."""

from collections.abc import Iterator
from itertools import count


def order_number(year: int, n: int) -> str:
    """`SO-2026-000123`."""
    return f"SO-{year}-{n:06d}"


def customer_number(n: int) -> str:
    """`C-000123`."""
    return f"C-{n:06d}"


def counted_orders(year: int, first: int = 1) -> Iterator[str]:
    """Order numbers without end, for a workload that has the database to itself."""
    return (order_number(year, n) for n in count(first))


def counted_customers(first: int = 1) -> Iterator[str]:
    """Customer numbers without end, for a workload that has the database to itself."""
    return (customer_number(n) for n in count(first))
