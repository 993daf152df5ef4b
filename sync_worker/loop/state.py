"""In which state documents are, and what is amiss with them: the words of freshness."""

from read_model.freshness import State
from sync_worker.elasticsearch.generations import Generations
from sync_worker.elasticsearch.sink_health import SinkHealth
from sync_worker.resync.schema_change import SchemaChangeResync
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.source.silence_monitor import SilenceMonitor
from sync_worker.store.row_store import RowStore

REREAD = "tables were read anew; the log is not past that yet"

AWAITING = "the row store is new, and waits for a snapshot to begin in the log: rowtide resnapshot takes one"


class PipelineState:
    """Asks those who know: who watches the source, the log, the changed tables and Elasticsearch."""

    def __init__(
        self,
        store: RowStore,
        watch: IdentityMonitor,
        healing: SchemaChangeResync,
        outlook: SilenceMonitor,
        health: SinkHealth,
    ) -> None:
        self._store = store
        self._watch = watch
        self._healing = healing
        self._outlook = outlook
        self._hindrance = health

    def state(self, generations: Generations) -> State:
        """The state of now."""
        position = self._store.position
        if position.loading:
            return "snapshot"
        if (self._healing.due or position.reread_lsn) and not generations.loading:
            return "degraded"
        if not position.settled:
            return "waiting" if not position.snapshot else "snapshot"
        if generations.loading:
            return "loading"
        amiss = self._watch.reason or self._late or generations.quarantine.refused
        return "degraded" if amiss else "live"

    @property
    def reason(self) -> str:
        """What is amiss, in words; empty when nothing is, or documents are in quarantine."""
        return self._watch.reason or self._awaited or self._late

    @property
    def _awaited(self) -> str:
        """What the rows wait for, or nothing."""
        position = self._store.position
        return REREAD if position.reread_lsn else AWAITING if position.awaiting else ""

    @property
    def _late(self) -> str:
        """Why documents are behind the database, or nothing."""
        return self._outlook.reason or self._hindrance.reason
