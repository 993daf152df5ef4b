"""The state of the documents, and the reason why they are not live: the words of freshness."""

from read_model.freshness import FreshnessState, Origin
from sync_worker.loop.document_sink import DocumentSink, Targets
from sync_worker.loop.future_versions import FutureVersions
from sync_worker.loop.ingest import SourceIdentity
from sync_worker.loop.maintenance import Maintenance
from sync_worker.source.silence_monitor import SilenceMonitor
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import RowStore

RESYNCING = "Tables were re-read from the source, and the log has not caught up with them yet."

AWAITING_SNAPSHOT = "The row store is new and waits for a snapshot in the log. Run `rowtide resnapshot` to take one."


class PipelineState:
    """Combines what the parts of the worker know of the source, the log, the rows and the sink. `origin` is what the
    documents come from."""

    def __init__(
        self,
        *,
        origin: Origin,
        store: RowStore,
        identity: SourceIdentity,
        maintenance: Maintenance,
        silence: SilenceMonitor,
        quarantine: Quarantine,
        future_versions: FutureVersions,
        sink: DocumentSink,
    ) -> None:
        self.origin = origin
        self._store = store
        self._identity = identity
        self._maintenance = maintenance
        self._silence = silence
        self._quarantine = quarantine
        self._future_versions = future_versions
        self._sink = sink

    def state(self, targets: Targets) -> FreshnessState:
        """The state of now."""
        position = self._store.position
        if position.snapshot.loading:
            return "snapshot"
        if (self._maintenance.log_waits or position.resync.lsn) and not targets.loading:
            return "degraded"
        if not position.snapshot.settled:
            return "waiting" if not position.snapshot.lsn else "snapshot"
        if targets.loading:
            return "loading"
        degraded = self._identity.reason or self._late or self._quarantine.refused
        return "degraded" if degraded else "live"

    @property
    def reason(self) -> str:
        """Why documents may be wrong or late; when they are not, or only documents in quarantine are, what an operator
        should do nevertheless, or nothing."""
        return self._identity.reason or self._awaited or self._late or self._identity.notice

    @property
    def _awaited(self) -> str:
        """What the rows wait for, or nothing."""
        position = self._store.position
        return RESYNCING if position.resync.lsn else AWAITING_SNAPSHOT if position.snapshot.awaiting else ""

    @property
    def _late(self) -> str:
        """Why documents are behind the database, or nothing."""
        return self._silence.reason or self._sink.reason or self._future_versions.reason
