"""A thread that guards the worker's hold on Elasticsearch: it renews the lease, compares indexes, aliases and nodes
with what the row store knows, and counts what is not indexed."""

import threading

from elastic_transport import TransportError
from elasticsearch import ApiError

from read_model.plan.chosen_types import chosen_types
from sync_worker.elasticsearch.index_admin import IndexAdmin
from sync_worker.elasticsearch.lease import Lease
from sync_worker.errors import WorkerError
from sync_worker.loop.plan_bound import Current, PlanBound

CHECK_EVERY = 2
"""Renewals of the lease between two checks of the indexes."""
COUNT_EVERY = 8
"""Renewals of the lease between two counts of values that are not indexed."""


class IndexLost(WorkerError):
    """An index or alias was changed by another client. The worker restarts, and loads a new generation if it has to."""


class IndexGuard:
    """`fault` is what ends this run of the worker, `nodes` the running processes of Elasticsearch, `unindexed` how many
    documents have a value that their field's chosen type does not take, by document and field. Any thread may read
    them."""

    def __init__(self, lease: Lease, admin: IndexAdmin, current: Current[PlanBound]) -> None:
        self._lease = lease
        self._admin = admin
        self._current = current
        self._drift = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="index-guard", daemon=True)
        self.fault: WorkerError | None = None
        self.nodes: frozenset[str] = frozenset()
        self.unindexed: dict[str, int] = {}

    @property
    def held(self) -> bool:
        """Whether documents may be written now."""
        return self._lease.held and self.fault is None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waits for up to 5 seconds."""
        self._ended.set()
        self._thread.join(5)

    def _run(self) -> None:
        turn = 0
        while not self._ended.is_set() and self.fault is None:
            try:
                self._lease.renew()
                if turn % CHECK_EVERY == 0:
                    self._check()
                if turn % COUNT_EVERY == 1:
                    self._count()
            except WorkerError as error:
                self.fault = error
            except (TransportError, ApiError):
                pass  # Elasticsearch is away: the next turn checks again.
            turn += 1
            self._ended.wait(self._lease.seconds / 4)

    def _count(self) -> None:
        counts: dict[str, int] = {}
        current = self._current.value
        for document in current.plan.documents:
            if paths := chosen_types(document):
                of_document = self._admin.unindexed(current.targets.of(document.name).name, paths)
                counts |= {f"{document.name}.{path}": count for path, count in of_document.items()}
        self.unindexed = counts

    def _check(self) -> None:
        self.nodes = self._admin.nodes() or self.nodes
        before, self._drift = self._drift, self._current.value.targets.drift()
        # Only when two checks in a row differ: the loop may just be creating an index.
        if before and self._drift and not self._ended.is_set():
            self.fault = IndexLost(self._drift)
