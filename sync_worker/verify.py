"""Compares every document with PostgreSQL's own answer to the same spec, at one LSN, while the pipeline runs (invariant 5).

A first pass reads everything. What differs may merely be on its way, so it is looked at again at a later LSN, with the
index known to be past it: a document that differs twice although nothing touched it since is divergent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import psycopg

from cdc.lsn import Lsn, format_lsn
from read_model.canonical import Difference, differences, digest
from read_model.plan import DocumentPlan
from read_model.postgres import document_query
from sync_worker.index_reader import Indexed, IndexReader
from sync_worker.row_store import EPOCH_BITS

LSN_BITS = (1 << EPOCH_BITS) - 1
"""The part of a document's version that is the LSN it was built at."""
ROUNDS = 8
"""Looks at what differs, at most; a document that is changed all the time is reported as unsettled after that."""
SHOWN_DIFFERENCES = 20


@dataclass(slots=True)
class Divergent:
    """One document that is not what the database says. `what` is `missing`, `extra` or `different`."""

    id: str
    what: str
    differences: list[Difference]


@dataclass(slots=True)
class Report:
    """The result for one document kind. `unsettled` documents changed during every look."""

    document: str
    lsn: str
    compared: int = 0
    divergent: list[Divergent] = field(default_factory=list)
    unsettled: int = 0

    @property
    def as_json(self) -> dict[str, Any]:
        """For `--output json`; values of rows are left out."""
        return {
            "document": self.document,
            "lsn": self.lsn,
            "compared": self.compared,
            "divergent": len(self.divergent),
            "unsettled": self.unsettled,
            "ids": [
                {"id": each.id, "what": each.what, "fields": [d.path for d in each.differences]}
                for each in self.divergent
            ],
        }


WaitUntil = Callable[[Lsn], None]
"""Returns when everything up to the LSN is searchable; raises when it does not come to that."""


class Verifier:
    """Compares the documents of one pipeline. `progress` is called with the number compared so far."""

    def __init__(
        self, connection: psycopg.Connection[Any], index: IndexReader, wait: WaitUntil, progress: Callable[[int], None]
    ) -> None:
        self._connection = connection
        self._index = index
        self._wait = wait
        self._progress = progress

    def verify(self, document: DocumentPlan) -> Report:
        """Compare all documents of one kind."""
        lsn, suspects, compared = self._compare_all(document)
        report = Report(document.name, format_lsn(lsn), compared)
        differing: set[str] = set()
        for _ in range(ROUNDS):
            if not suspects:
                return report
            suspects = self._look_again(document, suspects, differing, report)
        report.unsettled = len(suspects)
        return report

    def _compare_all(self, document: DocumentPlan) -> tuple[Lsn, set[str], int]:
        with self._snapshot() as lsn:
            self._wait(lsn)
            held = {found.id: digest(found.source) for found in self._index.scan(document.name)}
            suspects: set[str] = set()
            compared = 0
            for id_, text in self._oracle(document):
                compared += 1
                if held.pop(id_, None) != digest(text):
                    suspects.add(id_)
                if compared % 1000 == 0:
                    self._progress(compared)
        self._progress(compared)
        return lsn, suspects | set(held), compared + len(held)

    def _look_again(self, document: DocumentPlan, suspects: set[str], differing: set[str], report: Report) -> set[str]:
        """Look at the suspects at a later LSN. Returns those that need another look."""
        ids = sorted(suspects)
        with self._snapshot() as lsn:
            self._wait(lsn)
            held = self._index.fetch(document.name, ids)
            truth = dict(self._oracle(document, ids))
        again: set[str] = set()
        for id_ in ids:
            verdict = _judge(id_, held.get(id_), truth.get(id_))
            if verdict is None:
                continue
            settled = held[id_].version & LSN_BITS <= lsn if id_ in held else True
            if settled and id_ in differing:
                report.divergent.append(verdict)
                continue
            again.add(id_)
            if settled:
                differing.add(id_)
        return again

    def _snapshot(self) -> "_Snapshot":
        return _Snapshot(self._connection)

    def _oracle(self, document: DocumentPlan, ids: list[str] | None = None) -> Iterator[tuple[str, str]]:
        with self._connection.cursor(name="rowtide_verify") as cursor:
            cursor.itersize = 2000
            if ids is None:
                cursor.execute(document_query(document))
            else:
                cursor.execute(document_query(document, ids=True), (ids,))
            yield from cursor


class _Snapshot:
    """A read-only transaction that sees one state of the database; entering it gives an LSN that state does not go beyond."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def __enter__(self) -> Lsn:
        self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = self._connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
        assert row is not None
        return Lsn(int(row[0]))

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")


def _judge(id_: str, held: Indexed | None, truth: str | None) -> Divergent | None:
    if held is None:
        return None if truth is None else Divergent(id_, "missing", [])
    if truth is None:
        return Divergent(id_, "extra", [])
    if digest(held.source) == digest(truth):
        return None
    return Divergent(id_, "different", differences(held.source, truth)[:SHOWN_DIFFERENCES])


def report_json(reports: list[Report]) -> str:
    """All reports as one JSON text."""
    return msgspec.json.encode({"documents": [report.as_json for report in reports]}).decode()
