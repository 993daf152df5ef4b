"""Compares documents with the oracle while the pipeline runs (invariant 5).

PostgreSQL computes a digest of each document of a bucket, and the documents that a search finds are digested here.
Where the digests differ, the change may merely be in flight. The document is then compared in full at a later LSN,
with the index known to be past it. One that differs twice although nothing touched it in between is divergent.
Memory holds a bucket or two.
"""

import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence

from cdc.log.lsn import Lsn, format_lsn
from read_model.elasticsearch.index_body import flattened_paths
from read_model.plan.model import DocumentPlan
from read_model.types.canonical_json import differences, digest, text_digest
from sync_worker.elasticsearch.dropped_fields import as_flagged, left_out_of
from sync_worker.store.position import LSN_BITS
from sync_worker.verification.index_reader import Indexed, IndexReader
from sync_worker.verification.oracle import Oracle
from sync_worker.verification.report import Divergent, Report

MAX_ROUNDS = 8
"""Full comparisons of a document that keeps changing, before it is reported as unsettled."""
MAX_DIFFERENCES = 20
"""Differing fields reported for each document."""

WaitUntil = Callable[[Lsn], None]
"""Returns once everything up to the LSN is searchable; raises WorkerError when that takes too long."""


class Verifier:
    """Compares the documents of one pipeline.

    Calls `progress` with the number of documents compared so far, and pauses for `pause` seconds after each bucket."""

    def __init__(
        self, oracle: Oracle, index: IndexReader, wait: WaitUntil, progress: Callable[[int], None], pause: float = 0
    ) -> None:
        self._oracle = oracle
        self._index = index
        self._wait = wait
        self._progress = progress
        self._pause = pause

    def all(self, document: DocumentPlan) -> Report:
        """Compare every document of the database with the index, and find extra documents in the index."""
        report = self._begin(document, "all")
        seen = _Ids()
        suspects: list[str] = []
        for digests in self._oracle.buckets(document):
            seen.add(digests)
            suspects += self._differing(document, digests)
            suspects = self._settle_many(document, suspects, report)
            self._count(report, len(digests))
        for id_ in self._extra(document, seen):
            suspects.append(id_)
            report.compared += 1
            suspects = self._settle_many(document, suspects, report)
        self._settle(document, suspects, report)
        return report

    def some(self, document: DocumentPlan, ids: Iterable[str], scope: str) -> Report:
        """Compare the documents with these ids, whether they exist in the database, in the index, in both or in
        neither."""
        report = self._begin(document, scope)
        suspects: list[str] = []
        for batch in batches(ids, self._oracle.bucket):
            digests = self._oracle.digests(document, batch)
            suspects += [id_ for id_ in batch if id_ not in digests]
            suspects += self._differing(document, digests)
            suspects = self._settle_many(document, suspects, report)
            self._count(report, len(batch))
        self._settle(document, suspects, report)
        return report

    def since(self, document: DocumentPlan, lsn: Lsn) -> Report:
        """Compare the documents that were built after `lsn`, by their version."""
        pages = self._index.scan_ids(document.name)
        later = (each.id for page in pages for each in page if each.version & LSN_BITS > lsn)
        return self.some(document, later, f"built since {format_lsn(lsn)}")

    def sample(self, document: DocumentPlan, share: float | None, count: int | None, seed: int) -> Report:
        """Compare random documents from both sides: a share (0 to 1) of them, or `count`."""
        total = self._index.count(document.name)
        size = count if count is not None else max(1, round(total * (share or 0)))
        # Twice the share, because the planner's row count may be out of date; LIMIT removes the surplus.
        row_share = 2 * size / max(total, 1) if count is not None else share or 0
        ids = dict.fromkeys(self._oracle.sample(document, row_share, count, seed))
        ids |= dict.fromkeys(self._index.sample(document.name, size, seed))
        return self.some(document, ids, f"a sample of {size} from each side, seed {seed}")

    def _begin(self, document: DocumentPlan, scope: str) -> Report:
        lsn = self._oracle.lsn()
        self._wait(lsn)
        return Report(document.name, format_lsn(lsn), scope)

    def _count(self, report: Report, more: int) -> None:
        report.compared += more
        self._progress(report.compared)
        if self._pause:
            threading.Event().wait(self._pause)

    def _differing(self, document: DocumentPlan, digests: dict[str, str]) -> list[str]:
        """Ids whose document in the index has another digest, or is missing."""
        held = {indexed.id: text_digest(indexed.source) for indexed in self._index.find(document.name, list(digests))}
        return [id_ for id_, expected in digests.items() if held.get(id_) != expected]

    def _extra(self, document: DocumentPlan, seen: "_Ids") -> Iterator[str]:
        """Ids that exist in the index but not in the database."""
        held = _Ids()
        for page in self._index.scan_ids(document.name):
            held.add(each.id for each in page)
        unlike = seen.unlike(held)
        if not unlike:
            return
        pages = self._index.scan_ids(document.name)
        doubtful = (each.id for page in pages for each in page if _Ids.slot(each.id) in unlike)
        for batch in batches(doubtful, self._oracle.bucket):
            present = self._oracle.present(document, batch)
            yield from (id_ for id_ in batch if id_ not in present)

    def _settle_many(self, document: DocumentPlan, suspects: list[str], report: Report) -> list[str]:
        """Settle the suspects once there is a bucket of them, so that one wait serves many. Returns those left."""
        if len(suspects) < self._oracle.bucket:
            return suspects
        self._settle(document, suspects, report)
        return []

    def _settle(self, document: DocumentPlan, suspects: list[str], report: Report) -> None:
        """Compare each suspect in full until it is equal or divergent, or MAX_ROUNDS are over."""
        for batch in batches(suspects, self._oracle.bucket):
            open_: set[str] = set(batch)
            differing: set[str] = set()
            for _ in range(MAX_ROUNDS):
                if open_:
                    open_ = self._compare(document, sorted(open_), differing, report)
            report.unsettled += len(open_)

    def _compare(self, document: DocumentPlan, ids: list[str], differing: set[str], report: Report) -> set[str]:
        """Compare the documents in full. Returns the ids that must be compared again."""
        lsn, truth = self._oracle.documents(document, ids)
        self._wait(lsn)
        held = {indexed.id: indexed for indexed in self._index.find(document.name, ids)}
        json_paths = flattened_paths(document)
        again: set[str] = set()
        for id_ in ids:
            divergence = _divergence(id_, held.get(id_), truth.get(id_), json_paths)
            settled = held[id_].version & LSN_BITS <= lsn if id_ in held else True
            if divergence is None:
                if id_ in held and (paths := left_out_of(held[id_].source)):
                    report.add_left_out(id_, paths)
            elif settled and id_ in differing:
                report.add(divergence)
            else:
                again.add(id_)
                if settled:
                    differing.add(id_)
        return again


class _Ids:
    """A set of ids in constant memory: the XOR of their hashes in each of SLOTS slots, independent of their order."""

    SLOTS = 1 << 16

    def __init__(self) -> None:
        self._sums = array("Q", bytes(8 * self.SLOTS))

    @classmethod
    def slot(cls, id_: str) -> int:
        """The slot of an id."""
        return hash(id_) % cls.SLOTS

    def add(self, ids: Iterable[str]) -> None:
        """Add ids; adding an id twice removes it."""
        sums = self._sums
        for id_ in ids:
            sums[hash(id_) % self.SLOTS] ^= hash((id_,)) & 0xFFFF_FFFF_FFFF_FFFF

    def unlike(self, other: "_Ids") -> set[int]:
        """The slots in which the sets differ."""
        return {slot for slot, sums in enumerate(zip(self._sums, other._sums, strict=True)) if sums[0] != sums[1]}


def _divergence(id_: str, held: Indexed | None, truth: str | None, json_paths: Sequence[str]) -> Divergent | None:
    if held is None:
        return None if truth is None else Divergent(id_, "missing")
    if truth is None:
        return Divergent(id_, "extra")
    try:
        expected = as_flagged(truth, json_paths, left_out_of(held.source))
        if digest(held.source) == digest(expected):
            return None
        return Divergent(id_, "different", differences(held.source, expected)[:MAX_DIFFERENCES])
    except RecursionError:  # The database's JSON is nested more deeply than any document can be.
        return Divergent(id_, "different")


def batches(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """The ids in lists of `size`; the last one may be shorter."""
    batch: list[str] = []
    for id_ in ids:
        batch.append(id_)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
