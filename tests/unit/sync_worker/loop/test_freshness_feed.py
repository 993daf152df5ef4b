"""Waiting for news of the freshness."""

import threading
from concurrent.futures import Future
from dataclasses import replace
from queue import SimpleQueue

from prometheus_client import CollectorRegistry

from read_model.freshness import Freshness
from sync_worker.errors import InvalidRequest, WorkerError
from sync_worker.http.endpoint import MOST_WAITING, MOST_WAITING_OPENLY, Commands, endpoint
from sync_worker.http.request_guard import EndpointAccess
from sync_worker.loop.publisher import FreshnessFeed
from sync_worker.resync.row_repair import RepairOutcome, RepairRequest
from sync_worker.store.quarantine import Retry
from tests.support.servers.search_api import asgi

ACCESS = EndpointAccess("the-token-of-the-worker")
SIGNED = {"authorization": f"Bearer {ACCESS.token}"}
FIRST = Freshness("shop", 1, 10, 12, 0, "live")
LONG = 30.0


def test_news_is_told_at_once_and_others_wait_for_it() -> None:
    feed = FreshnessFeed(FIRST)
    assert feed.beyond("1:9", LONG) is FIRST
    received: list[Freshness] = []
    waiter = threading.Thread(target=lambda: received.append(feed.beyond("1:10", LONG)))
    waiter.start()
    feed.put(replace(FIRST, pending=3))
    feed.put(replace(FIRST, searchable=11))
    waiter.join(LONG)
    assert [fresh.searchable for fresh in received] == [11]


def refuse(request: RepairRequest) -> "Future[RepairOutcome]":
    """A worker that cannot re-read rows."""
    request.outcome.set_exception(WorkerError("not now"))
    return request.outcome


def ignore_retry(retry: Retry) -> None:
    """A worker that accepts the request."""


def remove(document: str, ids: list[str], lsn: int) -> None:
    """A worker that deletes the requested documents of one kind."""
    if lsn > 70:
        raise InvalidRequest("the log is at 70")
    if (document, ids, lsn) != ("orders", ["x"], 70):
        raise WorkerError("no such documents")


def test_another_epoch_and_the_end_are_news_too() -> None:
    feed = FreshnessFeed(FIRST)
    feed.put(replace(FIRST, epoch=2))
    assert feed.beyond("1:10", LONG).epoch == 2
    feed.put(replace(FIRST, state="stopped"))
    assert feed.beyond("1:10", LONG).state == "stopped"


def test_a_waiting_request_asks_for_a_refresh_and_ends_in_time() -> None:
    refresh_requested = threading.Event()
    with asgi(
        endpoint(
            FreshnessFeed(FIRST),
            Commands(refresh_requested.set, ignore_retry, refuse, remove),
            CollectorRegistry(),
            ACCESS,
        )
    ) as client:
        assert client.get("/freshness").json()["searchable"] == 10
        assert not refresh_requested.is_set()
        answer = client.get("/freshness", params={"beyond": "1:10", "wait": 0.01})
        assert (answer.json()["searchable"], refresh_requested.is_set()) == (10, True)
        assert client.get("/freshness", params={"beyond": "1:10", "wait": 31}).status_code == 422


class WaitingFeed(FreshnessFeed):
    """Counts the requests that wait."""

    def __init__(self) -> None:
        super().__init__(FIRST)
        self.waiting = 0
        self._counted = threading.Condition()

    def beyond(self, token: str, seconds: float) -> Freshness:
        with self._counted:
            self.waiting += 1
            self._counted.notify_all()
        return super().beyond(token, seconds)

    def wait_for(self, waiting: int) -> None:
        with self._counted:
            assert self._counted.wait_for(lambda: self.waiting == waiting, LONG)


def test_no_more_wait_than_there_are_places_and_some_are_for_the_token() -> None:
    feed = WaitingFeed()
    refreshes: SimpleQueue[None] = SimpleQueue()
    commands = Commands(lambda: refreshes.put(None), ignore_retry, refuse, remove)
    with asgi(endpoint(feed, commands, CollectorRegistry(), ACCESS)) as client:

        def wait_for_news(headers: dict[str, str]) -> None:
            client.get("/freshness", params={"beyond": "1:10", "wait": LONG}, headers=headers)

        def start(requests: int, headers: dict[str, str]) -> list[threading.Thread]:
            waiters = [threading.Thread(target=wait_for_news, args=[headers]) for _ in range(requests)]
            for waiter in waiters:
                waiter.start()
            return waiters

        waiters = start(MOST_WAITING_OPENLY, {})
        feed.wait_for(MOST_WAITING_OPENLY)
        wait_for_news({})  # Answered at once: the places for readers without the token are taken.
        waiters += start(MOST_WAITING - MOST_WAITING_OPENLY, SIGNED)
        feed.wait_for(MOST_WAITING)
        wait_for_news(SIGNED)
        feed.put(replace(FIRST, searchable=20))
        for waiter in waiters:
            waiter.join(LONG)
    assert feed.waiting == MOST_WAITING
    assert refreshes.qsize() == MOST_WAITING + 2, "also for those who found no place"


def test_who_asks_for_what_is_past_requests_no_refresh() -> None:
    def refresh() -> None:
        raise AssertionError("nobody waits")

    commands = Commands(refresh, ignore_retry, refuse, remove)
    with asgi(endpoint(FreshnessFeed(FIRST), commands, CollectorRegistry(), ACCESS)) as client:
        for beyond in ("", "1:9", "0:10", "nonsense"):
            assert client.get("/freshness", params={"beyond": beyond, "wait": LONG}).json()["searchable"] == 10


def test_a_wish_is_answered_when_the_loop_has_come_to_it() -> None:
    retries: SimpleQueue[Retry] = SimpleQueue()

    def loop(wish: Retry) -> None:
        retries.put(wish)
        wish.count.set_result(3)

    with asgi(
        endpoint(FreshnessFeed(FIRST), Commands(lambda: None, loop, refuse, remove), CollectorRegistry(), ACCESS)
    ) as client:
        assert client.request("POST", "/quarantine/retry", json={"document": "orders"}, headers=SIGNED).json() == {
            "retried": 3
        }
        assert client.request("POST", "/quarantine/retry", json={"id": 3}, headers=SIGNED).status_code == 422
    wish = retries.get_nowait()
    assert (wish.document, wish.id) == ("orders", None)


def test_rows_are_read_anew_on_request() -> None:
    requests: list[RepairRequest] = []

    def reread(request: RepairRequest) -> "Future[RepairOutcome]":
        requests.append(request)
        request.outcome.set_result(RepairOutcome(70, 3, 1, 0))
        return request.outcome

    commands = Commands(lambda: None, ignore_retry, reread, remove)
    with asgi(endpoint(FreshnessFeed(FIRST), commands, CollectorRegistry(), ACCESS)) as client:
        answer = client.request("POST", "/repairs", json={"document": "orders", "ids": ["1", "2"]}, headers=SIGNED)
        assert answer.json() == {"lsn": 70, "rows": 3, "changed": 1, "unsettled": 0}
        extra = {"document": "orders", "ids": ["x"], "lsn": 70}
        assert client.request("POST", "/removals", json=extra, headers=SIGNED).status_code == 204
        assert client.request("POST", "/removals", json={**extra, "ids": ["y"]}, headers=SIGNED).status_code == 409
        assert client.request("POST", "/removals", json={**extra, "lsn": 71}, headers=SIGNED).status_code == 422
    assert requests[0].documents == {"orders": ["1", "2"]}
    with asgi(endpoint(FreshnessFeed(FIRST), replace(commands, reread=refuse), CollectorRegistry(), ACCESS)) as client:
        answer = client.request("POST", "/repairs", json={"document": "orders", "ids": ["1"]}, headers=SIGNED)
        assert (answer.status_code, answer.json()["detail"]) == (409, "not now")
