"""Bulks respect the limits of Elasticsearch, and a rejected document affects no other."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import msgspec
import pytest

from connections.elasticsearch import ElasticsearchAccess
from sync_worker.elasticsearch.elasticsearch_sink import LONGEST_NAMES, ElasticsearchSink, connect, request_parts
from sync_worker.loop.document_sink import Target
from sync_worker.store.bulk import DocumentWrite, deletion
from tests.support.fakes.elasticsearch import choosing


def test_names_are_split_so_that_a_request_line_holds_them() -> None:
    aliases = tuple(f"{'long' * 20}-{number}" for number in range(200))
    parts = list(request_parts(aliases))
    assert [alias for part in parts for alias in part] == list(aliases)
    assert all(len("%2C".join(f"{alias}-write" for alias in part)) <= LONGEST_NAMES for part in parts)
    assert len(parts) < 8
    assert list(request_parts(("x" * 9999,))) == [["x" * 9999]]


def item(id_: str, text: str = "good") -> DocumentWrite:
    """A document to be indexed."""
    action = {"index": {"_id": id_, "version": 7, "version_type": "external_gte"}}
    return DocumentWrite(0, msgspec.json.encode(action) + b"\n" + msgspec.json.encode({"text": text}) + b"\n")


class OpenGate:
    """Nobody else writes."""

    held = True


THINGS = Target("things", "things-g000001")


@contextmanager
def choosy_sink(
    refuse: Callable[[bytes], bool], status: int, error: object
) -> Iterator[tuple[ElasticsearchSink, list[bytes]]]:
    """A sink for a server that refuses whole requests, and the bodies that the server accepted."""
    taken: list[bytes] = []

    def choose(body: bytes) -> tuple[int, object]:
        if refuse(body):
            return status, error
        taken.append(body)
        return 200, {"errors": False}

    with choosing(choose) as url, closing(connect(ElasticsearchAccess(url))) as client:
        yield ElasticsearchSink(client, OpenGate(), threading.Event()), taken


REFUSED = {"error": {"type": "action_request_validation_exception", "reason": "id [secret] is too long"}}


def test_ids_too_long_cost_one_request_and_their_documents() -> None:
    items = [item("1"), item("x" * 513), item("2"), item("ä" * 257), deletion("", 7), item("x" * 512), item("")]
    bad = (b"x" * 513, "ä".encode() * 257, b'"_id":""')
    with choosy_sink(lambda body: any(each in body for each in bad), 400, REFUSED) as (sink, taken):
        outcome = sink.send(THINGS, items)
    assert outcome is not None
    assert dict(outcome.rejected) == {
        1: "The id has 513 bytes. Elasticsearch takes up to 512.",
        3: "The id has 514 bytes. Elasticsearch takes up to 512.",
        6: "The id is empty.",
    }
    assert taken == [items[0].body + items[2].body + items[5].body]
    assert outcome.retries == 0


@pytest.mark.parametrize(
    ("status", "error", "reason"), [(400, REFUSED, "action_request"), (413, None, "The document is larger than")]
)
def test_a_rejected_bulk_is_halved_down_to_the_culprit(status: int, error: object, reason: str) -> None:
    items = [item(str(n), "bad" if n in (3, 11) else "good") for n in range(16)]
    with choosy_sink(lambda body: b"bad" in body, status, error) as (sink, taken):
        outcome = sink.send(THINGS, items)
    assert outcome is not None
    assert [rejection.place for rejection in outcome.rejected] == [3, 11]
    assert all(each.reason.startswith(reason) and "secret" not in each.reason for each in outcome.rejected)
    assert b"".join(taken) == b"".join(each.body for n, each in enumerate(items) if n not in (3, 11))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408])
def test_a_refusal_that_is_not_about_documents_is_tried_again(status: int) -> None:
    left = iter([True, False])
    with choosy_sink(lambda _: next(left), status, {"message": "a proxy's word"}) as (sink, taken):
        outcome = sink.send(THINGS, [item("1"), item("2")])
    assert outcome is not None
    assert (outcome.rejected, outcome.retries, len(taken)) == ([], 1, 1)
