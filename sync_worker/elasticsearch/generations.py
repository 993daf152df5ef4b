"""Which generation of each index the row store feeds, and when readers get to see it."""

from collections.abc import Collection
from typing import Any, Protocol

import structlog

from read_model.elasticsearch.index_body import flattened_paths, index_body, typed_json_paths
from read_model.elasticsearch.index_owner import IndexOwner, meta_with_owner, meta_without_owner, owner_in
from read_model.freshness import Origin
from read_model.plan.model import DocumentPlan, PipelinePlan
from sync_worker.loop.document_sink import Target
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import Generation, RowStore
from sync_worker.store.row_tables import Rows


class GenerationAdmin(Protocol):
    """What Generations needs from Elasticsearch; `IndexAdmin` implements it."""

    def meta(self, generation: str) -> dict[str, Any] | None: ...
    def set_meta(self, generation: str, meta: dict[str, Any]) -> None: ...
    def uuid(self, generation: str) -> str: ...
    def indexes_of(self, alias: str) -> list[str]: ...
    def aliases(self) -> dict[str, list[str]]: ...
    def create_generation(self, alias: str, body: dict[str, Any]) -> str: ...
    def point(self, alias: str, generation: str) -> None: ...
    def show(self, alias: str, generation: str) -> None: ...


class Generations:
    """The `Targets` of Elasticsearch: one index for each kind of document.

    Construction makes sure that every kind has its generation, and that it is the one that the row store fed
    before. A generation that is missing, or was made for another plan, is replaced by a new one, and every
    document is built again. Each generation records the `origin` of its documents."""

    def __init__(
        self,
        store: RowStore,
        rows: Rows,
        quarantine: Quarantine,
        admin: GenerationAdmin,
        plan: PipelinePlan,
        origin: Origin,
    ) -> None:
        self._store = store
        self._rows = rows
        self._quarantine = quarantine
        self._admin = admin
        self._origin = origin
        self._loading: set[str] = set()
        self._targets = {
            document.name: Target(
                document.name,
                self._prepare(document, plan.documents),
                flattened_paths(document),
                typed_json_paths(document),
            )
            for document in plan.documents
        }
        self.all = tuple(self._targets.values())

    def of(self, document: str) -> Target:
        """The target of a kind of document. Raises KeyError when the plan has no such documents."""
        return self._targets[document]

    @property
    def loading(self) -> Collection[str]:
        """The aliases whose generation readers do not see yet."""
        return self._loading

    def _prepare(self, document: DocumentPlan, documents: tuple[DocumentPlan, ...]) -> str:
        alias = document.name
        generation = self._store.generation(alias)
        body = index_body(document, others=documents)
        meta = body["mappings"]["_meta"]
        actual = self._admin.meta(generation.name) if generation else None
        if generation is None or actual is None or self._replaced(generation, actual, meta):
            body["mappings"]["_meta"] = meta_with_owner(meta, IndexOwner(self._origin, self._store.position.epoch))
            return self._renew(alias, body)
        self._record_origin(generation.name, actual)
        if not generation.shown:
            self._loading.add(alias)
        elif self._admin.indexes_of(alias) != [generation.name]:
            self._admin.point(alias, generation.name)
        return generation.name

    def _replaced(self, generation: Generation, actual: dict[str, Any], meta: dict[str, Any]) -> bool:
        """Whether an index is another index of the same name, or was made for another plan."""
        return (
            meta_without_owner(actual) != meta
            or self._admin.indexes_of(f"{generation.name}-write") != [generation.name]
            or self._admin.uuid(generation.name) != generation.uuid
        )

    def _record_origin(self, generation: str, meta: dict[str, Any]) -> None:
        """Record whose index it is when an earlier version did not, or the database was renamed since."""
        owner = owner_in(meta)
        if owner is None or owner.origin != self._origin:
            epoch = owner.epoch if owner else self._store.position.epoch
            self._admin.set_meta(generation, meta_with_owner(meta, IndexOwner(self._origin, epoch)))

    def drift(self) -> str:
        """How indexes and aliases differ from what the row store knows; empty when they do not. Any thread.

        Raises the Elasticsearch client's errors."""
        indexes = self._admin.aliases()
        for alias, target in self._targets.items():
            if indexes.get(f"{target.name}-write") != [target.name]:
                return f"Index {target.name} is gone, or its alias {target.name}-write points elsewhere."
            if alias not in self._loading and (actual := indexes.get(alias, [])) != [target.name]:
                return f"Alias {alias} points to {', '.join(actual) or 'nothing'} instead of only to {target.name}."
        return ""

    def _renew(self, alias: str, body: dict[str, Any]) -> str:
        name = self._admin.create_generation(alias, body)
        uuid = self._admin.uuid(name)
        with self._store.transaction():
            self._store.set_generation(alias, Generation(name, uuid, shown=False))
            self._quarantine.clear(alias)
            if self._store.position.snapshot.lsn:
                self._rows.touch_all(self._store.position.log.watermark)
        self._loading.add(alias)
        return name

    def show_loaded(self) -> None:
        """Let readers see the new generations: everything in them is built, acknowledged and refreshed."""
        for alias in sorted(self._loading):
            self._admin.show(alias, self._targets[alias].name)
            with self._store.transaction():
                self._store.show_generation(alias)
            self._loading.discard(alias)
            structlog.get_logger().info("readers see a new index", alias=alias, index=self._targets[alias].name)
