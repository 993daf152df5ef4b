"""Which documents a repair is about, and the repair of all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cdc.log.lsn import Lsn
from sync_worker.errors import SettingsError
from sync_worker.settings import WorkerSettings
from sync_worker.verification.repair import RepairResult, ids_in_reports, ids_in_verify_json, repair
from sync_worker.verification.verification import Progress, Scope, Verification, chosen, verify_scope

ProgressBars = Callable[[str, int | None], Progress]


@dataclass(frozen=True, slots=True)
class RepairScope:
    """What to repair: the documents that a verification's JSON lists, or ids, or a range of keys.

    With none of these, what a verification finds now. `documents` are names of the spec, all when empty.
    """

    documents: Sequence[str]
    verify_json: bytes | None
    ids: Sequence[str]
    range: str

    def check(self) -> None:
        """Raise SettingsError when the options cannot be combined."""
        if sum((self.verify_json is not None, bool(self.ids), bool(self.range))) > 1:
            raise SettingsError("--from-verify, --id and --range cannot be combined. Give one of them.")
        if (self.ids or self.range) and len(self.documents) != 1:
            raise SettingsError("--id and --range need exactly one --document.")


def repair_targets(
    settings: WorkerSettings, opened: Verification, scope: RepairScope, bars: ProgressBars
) -> list[RepairResult]:
    """Repair every document in the scope. Waits for the worker to start."""
    targets = _targets(settings, opened, scope, bars)
    opened.worker.wait_until_started(opened.patience.wait)
    return [_repair(opened, name, ids, bars) for name, ids in targets.items() if ids]


def _targets(
    settings: WorkerSettings, opened: Verification, scope: RepairScope, bars: ProgressBars
) -> Mapping[str, list[str]]:
    """Ids by document."""
    documents = chosen(opened.plan, scope.documents)
    if scope.verify_json is not None:
        known = [document.name for document in opened.plan.documents]
        listed = ids_in_verify_json(scope.verify_json, known)
        return {document.name: listed.get(document.name, []) for document in documents}
    if scope.ids:
        return {documents[0].name: list(scope.ids)}
    if scope.range:
        first, dots, last = scope.range.partition("..")
        if not (first and dots and last):
            raise SettingsError(f"Invalid --range {scope.range}. Write FIRST..LAST.")
        return {documents[0].name: opened.oracle.range(documents[0], first, last)}
    return ids_in_reports(verify_scope(settings, opened, Scope(tuple(scope.documents)), bars))


def _repair(opened: Verification, name: str, ids: list[str], bars: ProgressBars) -> RepairResult:
    (document,) = chosen(opened.plan, [name])

    def wait(lsn: Lsn) -> None:
        opened.worker.wait_until_searchable(lsn, opened.patience.wait)

    verifier = opened.verifier(bars(f"{name}, repaired", len(ids)))
    return repair(document, ids, opened.oracle, opened.worker, wait, verifier)
