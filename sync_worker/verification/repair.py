"""Repairs documents: has the worker re-read their rows, waits until the result is searchable, and verifies it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from cdc.log.lsn import Lsn
from connections.worker import RowsReread
from read_model.catalog.catalog import Column
from read_model.catalog.column_types import INTEGERS
from read_model.plan.model import DocumentPlan
from sync_worker.errors import SettingsError
from sync_worker.verification.report import Report
from sync_worker.verification.verify import Verifier, WaitUntil, batches

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

BATCH = 1000
"""Documents per request to the worker."""


class RepairTarget(Protocol):
    """What a repair needs of the worker."""

    def reread(self, document: str, ids: list[str]) -> RowsReread:
        """Re-read the rows of these documents; returns when the row store has them."""

    def remove(self, document: str, ids: list[str], lsn: int) -> None:
        """Delete documents that the source did not have at `lsn`; returns when searches no longer find them."""


class RepairSource(Protocol):
    """What a repair needs of the database."""

    def lsn(self) -> Lsn:
        """An LSN at or above every commit so far."""

    def present(self, document: DocumentPlan, ids: list[str]) -> set[str]:
        """The ids of those documents that exist."""


@dataclass(slots=True)
class RepairResult:
    """The result for one kind of document. `proof` is the verification of all requested documents afterwards."""

    document: str
    requested: int
    rows: int = 0
    changed: int = 0
    proof: Report = field(default_factory=lambda: Report("", ""))

    @property
    def as_json(self) -> dict[str, Any]:
        """The JSON of `--output json`."""
        return {
            "document": self.document,
            "asked": self.requested,
            "rows_read": self.rows,
            "rows_changed": self.changed,
            "proven": self.proof.proven,
            "proof": self.proof.as_json,
        }


def repair(
    document: DocumentPlan,
    ids: Iterable[str],
    source: RepairSource,
    target: RepairTarget,
    wait: WaitUntil,
    verifier: Verifier,
) -> RepairResult:
    """Repair these documents, whether they exist in the database, in the index, in both or in neither."""
    unique_ids = list(dict.fromkeys(ids))
    result = RepairResult(document.name, len(unique_ids))
    for batch in batches(unique_ids, BATCH):
        # Read the LSN before the lookup: a document inserted after it then has a higher version than the delete.
        lsn = source.lsn()
        present = source.present(document, batch)
        keys = [id_ for id_ in batch if id_ in present or may_be_key(document, id_)]
        if keys:
            reread = target.reread(document.name, keys)
            result.rows += reread.rows
            result.changed += reread.changed
            # The documents are pending since this very LSN, so freshness must be past it.
            wait(Lsn(reread.lsn + 1))
        if absent := [id_ for id_ in batch if id_ not in present]:
            wait(lsn)  # The worker deletes nothing at an LSN that the log has not reached.
            target.remove(document.name, absent, lsn)
    result.proof = verifier.some(document, unique_ids, "repaired")
    return result


def may_be_key(document: DocumentPlan, id_: str) -> bool:
    """Whether a row could have this id, judging by the types of its key columns: the index may contain foreign
    documents."""
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
    if bits := INTEGERS.get(column.type):
        return _INTEGER.fullmatch(text) is not None and -(1 << bits) <= int(text) < 1 << bits
    if column.type == "uuid":
        return _UUID.fullmatch(text) is not None
    return column.type in ("text", "varchar", "bpchar")


class _ListedId(msgspec.Struct):
    id: str


class _VerifiedDocument(msgspec.Struct):
    document: str
    divergent: int
    unsettled: int = 0
    ids: list[_ListedId] = []


class _VerifyOutput(msgspec.Struct):
    documents: list[_VerifiedDocument]


_verify_output = msgspec.json.Decoder(_VerifyOutput)


def ids_in_verify_json(text: bytes, known: Iterable[str]) -> Mapping[str, list[str]]:
    """The ids listed in the JSON of `rowtide verify`, by document. Raises SettingsError when it is not such JSON."""
    try:
        reports = _verify_output.decode(text).documents
    except msgspec.MsgspecError as error:
        raise SettingsError(f"The input is not the output of `rowtide verify --output json`: {error}.") from error
    if unknown := sorted({report.document for report in reports}.difference(known)):
        raise SettingsError(f"The spec has no document {', '.join(unknown)}. The verify output is from another spec.")
    return {report.document: [each.id for each in report.ids] for report in reports}


def ids_in_reports(reports: Iterable[Report]) -> Mapping[str, list[str]]:
    """The ids listed in the reports, by document."""
    return {report.document: [each.id for each in report.listed] for report in reports}
