"""Requests to Elasticsearch keep to its limits, and an Elasticsearch that is away or overloaded is told from one that refuses."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import msgspec
import pytest

from connections.elasticsearch import ElasticsearchAccess
from sync_worker.elasticsearch.bulk import Outcome
from sync_worker.elasticsearch.elasticsearch_sink import LONGEST_NAMES, Index, Item, deletion, parts_of
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError
from sync_worker.verification.index_reader import IndexReader
from tests.support.fakes.elasticsearch import answering, choosing


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
    with answering(status) as url, closing(Index(ElasticsearchAccess(url), threading.Event())) as index:
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


def item(id_: str, text: str = "good") -> Item:
    """A document to be indexed."""
    action = {"index": {"_id": id_, "version": 7, "version_type": "external_gte"}}
    return Item(0, msgspec.json.encode(action) + b"\n" + msgspec.json.encode({"text": text}) + b"\n")


@contextmanager
def choosy_index(refuse: Callable[[bytes], bool], status: int, error: object) -> Iterator[tuple[Index, list[bytes]]]:
    """An index behind a server that refuses whole requests, and the bodies that it took."""
    taken: list[bytes] = []

    def choose(body: bytes) -> tuple[int, object]:
        if refuse(body):
            return status, error
        taken.append(body)
        return 200, {"errors": False}

    with choosing(choose) as url, closing(Index(ElasticsearchAccess(url), threading.Event())) as index:
        index.targets = {"things": "things-g000001"}
        yield index, taken


REFUSED = {"error": {"type": "action_request_validation_exception", "reason": "id [secret] is too long"}}


def test_ids_that_elasticsearch_cannot_hold_cost_one_request_more_and_their_own_documents_alone() -> None:
    items = [item("1"), item("x" * 513), item("2"), item("ä" * 257), deletion("", 7), item("x" * 512), item("")]
    bad = (b"x" * 513, "ä".encode() * 257, b'"_id":""')
    with choosy_index(lambda body: any(each in body for each in bad), 400, REFUSED) as (index, taken):
        sent = index.send("things", items)
    assert sent is not None
    assert {each.place: each.reason for each in sent.rejected} == {
        1: "the id has 513 bytes, and Elasticsearch takes 512 at most",
        3: "the id has 514 bytes, and Elasticsearch takes 512 at most",
        6: "the id is empty",
    }
    assert taken == [items[0].body + items[2].body + items[5].body]
    assert sent.retries == 0


@pytest.mark.parametrize(("status", "error", "said"), [(400, REFUSED, "action_request"), (413, None, "larger than")])
def test_what_elasticsearch_refuses_whole_is_halved_until_the_culprit_is_alone(
    status: int, error: object, said: str
) -> None:
    items = [item(str(n), "bad" if n in (3, 11) else "good") for n in range(16)]
    with choosy_index(lambda body: b"bad" in body, status, error) as (index, taken):
        sent = index.send("things", items)
    assert sent is not None
    assert [(each.place, each.outcome) for each in sent.rejected] == [(3, Outcome.REJECTED), (11, Outcome.REJECTED)]
    assert all(each.reason.startswith(said) and "secret" not in each.reason for each in sent.rejected)
    assert b"".join(taken) == b"".join(each.body for n, each in enumerate(items) if n not in (3, 11))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408])
def test_a_refusal_that_is_not_about_documents_is_tried_again(status: int) -> None:
    left = iter([True, False])
    with choosy_index(lambda _: next(left), status, {"message": "a proxy's word"}) as (index, taken):
        sent = index.send("things", [item("1"), item("2")])
    assert sent is not None
    assert (sent.rejected, sent.retries, len(taken)) == ([], 1, 1)


@pytest.mark.parametrize(
    ("status", "body"), [(401, {}), (403, {"error": {"type": "security_exception"}, "status": 403})]
)
def test_refused_credentials_are_a_wrong_setting(status: int, body: dict[str, object]) -> None:
    with answering(status, body) as url:
        with (
            closing(Index(ElasticsearchAccess(url), threading.Event())) as index,
            pytest.raises(SettingsError, match="API_KEY"),
        ):
            index.check()
        with IndexReader(ElasticsearchAccess(url)) as reader, pytest.raises(SettingsError, match="API_KEY"):
            reader.count("orders")


def test_a_block_on_an_index_is_no_wrong_setting() -> None:
    with answering(403, {"error": {"type": "cluster_block_exception"}, "status": 403}) as url:
        with closing(Index(ElasticsearchAccess(url), threading.Event())) as index, pytest.raises(WorkerError) as raised:
            index.check()
        assert not isinstance(raised.value, SettingsError)
