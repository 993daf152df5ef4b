"""Consistency requests and waiting for them, against doubles of the worker and the database."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import httpx
import msgspec
import pytest

from cdc.log.lsn import Lsn
from read_model.elasticsearch.index_owner import IndexOwner
from read_model.freshness import Freshness, Origin
from search_api.freshness.consistency import (
    ConsistencyRequest,
    EpochMismatch,
    NotYetConsistent,
    RequestedPosition,
    WaitLimits,
    read_consistency,
    seconds_to_wait,
)
from search_api.freshness.marker import Marker, MarkerFailed
from search_api.freshness.read_your_writes import ReadOwner, ReadYourWrites
from search_api.freshness.waiting_places import WaitingPlaces
from search_api.freshness.worker import WorkerFreshness
from search_api.query.validation import InvalidRequest

WAITS = WaitLimits(5, 10)
LIVE = Freshness("shop", 1, 100, 100, 1_000, "live", system="71", database="shop")
CALLER = "ana"


def require(consistency: str = "", at_least: str = "", stale: str = "", prefer: str = "") -> ConsistencyRequest:
    return read_consistency(consistency, at_least, stale, [prefer], WAITS)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ConsistencyRequest()),
        ({"consistency": "now"}, ConsistencyRequest("now", None, 5)),
        ({"at_least": "2:77"}, ConsistencyRequest("at_least", RequestedPosition(Lsn(77), 2), 5)),
        ({"consistency": "at_least=2:77"}, ConsistencyRequest("at_least", RequestedPosition(Lsn(77), 2), 5)),
        ({"consistency": "at_least", "at_least": "77"}, ConsistencyRequest("at_least", RequestedPosition(Lsn(77)), 5)),
        (
            {"at_least": "1/10", "stale": "allow"},
            ConsistencyRequest("at_least", RequestedPosition(Lsn((1 << 32) + 16)), 5, stale=True),
        ),
        (
            {"consistency": "now", "prefer": "respond-async, wait=2; x=1"},
            ConsistencyRequest("now", None, 2, preferred=True),
        ),
        ({"consistency": "now", "prefer": "wait=900"}, ConsistencyRequest("now", None, 10, preferred=True)),
    ],
)
def test_a_demand_is_read_from_parameters(params: dict[str, str], expected: ConsistencyRequest) -> None:
    assert require(**params) == expected


@pytest.mark.parametrize(
    "params",
    [
        {"consistency": "strong"},
        {"consistency": "at_least"},
        {"consistency": "now", "at_least": "1:1"},
        {"at_least": "1:"},
        {"at_least": "-1"},
        {"at_least": "9" * 30},
        {"at_least": "x/y"},
        {"at_least": "ffffffff/ffffffff"},
        {"stale": "yes"},
    ],
)
def test_a_demand_that_makes_no_sense_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        require(**params)


@pytest.mark.parametrize("prefer", ["", "wait", "wait=", "wait=-1", "waits=3", "=3", "wait=3.5", "x;wait=3"])
def test_preferences_that_are_no_wait_are_ignored(prefer: str) -> None:
    assert seconds_to_wait([prefer]) is None


@dataclass
class WorkerDouble:
    """The worker's endpoint, with long polls like the real one. Counts requests; with None it does not answer."""

    current: Freshness | None = LIVE
    requests: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, current: Freshness | None) -> None:
        self.current = current
        self._news.set()
        self._news = asyncio.Event()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        query = request.url.params
        if self.current and query.get("beyond") == f"{self.current.epoch}:{self.current.searchable}":
            await self._news.wait()
        if self.current is None:
            raise httpx.ConnectError("nobody listens")
        return httpx.Response(200, content=msgspec.json.encode(self.current))

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer), base_url="http://worker")


class MarkerDouble(Marker):
    """The database's WAL ends at `lsn`; None is an unavailable database."""

    def __init__(self, lsn: int | None) -> None:
        super().__init__("")
        self.lsn = lsn
        self.emitted = 0

    async def _emit(self) -> Lsn:
        self.emitted += 1
        await asyncio.sleep(0)
        if self.lsn is None:
            raise TimeoutError
        return Lsn(self.lsn)


def run(steps: Callable[[WorkerDouble, MarkerDouble, ReadYourWrites], Awaitable[None]], lsn: int | None = 120) -> None:
    async def main() -> None:
        double, marker = WorkerDouble(), MarkerDouble(lsn)
        async with double.client() as http:
            worker = WorkerFreshness(http)
            try:
                async with asyncio.timeout(20):
                    await steps(double, marker, ReadYourWrites(worker, marker, WaitingPlaces(100, 100)))
            finally:
                await worker.close()
                await marker.close()

    asyncio.run(main())


def test_now_waits_until_the_marker_is_searchable() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        waiter = asyncio.create_task(consistency.reach(require("now"), CALLER))
        while worker.requests < 2:
            await asyncio.sleep(0)
        assert not waiter.done()
        worker.put(replace(LIVE, searchable=119))
        worker.put(replace(LIVE, searchable=120))
        freshness = await waiter
        assert (freshness.token, freshness.met, freshness.consistency, freshness.degraded) == (
            "1:120",
            True,
            "now",
            False,
        )

    run(steps)


def test_many_who_wait_share_one_marker_and_one_poll() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        waiters = [asyncio.create_task(consistency.reach(require("now"), CALLER)) for _ in range(50)]
        while worker.requests < 2:
            await asyncio.sleep(0)
        worker.put(replace(LIVE, searchable=120))
        freshness = await asyncio.gather(*waiters)
        assert all(view.met for view in freshness)
        assert (marker.emitted, worker.requests) == (1, 2)

    run(steps)


def test_a_late_waiter_shares_the_pending_poll() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        waiter = asyncio.create_task(consistency.reach(require("now"), CALLER))
        while worker.requests < 2:
            await asyncio.sleep(0)
        assert (await consistency.reach(require(at_least="1:90"), CALLER)).met
        assert not waiter.done()
        waiter.cancel()

    run(steps)


def test_a_marker_on_its_way_is_too_old_for_who_comes_later() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        first = asyncio.create_task(marker.position())
        while not marker.emitted:
            await asyncio.sleep(0)
        marker.lsn = 130
        assert await marker.position() == 130
        await first
        assert marker.emitted == 2

    run(steps)


def test_not_in_time_is_an_error_or_a_stale_answer_that_says_so() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        with pytest.raises(NotYetConsistent) as late:
            await consistency.reach(require("now", prefer="wait=0"), CALLER)
        assert (late.value.freshness.token, late.value.freshness.met) == ("1:100", False)
        freshness = await consistency.reach(require("now", prefer="wait=0", stale="allow"), CALLER)
        assert (freshness.met, freshness.degraded) == (False, True)
        assert "has not caught up" in freshness.reason

    run(steps)


def test_a_token_of_another_epoch_is_told_at_once() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        with pytest.raises(EpochMismatch):
            await consistency.reach(require(at_least="2:5"), CALLER)
        assert not (await consistency.reach(require(at_least="2:5", stale="allow"), CALLER)).met
        waiter = asyncio.create_task(consistency.reach(require(at_least="1:150"), CALLER))
        while worker.requests < 3:
            await asyncio.sleep(0)
        worker.put(replace(LIVE, epoch=2, searchable=10))
        with pytest.raises(EpochMismatch):
            await waiter

    run(steps)


def test_a_worker_or_a_database_that_is_away_is_waited_for() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        worker.put(None)
        waiter = asyncio.create_task(consistency.reach(require(at_least="1:100"), CALLER))
        while not worker.requests:
            await asyncio.sleep(0)
        worker.put(LIVE)
        assert (await waiter).met
        with pytest.raises(NotYetConsistent, match="did not report its current position"):
            await consistency.reach(require("now", prefer="wait=0"), CALLER)
        with pytest.raises(MarkerFailed):
            await marker.position()

    run(steps, lsn=None)


def test_a_database_behind_its_own_documents_is_noticed() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        await consistency.reach(require(at_least="1:100"), CALLER)
        with pytest.raises(NotYetConsistent, match="restored or failed over"):
            await consistency.reach(require("now"), CALLER)
        worker.put(replace(LIVE, epoch=2, searchable=60))
        assert (await consistency.reach(require("now", prefer="wait=2"), CALLER)).met

    run(steps, lsn=50)


@pytest.mark.parametrize(("has_worker", "reason"), [(False, "ROWTIDE_WORKER_URL"), (True, "ROWTIDE_MARKER_DSN")])
def test_without_worker_or_marker_the_answer_is_degraded(has_worker: bool, reason: str) -> None:
    async def main() -> None:
        async with WorkerDouble().client() as http:
            worker = WorkerFreshness(http if has_worker else None)
            freshness = await ReadYourWrites(worker, None, WaitingPlaces(10, 10)).reach(require("now"), CALLER)
            assert (freshness.degraded, freshness.met) == (True, False)
            assert reason in freshness.reason

    asyncio.run(main())


@pytest.mark.parametrize(
    ("places", "second", "reason"),
    [
        (WaitingPlaces(total=1, each=9), "ben", "Too many requests are already waiting"),
        (WaitingPlaces(total=9, each=1), CALLER, "Too many requests of this caller"),
    ],
)
def test_more_readers_than_allowed_do_not_wait(places: WaitingPlaces, second: str, reason: str) -> None:
    async def main() -> None:
        async with WorkerDouble().client() as http:
            worker = WorkerFreshness(http)
            crowded = ReadYourWrites(worker, None, places)
            first = asyncio.create_task(crowded.reach(require(at_least="1:999"), CALLER))
            await asyncio.sleep(0)
            with pytest.raises(NotYetConsistent, match=reason):
                await crowded.reach(require(at_least="1:999"), second)
            first.cancel()
            await worker.close()

    asyncio.run(main())


def test_a_caller_that_takes_all_its_places_leaves_those_of_others() -> None:
    async def main() -> None:
        double = WorkerDouble()
        async with double.client() as http:
            worker = WorkerFreshness(http)
            shared = ReadYourWrites(worker, MarkerDouble(120), WaitingPlaces(total=10, each=4))
            greedy = [asyncio.create_task(shared.reach(require(at_least="1:999"), "greedy")) for _ in range(4)]
            await asyncio.sleep(0)
            with pytest.raises(NotYetConsistent, match="of this caller"):
                await shared.reach(require(at_least="1:999"), "greedy")
            waiter = asyncio.create_task(shared.reach(require("now"), CALLER))
            while double.requests < 2:
                await asyncio.sleep(0)
            double.put(replace(LIVE, searchable=120))
            assert (await waiter).met
            double.put(replace(LIVE, searchable=999))
            assert all(freshness.met for freshness in await asyncio.gather(*greedy))
            assert (await shared.reach(require(at_least="1:999"), "greedy")).met, "places are given back"
            await worker.close()

    asyncio.run(main())


def test_headers_say_the_same_as_the_body() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        headers = (await consistency.reach(require(), CALLER)).headers()
        assert headers["Rowtide-Token"] == "1:100"
        assert headers["Rowtide-Freshness"].startswith('as-of="1970-01-01T00:00:01.000Z", lag-ms=')
        assert headers["Rowtide-Freshness"].endswith("degraded=?0, consistency=eventual, met=?1")

    run(steps)


def owned_by(owner: IndexOwner | None) -> ReadOwner:
    async def read() -> IndexOwner | None:
        return owner

    return read


OWN = IndexOwner(LIVE.origin, LIVE.epoch)
OTHER_WORKERS = [
    (IndexOwner(Origin("blog", "71", "shop")), "is that of pipeline shop .* the documents of pipeline blog"),
    (IndexOwner(Origin("shop", "72", "shop")), "is that of pipeline shop .*system 71.* of pipeline shop .*system 72"),
    (IndexOwner(Origin("shop", "71", "staging")), "database shop.* of pipeline shop .database staging"),
    (IndexOwner(LIVE.origin, 2), "has epoch 1, and the index was created in epoch 2"),
]


@pytest.mark.parametrize("level", ["", "now", "at_least"])
@pytest.mark.parametrize(("owner", "reason"), OTHER_WORKERS)
def test_a_worker_that_does_not_write_the_index_promises_nothing(level: str, owner: IndexOwner, reason: str) -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        demand = require(level, at_least="1:100") if level == "at_least" else require(level)
        freshness = await consistency.reach(demand, CALLER, owned_by(owner))
        assert (freshness.token, freshness.degraded, freshness.met) == (None, True, not level)
        assert level or re.search(reason, freshness.reason)
        assert not level or "does not write this index" in freshness.reason
        assert (await consistency.reach(demand, CALLER, owned_by(OWN))).met
        assert (await consistency.reach(demand, CALLER, owned_by(None))).met, (
            "an index of an earlier version does not say whose it is"
        )

    run(steps, lsn=100)


def test_a_marker_in_another_database_is_no_position_of_the_worker() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        for origin in (Origin("", "72", "shop"), Origin("", "71", "blog")):
            marker.origin = origin
            freshness = await consistency.reach(require("now"), CALLER, owned_by(OWN))
            assert (freshness.degraded, freshness.met) == (True, False)
            assert "ROWTIDE_MARKER_DSN names another database" in freshness.reason
        marker.origin = Origin("", "71", "shop")
        assert (await consistency.reach(require("now"), CALLER, owned_by(OWN))).met

    run(steps, lsn=100)


def test_a_marker_beyond_reach_in_another_database_is_named_as_such() -> None:
    async def steps(worker: WorkerDouble, marker: MarkerDouble, consistency: ReadYourWrites) -> None:
        marker.origin = Origin("", "72", "shop")
        assert (
            "another database"
            in (await consistency.reach(require("now", prefer="wait=0"), CALLER, owned_by(OWN))).reason
        )

    run(steps, lsn=10**9)
