"""Sets up a verification: connections, the plan from the live catalogue, and one report for each kind of document."""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from cdc.log.lsn import Lsn, parse_lsn
from connections.worker import WorkerClient
from read_model.catalog.catalog_query import read_catalog
from read_model.elasticsearch.index_owner import IndexOwner
from read_model.freshness import Origin
from read_model.plan.chosen_types import chosen_types
from read_model.plan.model import DocumentPlan, PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.errors import SpecError
from read_model.spec.file import load_spec
from read_model.spec.model import Spec
from sync_worker.errors import SettingsError, WorkerError
from sync_worker.resync.resolved_source import resolved_source
from sync_worker.settings import WorkerSettings
from sync_worker.source.catalogue import SourceFacts, read_source
from sync_worker.verification.index_reader import IndexReader
from sync_worker.verification.log_time import lsn_at
from sync_worker.verification.oracle import Limits, Oracle
from sync_worker.verification.report import Report
from sync_worker.verification.row_store_reader import RowStoreReader, store_path
from sync_worker.verification.verify import Verifier

Progress = Callable[[int], None]
_SAMPLE = re.compile(r"(\d+(?:\.\d+)?)(%?)")
_DURATION = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which documents to compare: all; a sample, by `share` (0 to 1) or `count`; or those built `since` an LSN or
    time ago.

    `documents` are names of documents, all when empty. The same `seed` picks the same sample."""

    documents: tuple[str, ...] = ()
    share: float | None = None
    count: int | None = None
    since: Lsn | timedelta | None = None
    seed: int = field(default_factory=lambda: secrets.randbelow(2**31))

    @property
    def everything(self) -> bool:
        """Whether all documents are compared, not a sample or the recent ones."""
        return self.share is None and self.count is None and self.since is None


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: the longest `wait` for documents to become searchable, and the `pause` after each bucket."""

    wait: float = 120
    pause: float = 0


@dataclass(frozen=True, slots=True)
class Verification:
    """The open connections and the plan of a verification."""

    plan: PipelinePlan
    oracle: Oracle
    index: IndexReader
    worker: WorkerClient
    patience: Patience
    epoch: int = 0
    """The highest epoch in which one of the indexes was created."""

    def verifier(self, progress: Progress) -> Verifier:
        """A verifier that reports the number of documents compared to `progress`."""

        def wait_until(lsn: Lsn) -> None:
            epoch = self.worker.wait_until_searchable(lsn, self.patience.wait).epoch
            if epoch < self.epoch:
                raise WorkerError(
                    f"The worker that answers has epoch {epoch}, but an index was created in epoch {self.epoch}, so"
                    " another worker has taken over. Correct ROWTIDE_WORKER_URL (or --worker-url)."
                )

        return Verifier(self.oracle, self.index, wait_until, progress, self.patience.pause)


@dataclass(frozen=True, slots=True)
class VerifiedSource:
    """The plan for the source's current tables, and whose documents are verified."""

    plan: PipelinePlan
    origin: Origin


def read_verified_source(settings: WorkerSettings) -> VerifiedSource:
    """Read the spec and the source's catalogue."""
    spec = load_spec(settings.spec)
    facts = read_source(settings.postgres_dsn.get_secret_value())
    return VerifiedSource(_plan(settings, spec, facts), Origin(spec.pipeline, facts.system, facts.database))


@contextmanager
def verification(
    settings: WorkerSettings, source: VerifiedSource, worker: WorkerClient, limits: Limits, patience: Patience
) -> Iterator[Verification]:
    """Connect to the source and the index, and close the connections afterwards.

    Raises SettingsError when an index has the documents of another pipeline or database."""
    dsn = settings.postgres_dsn.get_secret_value()
    with Oracle(dsn, limits) as oracle, IndexReader(settings.elasticsearch_access()) as index:
        owners = {document.name: index.owner(document.name) for document in source.plan.documents}
        for alias, owner in owners.items():
            _require_origin(alias, owner, source.origin)
        epoch = max((owner.epoch for owner in owners.values() if owner), default=0)
        yield Verification(source.plan, oracle, index, worker, patience, epoch)


def _require_origin(alias: str, owner: IndexOwner | None, origin: Origin) -> None:
    if owner is not None and owner.origin.contradicts(origin):
        raise SettingsError(
            f"Index {alias} has the documents of {owner.origin}, not of {origin}. Correct ROWTIDE_ELASTICSEARCH_URL, or"
            " ROWTIDE_SPEC and ROWTIDE_POSTGRES_DSN."
        )


def _plan(settings: WorkerSettings, spec: Spec, live: SourceFacts) -> PipelinePlan:
    """The plan for the tables of now. When a foreign key is gone that the spec relies on, it is the worker's own, if
    its row store is on this machine. Raises SpecError."""
    try:
        return resolve(spec, read_catalog(live.tables))
    except SpecError as error:
        try:
            with RowStoreReader(store_path(settings)) as store:
                known = store.source_facts()
            if known is not None:
                return resolved_source(spec, live, known).plan
        except WorkerError:
            raise error from None
        raise


def chosen(plan: PipelinePlan, names: Sequence[str]) -> list[DocumentPlan]:
    """The documents with these names; all of them when `names` is empty. Raises SettingsError for an unknown name."""
    known = {document.name: document for document in plan.documents}
    if unknown := [name for name in names if name not in known]:
        raise SettingsError(f"The spec has no document {', '.join(unknown)}. It has {', '.join(known)}.")
    return [known[name] for name in names] if names else list(plan.documents)


def verify_scope(
    settings: WorkerSettings, verification: Verification, scope: Scope, progress: Callable[[str, int | None], Progress]
) -> list[Report]:
    """Verify the documents in scope. `progress(name, estimate)` returns the callback for one kind of document."""
    documents = chosen(verification.plan, scope.documents)
    start = None if scope.since is None else _position(settings, verification.plan.pipeline, scope.since)
    reports = []
    for document in documents:
        total = verification.oracle.estimate(document) if scope.everything else None
        verifier = verification.verifier(progress(document.name, total))
        if start is not None:
            reports.append(verifier.since(document, start))
        elif scope.everything:
            reports.append(verifier.all(document))
        else:
            reports.append(verifier.sample(document, scope.share, scope.count, scope.seed))
        reports[-1].unindexed = verification.index.unindexed(document.name, chosen_types(document))
    return reports


def parse_sample(text: str) -> tuple[float | None, int | None]:
    """`2%` as a share, `1000` as a count. Raises SettingsError for anything else."""
    match = _SAMPLE.fullmatch(text)
    if (
        match is None
        or float(match[1]) == 0
        or (match[2] and float(match[1]) > 100)
        or (not match[2] and "." in match[1])
    ):
        raise SettingsError(f"Invalid --sample {text}. Give a number of documents (1000) or a share (2%).")
    return (float(match[1]) / 100, None) if match[2] else (None, int(match[1]))


def parse_since(text: str) -> Lsn | timedelta:
    """`90m` as a duration, `16/B374D848` as an LSN. Raises SettingsError for anything else."""
    if match := _DURATION.fullmatch(text):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        return parse_lsn(text)
    except ValueError as error:
        raise SettingsError(
            f"Invalid --since {text}. Give a duration (90s, 15m, 6h, 2d) or an LSN (16/B374D848)."
        ) from error


def _position(settings: WorkerSettings, pipeline: str, since: Lsn | timedelta) -> Lsn:
    if isinstance(since, timedelta):
        return lsn_at(settings.kafka, pipeline, time.time() - since.total_seconds())
    return since
