"""What a request may spend on its searches, and whose searches run at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from search_api.access.running_searches import SHARE, RunningSearches
from search_api.access.search_budget import ADVICE, SearchBudget
from search_api.elasticsearch.search_cost import POINTS_PER_UNIT, Part, SearchCost
from search_api.errors import ElasticsearchUnavailable, RateLimitExceeded, SearchTooExpensive
from search_api.query.limits import MAX_COST

LONG = 60.0
AT_ONCE = 0.01


def units(number: int, part: Part = "words") -> SearchCost:
    return SearchCost({part: number * POINTS_PER_UNIT})


def run(steps: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await steps()

    asyncio.run(main())


class Charges(list[int]):
    """What a caller was charged; with `full`, its rate limit is exceeded."""

    full = False

    def __call__(self, cost: int) -> None:
        if self.full:
            raise RateLimitExceeded("1")
        self.append(cost)


@pytest.mark.parametrize("part", list(ADVICE))
def test_a_search_that_costs_too_much_names_its_largest_part(part: Part) -> None:
    async def steps() -> None:
        charges = Charges()
        budget = SearchBudget(charges, RunningSearches(100, LONG), "ana")
        with pytest.raises(SearchTooExpensive, match=f"the limit is {MAX_COST}.*{ADVICE[part][0]}"):
            async with budget.spend(units(MAX_COST + 1, part), optional=False):
                pass
        assert charges == [], "nothing ran"

    run(steps)


def test_optional_searches_share_what_the_request_has_left() -> None:
    async def steps() -> None:
        charges = Charges()
        budget = SearchBudget(charges, RunningSearches(100, LONG), "ana")
        for cost, optional in ((MAX_COST - 3, False), (2, True), (1, True), (MAX_COST, False)):
            async with budget.spend(units(cost), optional=optional):
                pass
        with pytest.raises(SearchTooExpensive):
            async with budget.spend(units(1), optional=True):
                pass
        assert charges == [MAX_COST - 3, 2, 1, MAX_COST]

    run(steps)


def test_what_the_rate_limit_refuses_does_not_run() -> None:
    async def steps() -> None:
        charges = Charges()
        charges.full = True
        running = RunningSearches(1, AT_ONCE)
        with pytest.raises(RateLimitExceeded):
            async with SearchBudget(charges, running, "ana").spend(units(1), optional=False):
                pass
        async with running.turn("ana", 1):
            pass

    run(steps)


async def hold(running: RunningSearches, caller: str, cost: int, until: asyncio.Event, log: list[str]) -> None:
    async with running.turn(caller, cost):
        log.append(caller)
        await until.wait()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_caller_waits_behind_its_own_searches_and_others_do_not() -> None:
    async def steps() -> None:
        running, done = RunningSearches(total=12, wait_seconds=LONG), asyncio.Event()
        log: list[str] = []
        greedy = [asyncio.create_task(hold(running, "greedy", 4, done, log)) for _ in range(40)]
        await settled()
        assert log == ["greedy"], f"one part in {SHARE} of the total"
        other = asyncio.create_task(hold(running, "other", 1, done, log))
        await settled()
        assert log == ["greedy", "other"]
        done.set()
        await asyncio.gather(*greedy, other)
        assert log == ["greedy", "other"] + ["greedy"] * 39

    run(steps)


def test_the_total_is_bounded_and_turns_come_in_order() -> None:
    async def steps() -> None:
        running, done = RunningSearches(total=12, wait_seconds=LONG), asyncio.Event()
        log: list[str] = []
        tasks = [asyncio.create_task(hold(running, name, 4, done, log)) for name in "abcd"]
        await settled()
        tasks.append(asyncio.create_task(hold(running, "small", 1, done, log)))
        await settled()
        assert log == ["a", "b", "c"], "nobody overtakes who waits for a place"
        done.set()
        await asyncio.gather(*tasks)
        assert log == ["a", "b", "c", "d", "small"]

    run(steps)


def test_who_waits_too_long_learns_whose_searches_are_in_the_way() -> None:
    async def steps() -> None:
        running = RunningSearches(total=3, wait_seconds=AT_ONCE)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(running.turn("ana", 1))
            with pytest.raises(RateLimitExceeded):
                async with running.turn("ana", 1):
                    pass
            for name in ("ben", "cleo"):
                await stack.enter_async_context(running.turn(name, 1))
            with pytest.raises(ElasticsearchUnavailable, match="at the same time"):
                async with running.turn("dora", 1):
                    pass
        async with running.turn("ana", 99):
            pass

    run(steps)


def test_a_search_that_is_given_up_leaves_its_place() -> None:
    async def steps() -> None:
        running, never = RunningSearches(total=3, wait_seconds=LONG), asyncio.Event()
        log: list[str] = []
        first, second = (asyncio.create_task(hold(running, "ana", 1, never, log)) for _ in range(2))
        await settled()
        second.cancel()
        await settled()
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        async with running.turn("ana", 3):
            assert log == ["ana"]

    run(steps)
