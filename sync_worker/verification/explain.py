"""Explains one document: its source rows, how far they have progressed, and which part of the pipeline is wrong if it
differs."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from cdc.log.lsn import Lsn, format_lsn
from read_model.freshness import Freshness
from read_model.types.canonical_json import FieldDifference, differences, digest
from sync_worker.elasticsearch.dropped_fields import as_flagged, left_out_of
from sync_worker.store.build_times import Build
from sync_worker.store.position import EPOCH_BITS, LSN_BITS
from sync_worker.store.quarantine import KIND_TEXT, QuarantinedDocument, QuarantineKind
from sync_worker.verification.index_reader import Indexed
from sync_worker.verification.log_search import LogTransaction

MAX_LISTED_TRANSACTIONS = 10
"""Transactions listed when several may have been the last to touch a document."""


class Verdict(StrEnum):
    """The state of a document. The value is the `state` in the JSON."""

    EQUAL = "equal"
    UNKNOWN = "unknown"
    QUARANTINED = "set aside"
    PENDING = "pending"
    IN_FLIGHT = "on its way"
    DIVERGENT = "divergent"
    ROW_STORE_DIFFERS = "row store differs"
    INDEX_DIFFERS = "index differs"


ADVICE = {
    Verdict.EQUAL: "No action is needed.",
    Verdict.UNKNOWN: "Neither the database nor the index has it.",
    Verdict.QUARANTINED: "{reason}. Correct the value, or run `rowtide quarantine retry`.",
    Verdict.PENDING: "A change from {pending_since} on has not been built or acknowledged yet.",
    Verdict.IN_FLIGHT: "The worker has not reached this position yet. Run the command again.",
    Verdict.DIVERGENT: "This machine has no row store that could show the cause. Run `{repair}`.",
    Verdict.ROW_STORE_DIFFERS: "A change did not reach the row store, or the file was edited. Run `{repair}`.",
    Verdict.INDEX_DIFFERS: "The row store is right: a write was lost, or the index was edited. Run `{repair}`.",
}
"""What to do about each verdict."""


class Part(msgspec.Struct, frozen=True):
    """A row that the document is built from.

    `age` is how many transactions ago it was written; `committed_ms` (Unix ms) is None when the server does not keep
    commit timestamps."""

    path: str
    table: str
    key: dict[str, Any]
    xid: int
    age: int
    committed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RowStoreSide:
    """What the row store knows of the document.

    `text` is what its rows build; `position` and `pending_since` are LSNs."""

    position: int
    text: str | None
    pending_since: int | None
    quarantined: QuarantinedDocument | None


@dataclass(slots=True)
class Explanation:
    """Everything known about one document.

    `held` is the document in the index, `truth` the JSON that PostgreSQL builds at `lsn`. `row_store` is None when this
    machine has none; `build` and `log` are None once the times or the log no longer go back that far. `log` lists the
    transactions that this build covers and that changed a table of the document."""

    document: str
    id: str
    held: Indexed | None
    truth: str | None
    lsn: Lsn
    row_store: RowStoreSide | None = None
    freshness: Freshness | None = None
    parts: list[Part] = field(default_factory=list)
    commit_lsn: Lsn | None = None
    build: Build | None = None
    log: list[LogTransaction] | None = None
    json_paths: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Paths of the fields that the document in the index lacks."""
        return left_out_of(self.held.source) if self.held else ()

    @property
    def last(self) -> Part | None:
        """The most recently written row that still exists."""
        return min(self.parts, key=lambda part: part.age, default=None)

    @property
    def touching(self) -> list[LogTransaction]:
        """Candidates for the transaction that touched the document last.

        They start at the one that wrote its youngest row, if the log has it. Later ones may have deleted a row of the
        document, or changed other documents."""
        log, last = self.log or [], self.last
        matches = [place for place, each in enumerate(log) if last and _same(each.tx_id, last.xid)]
        return log[matches[-1] :] if matches else log

    @property
    def written(self) -> LogTransaction | None:
        """The logged transaction that wrote the youngest row."""
        last, first = self.last, next(iter(self.touching), None)
        return first if first and last and _same(first.tx_id, last.xid) else None

    @property
    def of_index(self) -> list[FieldDifference]:
        """Differences between the index and the database."""
        truth = None if self.truth is None else as_flagged(self.truth, self.json_paths, self.left_out).decode()
        return _unlike(self.held.source.decode() if self.held else None, truth)

    @property
    def of_row_store(self) -> list[FieldDifference]:
        """Differences between the row store and the database."""
        return _unlike(self.row_store.text, self.truth) if self.row_store else []

    @property
    def verdict(self) -> Verdict:
        """The first link of the chain that is wrong, or EQUAL."""
        row_store = self.row_store
        if row_store and row_store.quarantined and row_store.quarantined.kind is not QuarantineKind.FIELD_DROPPED:
            return Verdict.QUARANTINED
        if row_store and row_store.pending_since is not None:
            return Verdict.PENDING
        if not self.of_index:
            return Verdict.UNKNOWN if self.held is None and self.truth is None else Verdict.EQUAL
        if self.freshness is not None and self.freshness.searchable < self.lsn:
            return Verdict.IN_FLIGHT
        if row_store is None:
            return Verdict.DIVERGENT
        return Verdict.ROW_STORE_DIFFERS if self.of_row_store else Verdict.INDEX_DIFFERS

    @property
    def advice(self) -> str:
        """What to do about the verdict."""
        row_store = self.row_store
        pending_since = row_store.pending_since if row_store else None
        return ADVICE[self.verdict].format(
            reason=row_store.quarantined.reason.rstrip(".") if row_store and row_store.quarantined else "",
            pending_since=format_lsn(Lsn(pending_since)) if pending_since is not None else "",
            repair=f"rowtide repair --document {self.document} --id '{self.id}'",
        )

    def as_json(self, values: bool) -> dict[str, Any]:
        """The JSON of `--output json`; with `values` it contains what each side holds where they differ."""
        return {
            "document": self.document,
            "id": self.id,
            "state": self.verdict.value,
            "advice": self.advice,
            "index": _index_json(self.held, self.left_out, self.build),
            "database": {"lsn": format_lsn(self.lsn), "exists": self.truth is not None},
            "row_store": _row_store_json(self.row_store),
            "searchable": format_lsn(Lsn(self.freshness.searchable)) if self.freshness else None,
            "last_transaction": self._last_json(),
            "touched_by": self._touched_json(),
            "parts": [msgspec.structs.asdict(part) for part in self.parts],
            "index_differs": [_difference(each, values) for each in self.of_index],
            "row_store_differs": [_difference(each, values) for each in self.of_row_store],
        }

    def _last_json(self) -> dict[str, Any] | None:
        last, written = self.last, self.written
        if last is None:
            return None
        lsn = written.lsn if written else self.commit_lsn
        return {
            "xid": last.xid,
            "table": last.table,
            "key": last.key,
            "committed_ms": written.committed_ms if written else last.committed_ms,
            "lsn": format_lsn(lsn) if lsn else None,
        }

    def _touched_json(self) -> dict[str, Any] | None:
        if self.build is None or self.log is None:
            return None
        named = [
            {"xid": each.tx_id, "lsn": format_lsn(each.lsn), "committed_ms": each.committed_ms}
            for each in self.touching[-MAX_LISTED_TRANSACTIONS:]
        ]
        return {"since": format_lsn(Lsn(self.build.first_lsn)), "count": len(self.touching), "transactions": named}


def _same(tx_id: int, xid: int) -> bool:
    """Whether the log's id and a row's `xmin` are the same transaction: a row stores only the lower 32 bits."""
    return tx_id & 0xFFFF_FFFF == xid & 0xFFFF_FFFF


_parts = msgspec.json.Decoder(list[Part])


def read_parts(text: str | None) -> list[Part]:
    """Decode the result of `parts_query`."""
    return _parts.decode(text) if text else []


def _unlike(held: str | None, truth: str | None) -> list[FieldDifference]:
    if held is None or truth is None or digest(held) != digest(truth):
        return differences(held, truth)
    return []


def _difference(difference: FieldDifference, values: bool) -> dict[str, Any]:
    path: dict[str, Any] = {"field": difference.path}
    return path | {"held": difference.index, "database": difference.oracle} if values else path


def _index_json(held: Indexed | None, left_out: tuple[str, ...], build: Build | None) -> dict[str, Any] | None:
    if held is None:
        return None
    return {
        "epoch": held.version >> EPOCH_BITS,
        "built_at": format_lsn(Lsn(held.version & LSN_BITS)),
        "built_ms": build.built_ms if build else None,
        "acknowledged_ms": build.acknowledged_ms if build else None,
        "left_out": list(left_out),
    }


def _row_store_json(row_store: RowStoreSide | None) -> dict[str, Any] | None:
    if row_store is None:
        return None
    pending_since, quarantined = row_store.pending_since, row_store.quarantined
    return {
        "position": format_lsn(Lsn(row_store.position)),
        "exists": row_store.text is not None,
        "pending_since": None if pending_since is None else format_lsn(Lsn(pending_since)),
        "set_aside": KIND_TEXT[quarantined.kind] if quarantined else None,
        "reason": quarantined.reason if quarantined else None,
    }
