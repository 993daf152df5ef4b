"""The third part of a turn: builds pending documents and delivers them to the sink.

Bulks and refreshes run in sender threads, which touch only the sink. Everything else happens in the loop's thread.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event

from sync_worker.loop.document_sink import DocumentSink
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.future_versions import FutureVersions
from sync_worker.loop.maintenance import Maintenance
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.loop.refresh_policy import RefreshPolicy
from sync_worker.loop.senders import Senders
from sync_worker.loop.tombstone_resend import TombstoneResend
from sync_worker.store.build_times import BuildTimes
from sync_worker.store.bulk import Bulk, BulkOutcome
from sync_worker.store.quarantine import Quarantine, Retry
from sync_worker.store.row_store import RowStore
from sync_worker.store.tombstones import Tombstones


class Delivery:
    """Takes documents from `pending` to the sink. `request_refresh` and `request_retry` may be called by any thread.

    `clock` gives seconds, and is monotonic."""

    def __init__(  # noqa: PLR0913 The composition root hands in every part by name.
        self,
        *,
        store: RowStore,
        sink: DocumentSink,
        maintenance: Maintenance,
        quarantine: Quarantine,
        build_times: BuildTimes,
        tombstones: Tombstones,
        resend: TombstoneResend,
        future_versions: FutureVersions,
        tracker: FreshnessTracker,
        policy: RefreshPolicy,
        senders: Senders,
        refresher: Senders,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._sink = sink
        self._maintenance = maintenance
        self._quarantine = quarantine
        self._build_times = build_times
        self._tombstones = tombstones
        self._resend = resend
        self.future_versions = future_versions
        self._tracker = tracker
        self._policy = policy
        self._senders = senders
        self._refresher = refresher
        self._clock = clock
        self._in_flight: list[tuple[Bulk, Future[BulkOutcome | None]]] = []
        self._refresh: Future[bool] | None = None
        self._refresh_requested = Event()
        self._retries_requested: SimpleQueue[Retry] = SimpleQueue()
        self.delivered = 0
        """Documents written or deleted."""
        self.retries = 0
        """Bulks that were sent again."""

    def request_refresh(self) -> None:
        """Somebody waits for what is acknowledged: refresh soon."""
        self._refresh_requested.set()

    def request_retry(self, retry: Retry) -> None:
        """Build documents again that are in quarantine."""
        self._retries_requested.put(retry)

    @property
    def sending(self) -> bool:
        """Whether bulks are under way."""
        return bool(self._in_flight)

    @property
    def busy(self) -> bool:
        """Whether bulks or a refresh are under way."""
        return self.sending or self._refresh is not None

    def unsearchable(self, plan_bound: PlanBound) -> list[int]:
        """The oldest LSNs of what is pending, due again or under way."""
        return [
            *plan_bound.pending.oldest(),
            *self._tombstones.oldest(),
            *(bulk.first_lsn for bulk, _ in self._in_flight),
        ]

    def begin(self, plan_bound: PlanBound) -> None:
        """Once, before freshness is first published. After a start it is unknown what the previous process built, and
        whether what it acknowledged was refreshed: none of it counts as searchable (invariant 6)."""
        published = self._store.position.published
        with self._store.transaction():
            plan_bound.pending.distrust(published + 1)
        self._tracker.acknowledge(published + 1)

    def turn(self, plan_bound: PlanBound, backlog: int) -> bool:
        """Take note of what was delivered, and deliver more; True when what is searchable may have changed.

        `backlog` is how many documents were pending when freshness was last published."""
        delivered = self._collect(plan_bound)
        self._quarantine.retry(self._retries_requested, plan_bound.rows)
        self._send(plan_bound)
        if self._resend.turn(plan_bound.targets):
            self._tracker.acknowledge(self._store.position.log.watermark)
        return self._refresh_when_due(plan_bound, backlog) or delivered

    def close(self) -> None:
        """Wait for bulks and refreshes that are under way."""
        self._senders.close()
        self._refresher.close()

    def _collect(self, plan_bound: PlanBound) -> bool:
        """Take note of acknowledged bulks: their documents leave pending only now (invariant 2)."""
        done = [(bulk, future) for bulk, future in self._in_flight if future.done()]
        # None: given up because the worker stops. The bulk stays in flight: freshness must not pass it (invariant 6).
        acknowledged = [(bulk, outcome) for bulk, future in done if (outcome := future.result()) is not None]
        if not acknowledged:
            return False
        self._in_flight = [
            (bulk, future) for bulk, future in self._in_flight if all(bulk is not each for each, _ in acknowledged)
        ]
        with self._store.transaction():
            for bulk, outcome in acknowledged:
                self._acknowledge(plan_bound, bulk, outcome)
        return True

    def _acknowledge(self, plan_bound: PlanBound, bulk: Bulk, outcome: BulkOutcome) -> None:
        outcome = self.future_versions.reject(bulk.document, outcome)
        self._quarantine.update(bulk, outcome)  # Before the documents leave pending (invariant 7).
        self._build_times.record(bulk, time.time_ns() // 1_000_000)
        self._tombstones.record(bulk, (rejection.place for rejection in outcome.rejected))
        plan_bound.pending.remove(bulk)
        self._tracker.acknowledge(bulk.first_lsn)
        self.delivered += len(bulk.writes)
        self.retries += outcome.retries

    def _send(self, plan_bound: PlanBound) -> None:
        """Keep the senders busy with documents that are built now, but never in the middle of a snapshot
        (invariant 3)."""
        if not self._store.position.snapshot.settled or self._maintenance.rows_wrong:
            return
        while len(self._in_flight) < self._senders.capacity:
            bulk = plan_bound.pending.take(self._version())
            if bulk is None:
                return
            target = plan_bound.targets.of(bulk.document)
            self._in_flight.append((bulk, self._senders.submit(self._sink.send, target, bulk.writes)))

    def _version(self) -> int:
        return self._store.position.version

    def _refresh_when_due(self, plan_bound: PlanBound, backlog: int) -> bool:
        """Begin a refresh, or record the end of one; True when one ended."""
        now, ended = self._clock(), False
        if self._refresh is not None:
            if not self._refresh.done():
                return False
            self._tracker.end_refresh(self._refresh.result())
            self._refresh = None
            self._policy.end(now)
            ended = True
        awaited = self._refresh_requested.is_set()
        if self._tracker.dirty and self._policy.due(now, awaited=awaited, pending=backlog):
            self._refresh_requested.clear()
            self._tracker.begin_refresh()
            self._policy.begin(now)
            self._refresh = self._refresher.submit(self._sink.refresh, plan_bound.targets.all)
        return ended
