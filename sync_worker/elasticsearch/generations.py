"""Which generation of each index the row store feeds, when readers get to see it, the documents it refused, and when it took them."""

import time

from read_model.elasticsearch.index_body import index_body
from read_model.plan.model import PipelinePlan
from sync_worker.elasticsearch.elasticsearch_sink import BulkOutcome, Index
from sync_worker.store.build_times import BuildTimes
from sync_worker.store.pending import Bulk
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows


class Generations:
    """One index a document. A generation is filled from the row store and shown to readers when it is complete."""

    def __init__(self, store: RowStore, rows: Rows, index: Index, plan: PipelinePlan) -> None:
        self._store = store
        self.rows = rows
        self._index = index
        self._plan = plan
        self.aliases = tuple(document.name for document in plan.documents)
        self._names: dict[str, str] = {}
        self.loading: set[str] = set()
        self.quarantine = Quarantine(store)
        self._builds = BuildTimes(store)

    def prepare(self) -> None:
        """Make sure that every document has its generation, and that it is the one we left. A missing one is built anew."""
        for document in self._plan.documents:
            alias = document.name
            name = self._store.recall(f"generation {alias}")
            wanted = index_body(document, others=self._plan.documents)
            if not name or self._changed(str(name), wanted["mappings"].get("_meta")):
                name = self._renew(alias, wanted)
            elif not self._store.recall(f"shown {alias}"):
                self.loading.add(alias)
            elif self._index.behind(alias) != [name]:
                self._index.point(alias, str(name))
            self._names[alias] = str(name)
        self._index.targets = dict(self._names)

    def _changed(self, name: str, meta: object) -> bool:
        """Whether an index is gone, or another one, or made for another spec."""
        return (
            self._index.meta(name) != meta
            or self._index.behind(f"{name}-write") != [name]
            or self._index.identity(name) != self._store.recall(f"uuid {name}")
        )

    def wrong(self) -> str:
        """What is not as it was, or nothing. Only asks Elasticsearch, from any thread."""
        now = self._index.aliases()
        for alias, name in self._names.items():
            if now.get(f"{name}-write") != [name]:
                return f"index {name} is gone, or its alias {name}-write is another one"
            if alias not in self.loading and (found := now.get(alias, [])) != [name]:
                return f"alias {alias} points to {', '.join(found) or 'nothing'}, not to {name} alone"
        return ""

    def _renew(self, alias: str, body: dict[str, object]) -> str:
        name = self._index.create_generation(alias, body)
        identity = self._index.identity(name)
        with self._store.transaction():
            self._store.execute("DELETE FROM meta WHERE name GLOB ?", (f"uuid {alias}-g[0-9]*",))
            self._store.remember(f"uuid {name}", identity)
            self._store.remember(f"generation {alias}", name)
            self._store.remember(f"shown {alias}", 0)
            self.quarantine.clear(alias)
            if self._store.position.snapshot:
                self.rows.touch_all(self._store.position.watermark)
        self.loading.add(alias)
        return name

    def show_loaded(self) -> None:
        """Let readers see the new generations, which are complete now: everything is built, acknowledged and refreshed."""
        for alias in sorted(self.loading):
            self._index.show(alias, self._names[alias])
            with self._store.transaction():
                self._store.remember(f"shown {alias}", 1)
            self.loading.discard(alias)

    def taken(self, bulk: Bulk, sent: BulkOutcome) -> None:
        """Set aside what was refused or could not be built (invariant 7), and keep the time. The bulk must still be pending."""
        self.quarantine.note(bulk, sent)
        self._builds.note(bulk, time.time_ns() // 1_000_000)
