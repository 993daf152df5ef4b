"""Requests to Elasticsearch keep to its limits, and an Elasticsearch that is away or overloaded is told from one that refuses."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from sync_worker.errors import ServiceMissing, WorkerError
from sync_worker.index import LONGEST_NAMES, Access, Index, parts_of
from tests.support.elasticsearch import answering


def test_names_are_split_so_that_a_request_line_holds_them() -> None:
    aliases = tuple(f"{'long' * 20}-{number}" for number in range(200))
    parts = list(parts_of(aliases))
    assert [alias for part in parts for alias in part] == list(aliases)
    assert all(len("%2C".join(f"{alias}-write" for alias in part)) <= LONGEST_NAMES for part in parts)
    assert len(parts) < 8
    assert list(parts_of(("x" * 9999,))) == [["x" * 9999]]


@contextmanager
def index_behind(status: int) -> Iterator[Index]:
    """The worker's index, behind a server that gives every request the same status."""
    with answering(status) as url, closing(Index(Access(url), threading.Event())) as index:
        yield index


CALLS: list[Callable[[Index], object]] = [
    Index.check,
    lambda index: index.meta("orders-g000001"),
    lambda index: index.behind("orders"),
    lambda index: index.identity("orders-g000001"),
    lambda index: index.create_generation("orders", {}),
    lambda index: index.point("orders", "orders-g000001"),
]


@pytest.mark.parametrize("status", [0, 429, 503])
def test_elasticsearch_that_is_away_or_overloaded_is_a_missing_service(status: int) -> None:
    with index_behind(status) as index:
        for call in CALLS:
            with pytest.raises(ServiceMissing):
                call(index)


@pytest.mark.parametrize("status", [400, 403])
def test_a_refusal_is_an_error_that_does_not_pass(status: int) -> None:
    with index_behind(status) as index:
        for call in CALLS:
            with pytest.raises(WorkerError) as raised:
                call(index)
            assert not isinstance(raised.value, ServiceMissing)


def test_what_is_not_there_is_no_error() -> None:
    with index_behind(404) as index:
        assert index.meta("orders-g000001") is None
        assert index.behind("orders") == []
