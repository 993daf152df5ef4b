"""Where one document comes from, how far it has come, and which link of the chain is wrong when it is not what it should be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cdc.log.lsn import Lsn, format_lsn
from read_model.freshness import Freshness
from read_model.types.canonical_json import Difference, differences, digest
from sync_worker.elasticsearch.dropped_fields import as_flagged, left_out_of
from sync_worker.store.build_times import Build
from sync_worker.store.quarantine import QuarantinedDocument
from sync_worker.store.row_store import EPOCH_BITS, LSN_BITS
from sync_worker.verification.index_reader import Indexed
from sync_worker.verification.log_search import LogTransaction

NAMED = 10
"""Transactions that are named when several may have touched a document last."""


class Part(msgspec.Struct, frozen=True):
    """A row behind the document. `age` is how many transactions ago it was written; `committed_ms` is None when the server does not
    keep commit times."""

    path: str
    table: str
    key: dict[str, Any]
    xid: int
    age: int
    committed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RowStoreSide:
    """What the row store knows: the document that its rows make, whether it is pending since a change, or set aside."""

    position: int
    text: str | None
    pending_since: int | None
    set_aside: QuarantinedDocument | None


@dataclass(slots=True)
class Explanation:
    """Everything known of one document. `row_store` is None when there is none on this machine; `build` and `log` when that is not
    known any more. `log`: the transactions that this build was made for and that changed a table of the document."""

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
        """Fields that the document does without."""
        return left_out_of(self.held.source) if self.held else ()

    @property
    def last(self) -> Part | None:
        """The row that was written last, of those that are there."""
        return min(self.parts, key=lambda part: part.age, default=None)

    @property
    def touching(self) -> list[LogTransaction]:
        """Among these is the transaction that touched the document last: the one that wrote its youngest row, if the log has it, and
        later ones, which may have taken a row away or be about other documents."""
        log, last = self.log or [], self.last
        mine = [place for place, each in enumerate(log) if last and _same(each.tx_id, last.xid)]
        return log[mine[-1] :] if mine else log

    @property
    def written(self) -> LogTransaction | None:
        """The transaction of the row that was written last, as the log has it."""
        last, first = self.last, next(iter(self.touching), None)
        return first if first and last and _same(first.tx_id, last.xid) else None

    @property
    def of_index(self) -> list[Difference]:
        """Where a search's document and the database's differ."""
        truth = None if self.truth is None else as_flagged(self.truth, self.json_paths, self.left_out).decode()
        return _unlike(self.held.source.decode() if self.held else None, truth)

    @property
    def of_row_store(self) -> list[Difference]:
        """Where the row store's document and the database's differ."""
        return _unlike(self.row_store.text, self.truth) if self.row_store else []

    def verdict(self) -> tuple[str, str]:
        """One word for the state, and a sentence that says what to do."""
        kept, command = self.row_store, f"rowtide repair --document {self.document} --id '{self.id}'"
        if kept and kept.set_aside and kept.set_aside.kind != "left out":
            return "set aside", f"{kept.set_aside.reason}; correct the value, or: rowtide quarantine retry"
        if kept and kept.pending_since is not None:
            return (
                "pending",
                f"a change from {format_lsn(Lsn(kept.pending_since))} on is still to be built or acknowledged",
            )
        if not self.of_index:
            nothing = self.held is None and self.truth is None
            return ("unknown", "neither side has it") if nothing else ("equal", "nothing is to be done")
        return self._why(command)

    def _why(self, command: str) -> tuple[str, str]:
        """Which link of the chain is wrong."""
        if self.freshness is not None and self.freshness.searchable < self.lsn:
            return "on its way", "the worker has not come so far yet; ask again"
        if self.row_store is None:
            return "divergent", f"there is no row store on this machine that would say why; {command}"
        if self.of_row_store:
            return "row store differs", f"a change did not reach the row store, or it was changed by hand; {command}"
        return "index differs", f"the row store is right: a write was lost, or the index was changed by hand; {command}"

    def as_json(self, values: bool) -> dict[str, Any]:
        """For `--output json`; `values` adds what either side holds where they differ."""
        state, advice = self.verdict()
        return {
            "document": self.document,
            "id": self.id,
            "state": state,
            "advice": advice,
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
            for each in self.touching[-NAMED:]
        ]
        return {"since": format_lsn(Lsn(self.build.first_lsn)), "count": len(self.touching), "transactions": named}


def _same(tx_id: int, xid: int) -> bool:
    """Whether the log and a row name one transaction: a row has 32 bits of it."""
    return tx_id & 0xFFFF_FFFF == xid & 0xFFFF_FFFF


def read_parts(text: str | None) -> list[Part]:
    """Decode what `parts_query` yields."""
    return msgspec.json.decode(text, type=list[Part]) if text else []


def _unlike(one: str | None, wanted: str | None) -> list[Difference]:
    if one is None or wanted is None or digest(one) != digest(wanted):
        return differences(one, wanted)
    return []


def _difference(found: Difference, values: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"field": found.path}
    return said | {"held": found.index, "database": found.oracle} if values else said


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


def _row_store_json(kept: RowStoreSide | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    as_lsn: Callable[[int | None], str | None] = lambda lsn: None if lsn is None else format_lsn(Lsn(lsn))  # noqa: E731
    return {
        "position": as_lsn(kept.position),
        "exists": kept.text is not None,
        "pending_since": as_lsn(kept.pending_since),
        "set_aside": kept.set_aside.kind if kept.set_aside else None,
        "reason": kept.set_aside.reason if kept.set_aside else None,
    }
