"""Collects what the database, the index, the row store, the worker and the log know about one document."""

from contextlib import suppress

from cdc.log.lsn import Lsn
from connections.worker import WorkerAccessError, WorkerUnavailable
from read_model.elasticsearch.index_body import flattened_paths
from read_model.plan.model import DocumentPlan
from read_model.sqlite.fan_out import source_tables
from sync_worker.errors import WorkerError
from sync_worker.settings import WorkerSettings
from sync_worker.store.position import LSN_BITS
from sync_worker.verification.explain import Explanation, RowStoreSide, read_parts
from sync_worker.verification.log_search import transactions_before
from sync_worker.verification.log_time import commit_lsn
from sync_worker.verification.row_store_reader import RowStoreReader, store_path
from sync_worker.verification.verification import Verification


def collect_evidence(settings: WorkerSettings, opened: Verification, plan: DocumentPlan, id_: str) -> Explanation:
    """Explain one document. The row store and the worker may be absent; the explanation then lacks what they know."""
    lsn, truth = opened.oracle.documents(plan, [id_])
    # Changes in flight arrive while we wait; what does not arrive is part of the explanation.
    with suppress(WorkerAccessError):
        opened.worker.require_freshness()  # Do not wait for a worker that is not there.
        opened.worker.wait_until_searchable(lsn, opened.patience.wait)
    explanation = Explanation(
        plan.name, id_, None, truth.get(id_), lsn, parts=read_parts(opened.oracle.parts(plan, id_))
    )
    explanation.json_paths = flattened_paths(plan)
    with suppress(WorkerUnavailable):
        explanation.freshness = opened.worker.require_freshness()
    explanation.held = next(opened.index.find(plan.name, [id_]), None)
    with suppress(WorkerError), RowStoreReader(store_path(settings)) as row_store:
        if explanation.freshness is not None:
            row_store.require_epoch(explanation.freshness.epoch)
        _read_row_store(row_store, plan, explanation)
        _read_log(settings, opened.plan.pipeline, plan, explanation, row_store.position.snapshot.lsn)
    last = explanation.last
    if explanation.written is None and last is not None and last.committed_ms is not None:
        with suppress(WorkerError):
            seconds = last.committed_ms / 1000
            explanation.commit_lsn = commit_lsn(settings.kafka, opened.plan.pipeline, last.xid, seconds)
    return explanation


def _read_row_store(row_store: RowStoreReader, plan: DocumentPlan, explanation: Explanation) -> None:
    quarantined = row_store.quarantined(plan.name, explanation.id)
    explanation.row_store = RowStoreSide(
        row_store.position.log.watermark,
        row_store.build(plan, explanation.id),
        row_store.pending_since(plan, explanation.id),
        quarantined[0] if quarantined else None,
    )
    held = explanation.held
    explanation.build = row_store.build_of(plan.name, held.version) if held else None


def _read_log(
    settings: WorkerSettings, pipeline: str, plan: DocumentPlan, explanation: Explanation, snapshot: Lsn | int
) -> None:
    """The transactions that the document was built for. The log has no transaction for the rows of a snapshot."""
    build, held = explanation.build, explanation.held
    if build is None or held is None:
        return
    since = max(build.first_lsn, snapshot)
    log = transactions_before(settings.kafka, pipeline, build.log_offset, since, source_tables(plan))
    version_lsn = held.version & LSN_BITS
    explanation.log = None if log is None else [transaction for transaction in log if transaction.lsn <= version_lsn]
