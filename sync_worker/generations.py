"""Which generation of each index the row store feeds, when readers get to see it, and the documents it refused."""

from read_model.elasticsearch import index_body
from read_model.plan import PipelinePlan
from sync_worker.bulk import Outcome
from sync_worker.index import Index, Sent
from sync_worker.pending import Bulk, Pending
from sync_worker.row_store import RowStore
from sync_worker.rows import Rows


class Generations:
    """One index a document. A generation is filled from the row store and shown to readers when it is complete."""

    def __init__(self, store: RowStore, rows: Rows, pending: Pending, index: Index, plan: PipelinePlan) -> None:
        self._store = store
        self._rows = rows
        self._pending = pending
        self._index = index
        self._plan = plan
        self.aliases = tuple(document.name for document in plan.documents)
        self._names: dict[str, str] = {}
        self.loading: set[str] = set()
        self.quarantined = int(store.value("SELECT count(*) FROM quarantine") or 0)

    def prepare(self) -> None:
        """Make sure that every document has its generation, and that it is the one we left. A missing one is built anew."""
        for document in self._plan.documents:
            alias = document.name
            name = self._store.recall(f"generation {alias}")
            wanted = index_body(document)
            meta = self._index.meta(str(name)) if name else None
            if meta is None or self._index.writes_to(alias) != [name] or meta != wanted["mappings"].get("_meta"):
                name = self._renew(alias, wanted)
            elif not self._store.recall(f"shown {alias}"):
                self.loading.add(alias)
            self._names[alias] = str(name)

    def _renew(self, alias: str, body: dict[str, object]) -> str:
        name = self._index.create_generation(alias, body)
        with self._store.transaction():
            self._store.remember(f"generation {alias}", name)
            self._store.remember(f"shown {alias}", 0)
            self._store.execute("DELETE FROM quarantine WHERE document = ?", (alias,))
            if self._store.position.snapshot:
                self._rows.touch_all(self._store.position.watermark)
        self.loading.add(alias)
        return name

    def show_loaded(self, settled: bool) -> None:
        """Let readers see what is complete: everything is built, acknowledged and refreshed."""
        for alias in sorted(self.loading):
            if settled and not self._pending.waits(alias):
                self._index.show(alias, self._names[alias])
                with self._store.transaction():
                    self._store.remember(f"shown {alias}", 1)
                self.loading.discard(alias)

    def note_refusals(self, bulk: Bulk, sent: Sent) -> None:
        """Quarantine what Elasticsearch rejected, by document (invariant 7); what it took is out of quarantine."""
        refused = {refusal.place: refusal for refusal in sent.rejected if refusal.outcome is Outcome.REJECTED}
        if self.quarantined:
            taken = [(bulk.document, item.id) for place, item in enumerate(bulk.items) if place not in refused]
            self._store.execute_many("DELETE FROM quarantine WHERE document = ? AND id = ?", taken)
        if refused:
            self._store.execute_many(
                "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?)",
                [(bulk.document, r.id, r.reason, bulk.version) for place, r in refused.items()],
            )
        if refused or self.quarantined:
            self.quarantined = int(self._store.value("SELECT count(*) FROM quarantine") or 0)
