"""A thread that keeps the worker's standing in Elasticsearch: it renews the lease, and looks whether indexes, aliases and
nodes are still those that the row store knows."""

import threading
from collections.abc import Callable

from elastic_transport import TransportError
from elasticsearch import ApiError

from sync_worker.elasticsearch.elasticsearch_sink import Index
from sync_worker.elasticsearch.lease import Lease
from sync_worker.errors import WorkerError

LOOK_EVERY = 2
"""Renewals between two looks at the indexes."""


class IndexGuard:
    """Ask `fault` for what ends this life of the worker, and `nodes` for the processes of Elasticsearch."""

    def __init__(self, lease: Lease, index: Index, wrong: Callable[[], str]) -> None:
        self._lease = lease
        self._index = index
        self._wrong = wrong
        self._doubt = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="standing", daemon=True)
        self.fault: WorkerError | None = None
        self.nodes: frozenset[str] = frozenset()

    @property
    def held(self) -> bool:
        """Whether documents may be written now."""
        return self._lease.held and self.fault is None

    def start(self) -> None:
        """Begin to keep it."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join(5)

    def _keep(self) -> None:
        turn = 0
        while not self._ended.is_set() and self.fault is None:
            try:
                self._lease.renew()
                if turn % LOOK_EVERY == 0:
                    self._look()
            except WorkerError as error:
                self.fault = error
            except (TransportError, ApiError):
                pass  # Away: the next turn looks again.
            turn += 1
            self._ended.wait(self._lease.seconds / 4)

    def _look(self) -> None:
        self.nodes = self._index.nodes() or self.nodes
        before, self._doubt = self._doubt, self._wrong()
        if before and self._doubt and not self._ended.is_set():  # Twice: an index may just be being made.
            self.fault = IndexLost(self._doubt)


class IndexLost(WorkerError):
    """An index or alias is not what it was: the worker begins again, and loads a new one if need be."""
