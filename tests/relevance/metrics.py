"""How good an order of hits is: nDCG with the grade itself as the gain, and the reciprocal rank. Pure."""

from collections.abc import Iterable, Sequence
from math import log2


def ndcg(grades: Sequence[float], all_grades: Iterable[float], depth: int = 10) -> float:
    """The gain of the hits' grades in their order, as a share of what the best order of all documents would gain."""
    ideal = _gain(sorted(all_grades, reverse=True)[:depth])
    return _gain(grades[:depth]) / ideal if ideal else 0.0


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1 if the first hit is relevant, ½ if the second is the first one, and so on; 0 if none is."""
    return next((1 / rank for rank, is_relevant in enumerate(relevant, start=1) if is_relevant), 0.0)


def _gain(grades: Sequence[float]) -> float:
    return sum(grade / log2(rank + 1) for rank, grade in enumerate(grades, start=1))
