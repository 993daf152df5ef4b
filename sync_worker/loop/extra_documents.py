"""Deletes documents that the source does not have, when `rowtide repair` found them."""

from cdc.log.lsn import Lsn, format_lsn
from sync_worker.errors import InvalidRequest, WorkerError
from sync_worker.loop.document_sink import DocumentSink
from sync_worker.loop.future_versions import FutureVersions
from sync_worker.loop.plan_bound import Current, PlanBound
from sync_worker.store.bulk import deletion
from sync_worker.store.position import EPOCH_BITS
from sync_worker.store.row_store import RowStore


class ExtraDocuments:
    """For any thread: it only touches the sink."""

    def __init__(
        self, store: RowStore, sink: DocumentSink, current: Current[PlanBound], future_versions: FutureVersions
    ) -> None:
        self._store = store
        self._sink = sink
        self._current = current
        self._future_versions = future_versions

    def remove(self, document: str, ids: list[str], lsn: int) -> None:
        """Delete documents that the source did not have at `lsn`, and wait until a search no longer finds them.

        A document that was inserted since has a higher version, and stays (invariant 4). The log must have reached
        `lsn`: a delete from the future would win against every change until then. Raises InvalidRequest when it has
        not, WorkerError when the documents are not known, or the sink did not delete them."""
        watermark = self._store.position.log.watermark
        if not 0 <= lsn <= watermark:
            raise InvalidRequest(
                f"The LSN {lsn} is not between 0 and the watermark, {watermark} ({format_lsn(Lsn(watermark))}). Wait until"
                " the worker has read the log up to it, then try again."
            )
        targets = {target.document: target for target in self._current.value.targets.all}
        if document not in targets:
            raise WorkerError(f"The pipeline has no document {document}.")
        version = self._store.position.epoch << EPOCH_BITS | lsn
        target = targets[document]
        deletes = [deletion(id_, version) for id_ in ids]
        outcome = self._sink.send(target, deletes)
        if outcome is not None and self._future_versions.check_unlisted(document, deletes, outcome):
            raise WorkerError(
                f"The index holds versions of extra documents of {document} that are above the position of the log."
                " Delete them in Elasticsearch."
            )
        if outcome is None or outcome.rejected or not self._sink.refresh((target,)):
            raise WorkerError(f"The extra documents of {document} were not deleted. Try again.")
