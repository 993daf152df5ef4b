"""What the searches of one request may cost: each of them, and all together. The one place that limits them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from search_api.access.running_searches import RunningSearches
from search_api.elasticsearch.search_cost import Part, SearchCost
from search_api.errors import SearchTooExpensive
from search_api.query.limits import MAX_COST

ADVICE: Mapping[Part, tuple[str, str]] = {
    "words": ("words and phrases", "Use fewer or shorter ones, or search in one field, as in `field:word`."),
    "similar": ("words with `~`", "Use `~` with fewer or shorter words, or in one field, as in `field:word~`."),
    "prefixes": (
        "words that are the beginning of others",
        "Use `*` with fewer words, or in one field, as in `field:wor*`.",
    ),
    "patterns": ("values with wildcards", "Use fewer or shorter ones."),
    "conditions": (
        "filters and other conditions",
        "Use fewer of them, or fewer facets, each of which applies the filters.",
    ),
    "facets": ("facets", "Request fewer of them."),
    "rows": (
        "rows of the aggregation",
        "Use longer intervals, larger steps, a smaller `top`, or fewer dimensions, measures or percentiles.",
    ),
    "highlights": ("highlights", "Request fewer hits per page with `size`."),
    "hits": ("hits and their order", "Request fewer hits per page with `size`."),
}
"""For each part its name, and how to make it cheaper."""


class SearchBudget:
    """For one request. `charge` is called with the cost of each search before it runs."""

    def __init__(self, charge: Callable[[int], None], running: RunningSearches, caller: str) -> None:
        self._charge = charge
        self._running = running
        self._caller = caller
        self._spent = 0

    @asynccontextmanager
    async def spend(self, cost: SearchCost, *, optional: bool) -> AsyncIterator[None]:
        """Run a search in its turn. One for an `optional` part may only cost what earlier ones left.

        Raises SearchTooExpensive, and what `charge` and the turn raise.
        """
        if cost.units > MAX_COST - (self._spent if optional else 0):
            raise SearchTooExpensive(_explanation(cost))
        self._charge(cost.units)
        self._spent += cost.units
        async with self._running.turn(self._caller, cost.units):
            yield


def _explanation(cost: SearchCost) -> str:
    what, advice = ADVICE[cost.largest]
    return f"It would cost {cost.units}, and the limit is {MAX_COST}. Most of this are {what}. {advice}"
