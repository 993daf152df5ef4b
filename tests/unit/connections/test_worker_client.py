"""Waiting for a worker that is just starting, and for the documents."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import msgspec
import pytest

from cdc.log.lsn import Lsn
from connections.worker import WorkerAccessError, WorkerClient, WorkerMismatch, WorkerUnavailable, WorkerUrlError
from infra.native.ports import free_port
from read_model.freshness import Freshness, Origin
from tests.support.fakes.worker_endpoint import freshness_now, worker_double


@contextmanager
def worker_that_starts_when_waited_for() -> Iterator[tuple[WorkerClient, list[str]]]:
    """A client and what it reports; the worker begins to listen once the client has reported that it waits."""
    port, waited_for, over, reports = free_port(), threading.Event(), threading.Event(), list[str]()

    def start() -> None:
        assert waited_for.wait(10)
        with worker_double(freshness_now, port):
            assert over.wait(10)

    def report(text: str) -> None:
        reports.append(text)
        waited_for.set()

    thread = threading.Thread(target=start)
    thread.start()
    try:
        with closing(WorkerClient(f"http://127.0.0.1:{port}", report)) as client:
            yield client, reports
    finally:
        over.set()
        thread.join()


def test_a_starting_worker_is_awaited_and_reported_once() -> None:
    with worker_that_starts_when_waited_for() as (client, reports):
        assert client.wait_until_searchable(Lsn(77), 10).searchable == 77
        assert client.wait_until_started(10).state == "live"
    assert len(reports) == 1
    assert "does not answer yet; waiting up to 10 s for it to start" in reports[0]


def test_a_worker_that_does_not_come_is_missing_after_the_wait() -> None:
    reports: list[str] = []
    with closing(WorkerClient(f"http://127.0.0.1:{free_port()}", reports.append)) as client:
        with pytest.raises(WorkerUnavailable, match=r"does not answer\. Start it"):
            client.wait_until_searchable(Lsn(1), 0.3)
        with pytest.raises(WorkerUnavailable, match=r"does not answer\. Start it"):
            client.require_freshness()
    assert len(reports) == 1


def test_documents_that_do_not_come_are_no_missing_service() -> None:
    with worker_double(freshness_now) as url, closing(WorkerClient(url)) as client:
        with pytest.raises(
            WorkerAccessError, match=r"did not catch up within 0 s: the worker is live, 1 bytes of WAL behind"
        ) as raised:
            client.wait_until_searchable(Lsn(78), 0.1)
        assert not isinstance(raised.value, WorkerUnavailable)


def test_what_is_no_worker_is_not_waited_for() -> None:
    reports: list[str] = []
    with (
        worker_double(lambda: b"<html>") as url,
        closing(WorkerClient(url, reports.append)) as client,
        pytest.raises(WorkerUnavailable, match=r"is not a Rowtide worker\. Correct ROWTIDE_WORKER_URL"),
    ):
        client.wait_until_searchable(Lsn(1), 60)
    with (
        closing(WorkerClient("127.0.0.1:9470", reports.append)) as client,
        pytest.raises(WorkerUrlError, match=r"ROWTIDE_WORKER_URL 127.0.0.1:9470 is not a valid URL"),
    ):
        client.wait_until_searchable(Lsn(1), 60)
    assert reports == []


SHOP = Origin("shop", "71", "shop")
REQUESTS: list[Callable[[WorkerClient], object]] = [
    WorkerClient.freshness,
    WorkerClient.require_freshness,
    lambda client: client.next_freshness(Freshness("shop", 1, 1, 1, 0, "live"), 0),
    lambda client: client.wait_until_started(10),
    lambda client: client.wait_until_searchable(1, 10),
    lambda client: client.retry(None, None),
    lambda client: client.reread("orders", ["1"]),
    lambda client: client.remove("orders", ["1"], 1),
]


@pytest.mark.parametrize("request_to", REQUESTS)
@pytest.mark.parametrize(
    "other", [Origin("blog", "71", "shop"), Origin("shop", "72", "shop"), Origin("shop", "71", "shop_staging")]
)
def test_the_worker_of_another_pipeline_is_not_believed(
    other: Origin, request_to: Callable[[WorkerClient], object]
) -> None:
    answer = msgspec.json.encode(
        Freshness(other.pipeline, 1, 77, 80, 0, "live", system=other.system, database=other.database)
    )
    with (
        worker_double(lambda: answer) as url,
        closing(WorkerClient(url, origin=SHOP)) as client,
        pytest.raises(WorkerMismatch, match=r"is that of pipeline .*Correct ROWTIDE_WORKER_URL") as raised,
    ):
        request_to(client)
    assert str(other) in str(raised.value)
    assert str(SHOP) in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_worker_of_an_earlier_version_names_its_pipeline_only() -> None:
    with worker_double(freshness_now) as url, closing(WorkerClient(url, origin=SHOP)) as client:
        assert client.require_freshness().pipeline == "shop"
