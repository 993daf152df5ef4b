"""The loop: ingest, maintenance, delivery and publisher take turns.

One thread runs it and owns the row store. See `ChangeSource` for what it reads, and `DocumentSink` for where it writes.
"""

import threading
from collections.abc import Sequence
from typing import Protocol

from sync_worker.errors import WorkerError
from sync_worker.loop.delivery import Delivery
from sync_worker.loop.ingest import Ingest
from sync_worker.loop.maintenance import Maintenance
from sync_worker.loop.plan_bound import Current, PlanBound
from sync_worker.loop.publisher import Publisher


class Guard(Protocol):
    """Watches something outside the loop."""

    @property
    def fault(self) -> WorkerError | None:
        """What ends the worker, or None."""


class Loop:
    """`turn` is one turn; `run` turns until `stopping` is set. `current` is what works on the plan of now."""

    def __init__(
        self,
        *,
        current: Current[PlanBound],
        guards: Sequence[Guard],
        ingest: Ingest,
        maintenance: Maintenance,
        delivery: Delivery,
        publisher: Publisher,
        stopping: threading.Event,
    ) -> None:
        self._current = current
        self._guards = tuple(guards)
        self._ingest = ingest
        self._maintenance = maintenance
        self._delivery = delivery
        self._publisher = publisher
        self._stopping = stopping

    def run(self) -> None:
        """Take turns until `stopping` is set, then wait for what is in flight. Raises what ends the worker."""
        try:
            while not self._stopping.is_set():
                self.turn()
        finally:
            self._stopping.set()
            self._delivery.close()
            self._maintenance.close()
            self._publisher.stop(self._current.value)

    def turn(self) -> None:
        """One turn. Tables that changed are noticed in one turn and read in the next, so that freshness reports it
        first."""
        for guard in self._guards:
            if guard.fault is not None:
                raise guard.fault
        if self._maintenance.log_waits:
            changed = self._resync()
        else:
            changed = self._ingest.turn(self._current.value, self._delivery.busy)
            self._maintenance.turn(self._current.value)
        plan_bound = self._current.value
        delivered = self._delivery.turn(plan_bound, self._publisher.feed.now.pending)
        self._publisher.turn(plan_bound, changed or delivered)

    def _resync(self) -> bool:
        """Replace what works on the old plan; the batch that did not fit it is read again. True when that was done."""
        plan_bound = self._maintenance.resync(self._current.value, self._delivery.sending)
        if plan_bound is None:
            return False
        self._current.value = plan_bound
        self._ingest.seek()
        return True
