"""Repairs documents: has their rows read anew by SQL, waits until they are searchable, and proves them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec

from cdc.log.lsn import Lsn
from read_model.catalog.catalog import Column
from read_model.plan.model import DocumentPlan
from sync_worker.errors import SettingsError
from sync_worker.verification.report import Report
from sync_worker.verification.verify import Verifier, WaitUntil, batches

_BITS = {"int2": 15, "int4": 31, "int8": 63}
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

BATCH = 1000
"""Documents that the worker is asked for at a time."""


class RowsReread(NamedTuple):
    """What the worker did: rows read, rows that differed from the row store's, and the position at which all is searchable."""

    lsn: int
    rows: int
    changed: int


class RepairTarget(Protocol):
    """The worker, as it is asked for repairs."""

    def reread(self, document: str, ids: list[str]) -> RowsReread:
        """Read what makes up these documents anew; returns when the row store has it."""

    def remove(self, document: str, ids: list[str], lsn: int) -> None:
        """Delete documents that the source did not have at `lsn`; returns when a search does not find them."""


class Source(Protocol):
    """The database, as far as a repair needs it."""

    def lsn(self) -> Lsn:
        """A position that no commit so far is beyond."""

    def present(self, document: DocumentPlan, ids: list[str]) -> set[str]:
        """Which of these documents exist."""


@dataclass(slots=True)
class RepairResult:
    """The result for one kind of document. `proof` compares every document that was asked for."""

    document: str
    asked: int
    rows: int = 0
    changed: int = 0
    proof: Report = field(default_factory=lambda: Report("", ""))

    @property
    def as_json(self) -> dict[str, Any]:
        """For `--output json`."""
        return {
            "document": self.document,
            "asked": self.asked,
            "rows_read": self.rows,
            "rows_changed": self.changed,
            "proven": self.proof.proven,
            "proof": self.proof.as_json,
        }


def repair(
    document: DocumentPlan,
    ids: Iterable[str],
    source: Source,
    mender: RepairTarget,
    wait: WaitUntil,
    verifier: Verifier,
) -> RepairResult:
    """Repair these documents, whether they exist on both sides, on one, or on none."""
    wanted = list(dict.fromkeys(ids))
    done = RepairResult(document.name, len(wanted))
    for batch in batches(wanted, BATCH):
        # Seen before the look, so that what is inserted after it has a higher version than the deletion.
        lsn = source.lsn()
        present = source.present(document, batch)
        keys = [id_ for id_ in batch if id_ in present or may_be_key(document, id_)]
        if keys:
            answer = mender.reread(document.name, keys)
            done.rows += answer.rows
            done.changed += answer.changed
            # Pending since that position itself: it is searchable when freshness is beyond.
            wait(Lsn(answer.lsn + 1))
        if absent := [id_ for id_ in batch if id_ not in present]:
            mender.remove(document.name, absent, lsn)
    done.proof = verifier.some(document, wanted, "repaired")
    return done


def may_be_key(document: DocumentPlan, id_: str) -> bool:
    """Whether a row could have this id, as far as the types of its key tell; somebody may have indexed anything."""
    if len(document.id) == 1:
        return _may_be(document.id[0], id_)
    try:
        values = msgspec.json.decode(id_, type=list[Any])
    except msgspec.MsgspecError:
        return False
    return len(values) == len(document.id) and all(
        _may_be(column, str(value)) for column, value in zip(document.id, values, strict=True)
    )


def _may_be(column: Column, text: str) -> bool:
    if "\0" in text:
        return False
    if bits := _BITS.get(column.type):
        return _INTEGER.fullmatch(text) is not None and -(1 << bits) <= int(text) < 1 << bits
    if column.type == "uuid":
        return _UUID.fullmatch(text) is not None
    return column.type in ("text", "varchar", "bpchar")


class _Named(msgspec.Struct):
    id: str


class _Reported(msgspec.Struct):
    document: str
    divergent: int
    unsettled: int = 0
    ids: list[_Named] = []


class _Reports(msgspec.Struct):
    documents: list[_Reported]


def ids_in_verify_json(text: bytes, known: Iterable[str]) -> Mapping[str, list[str]]:
    """The ids that the JSON of `rowtide verify` names, by kind of document. SettingsError when it is not such a text."""
    try:
        reports = msgspec.json.decode(text, type=_Reports).documents
    except msgspec.MsgspecError as error:
        raise SettingsError(f"this is not what rowtide verify --output json prints: {error}") from error
    if unknown := sorted({report.document for report in reports}.difference(known)):
        raise SettingsError(f"the spec has no document {', '.join(unknown)}: verify ran with another one")
    return {report.document: [each.id for each in report.ids] for report in reports}


def ids_in_reports(reports: Iterable[Report]) -> Mapping[str, list[str]]:
    """The ids that reports name, by kind of document."""
    return {report.document: [each.id for each in report.listed] for report in reports}
