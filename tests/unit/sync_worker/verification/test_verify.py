"""Differences are distinguished from changes in flight, with doubles of both sides."""

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import pytest

from cdc.log.lsn import Lsn
from read_model.plan.model import DocumentPlan
from read_model.types.canonical_json import text_digest
from sync_worker.elasticsearch.dropped_fields import leave_out
from sync_worker.verification.index_reader import Entry, Indexed, IndexReader
from sync_worker.verification.oracle import Oracle
from sync_worker.verification.report import Report
from sync_worker.verification.verify import Verifier
from tests.support.builders import plans

DOCUMENT: DocumentPlan = plans.DOCUMENTS[0]


class Source:
    """A database: its documents, and a position that advances with every query."""

    bucket = 2

    def __init__(self, documents: dict[str, str]) -> None:
        self.documents_now = documents
        self.position = 100
        self.before_look: Callable[[], None] = lambda: None

    def lsn(self) -> Lsn:
        return Lsn(self.position)

    def buckets(self, _: DocumentPlan) -> Iterator[dict[str, str]]:
        ids = sorted(self.documents_now)
        for start in range(0, len(ids), self.bucket):
            yield self.digests(DOCUMENT, ids[start : start + self.bucket])

    def digests(self, _: DocumentPlan, ids: list[str]) -> dict[str, str]:
        return {id_: text_digest(self.documents_now[id_].encode()) for id_ in ids if id_ in self.documents_now}

    def present(self, _: DocumentPlan, ids: list[str]) -> set[str]:
        return {id_ for id_ in ids if id_ in self.documents_now}

    def documents(self, _: DocumentPlan, ids: list[str]) -> tuple[Lsn, dict[str, str]]:
        self.before_look()
        self.position += 10
        return Lsn(self.position), {id_: self.documents_now[id_] for id_ in ids if id_ in self.documents_now}


class Index:
    """An index: documents with the position that they were built at."""

    def __init__(self, documents: dict[str, tuple[int, str]]) -> None:
        self.documents = documents

    def find(self, _: str, ids: Iterable[str]) -> Iterator[Indexed]:
        for id_ in ids:
            if id_ in self.documents:
                version, text = self.documents[id_]
                yield Indexed(id_, 1 << 48 | version, text.encode())

    def scan_ids(self, _: str) -> Iterator[list[Entry]]:
        yield [Entry(id_, 1 << 48 | version) for id_, (version, _) in self.documents.items()]


def verifier(source: Source, index: Index, waited: list[int] | None = None) -> Verifier:
    def wait(lsn: Lsn) -> None:
        if waited is not None:
            waited.append(lsn)

    return Verifier(cast(Oracle, source), cast(IndexReader, index), wait, lambda _: None)


def differences_of(report: Report) -> dict[str, Any]:
    return {each.id: each.what if each.what != "different" else each.fields for each in report.listed}


def test_each_kind_of_difference_is_named() -> None:
    source = Source({str(n): f'{{"a": {n}, "b": [1, {n}.50]}}' for n in range(9)})
    held = {id_: (50, text) for id_, text in source.documents_now.items()}
    del held["1"]
    held |= {"2": (50, '{"a":2,"b":[1,2.5]}'), "3": (50, '{"a":3,"b":[2,3.5]}'), "x": (50, "{}")}
    waited: list[int] = []
    report = verifier(source, Index(held), waited).all(DOCUMENT)
    assert differences_of(report) == {"1": "missing", "3": ["b[0]"], "x": "extra"}
    assert (report.compared, report.divergent, report.unsettled, report.proven) == (10, 3, 0, False)
    # Before every look the index is past the state that it is compared with.
    assert waited[0] == 100
    assert waited[1:] == list(range(110, source.position + 10, 10))


def test_a_change_on_its_way_is_no_difference() -> None:
    source = Source({"1": '{"a":2}', "2": '{"a":2}'})
    index = Index({"1": (50, '{"a":1}')})

    def arrive() -> None:
        index.documents |= {"1": (105, '{"a":2}'), "2": (105, '{"a":2}')}

    source.before_look = arrive
    report = verifier(source, index).all(DOCUMENT)
    assert (report.divergent, report.unsettled, report.proven) == (0, 0, True)


def test_a_document_that_always_changes_is_unsettled() -> None:
    source = Source({"1": '{"a":0}'})
    index = Index({"1": (50, '{"a":-1}')})

    def change() -> None:
        source.documents_now["1"] = f'{{"a":{source.position}}}'
        index.documents["1"] = (source.position + 15, f'{{"a":{source.position + 1}}}')

    source.before_look = change
    report = verifier(source, index).all(DOCUMENT)
    assert (report.divergent, report.unsettled, report.proven) == (0, 1, False)


@pytest.mark.parametrize(("held", "divergent"), [('{"a":1,"b":2}', 0), ('{"a":1,"b":3}', 1)])
def test_fields_left_out_are_told_apart_from_differences(held: str, divergent: int) -> None:
    source = Source({"1": '{"a":1,"b":2,"c":3}'})
    flagged = leave_out(held, ["c"]).decode()
    report = verifier(source, Index({"1": (50, flagged)})).all(DOCUMENT)
    assert (report.divergent, report.left_out) == (divergent, 1 - divergent)
    assert report.listed_left_out == ({} if divergent else {"1": ["c"]})


def test_what_was_built_since_a_position() -> None:
    source = Source({str(n): '{"a":1}' for n in range(5)})
    index = Index({str(n): (n * 10, '{"a":2}') for n in range(5)})
    report = verifier(source, index).since(DOCUMENT, Lsn(20))
    assert set(differences_of(report)) == {"3", "4"}
    assert report.compared == 2


def test_only_so_many_documents_are_named_and_all_are_counted() -> None:
    report = Report("things", "0/0")
    for n in range(10_050):
        report.add_left_out(str(n), ("a",))
    assert (report.left_out, len(report.listed_left_out)) == (10_050, 10_000)


class Endless(Source):
    """A database with `count` documents, none of which is kept in memory."""

    bucket = 500

    def __init__(self, count: int) -> None:
        super().__init__({})
        self.count = count

    def buckets(self, _: DocumentPlan) -> Iterator[dict[str, str]]:
        for start in range(0, self.count, self.bucket):
            yield {str(n): text_digest(b'{"a":1}') for n in range(start, start + self.bucket)}


class EndlessIndex(Index):
    """The same documents."""

    def __init__(self, count: int) -> None:
        super().__init__({})
        self.count = count

    def find(self, _: str, ids: Iterable[str]) -> Iterator[Indexed]:
        return (Indexed(id_, 1 << 48, b'{"a":1}') for id_ in ids)

    def scan_ids(self, _: str) -> Iterator[list[Entry]]:
        for start in range(0, self.count, 500):
            yield [Entry(str(n), 1) for n in reversed(range(start, start + 500))]


def peak_memory(count: int) -> int:
    """Peak memory in bytes of a verification of `count` documents."""
    tracemalloc.start()
    try:
        report = verifier(Endless(count), EndlessIndex(count)).all(DOCUMENT)
        assert (report.compared, report.proven) == (count, True)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_documents() -> None:
    few, many = peak_memory(5_000), peak_memory(50_000)
    assert many < 1.2 * few
