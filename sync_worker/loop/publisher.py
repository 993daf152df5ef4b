"""The last part of a turn: publishes how fresh a search is, and shows new targets to readers when they are complete."""

import threading
import time
from collections.abc import Callable

from read_model.freshness import Freshness, FreshnessState
from sync_worker.loop.delivery import Delivery
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.maintenance import Maintenance
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.loop.state import PipelineState
from sync_worker.loop.tombstone_resend import SinkWatch
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import RowStore

IDLE_SECONDS = 0.05
"""Seconds between two looks at freshness while nothing happens; each look queries the row store."""


class FreshnessFeed:
    """The current freshness. The loop sets it; other threads read it, or wait for a newer one."""

    def __init__(self, first: Freshness) -> None:
        self._now = first
        self._changed = threading.Condition()

    @property
    def now(self) -> Freshness:
        """The latest freshness."""
        return self._now

    def put(self, fresh: Freshness) -> None:
        """Publish. Wakes those who wait when the searchable position or the state changed."""
        news = _token(fresh) != _token(self._now) or fresh.state != self._now.state
        self._now = fresh
        if news:
            with self._changed:
                self._changed.notify_all()

    def is_at(self, token: str) -> bool:
        """Whether `epoch:searchable` is still `token`, so that there is something to wait for."""
        return _token(self._now) == token and self._now.state != "stopped"

    def beyond(self, token: str, seconds: float) -> Freshness:
        """The freshness once its `epoch:searchable` is no longer `token`, or after `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self.is_at(token):
                rest = deadline - time.monotonic()
                if rest <= 0 or not self._changed.wait(rest):
                    break
        return self._now


def _token(fresh: Freshness) -> str:
    return f"{fresh.epoch}:{fresh.searchable}"


class Publisher:
    """For the loop's thread; any thread may use `feed`. `clock` gives seconds, and is monotonic.

    Until the first turn, `feed` holds the freshness at the position that the worker starts from."""

    def __init__(  # noqa: PLR0913 The composition root hands in every part by name.
        self,
        *,
        store: RowStore,
        state: PipelineState,
        maintenance: Maintenance,
        delivery: Delivery,
        quarantine: Quarantine,
        tracker: FreshnessTracker,
        watch: SinkWatch,
        first: PlanBound,
        observe: Callable[[Freshness], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._state = state
        self._maintenance = maintenance
        self._delivery = delivery
        self._quarantine = quarantine
        self._tracker = tracker
        self._observe = observe
        self._watch = watch
        self._clock = clock
        self._load_through = 0
        self._due = 0.0
        self.feed = FreshnessFeed(self._freshness(first, "waiting"))

    def turn(self, plan_bound: PlanBound, changed: bool) -> None:
        """Publish what a search sees, and never more (invariant 6). Without such a `changed` event,
        look only at intervals."""
        now = self._clock()
        if not changed and now < self._due:
            return
        self._due = now + IDLE_SECONDS
        self._show_when_loaded(plan_bound)
        before = self.feed.now
        fresh = self._freshness(plan_bound, self._state.state(plan_bound.targets))
        if fresh.searchable != before.searchable or fresh.state != before.state:
            self._store_position(fresh)
        self._publish(fresh)

    def stop(self, plan_bound: PlanBound) -> None:
        """Publish that the worker has stopped."""
        self._publish(self._freshness(plan_bound, "stopped"))

    def _publish(self, fresh: Freshness) -> None:
        self.feed.put(fresh)
        self._observe(fresh)

    def _show_when_loaded(self, plan_bound: PlanBound) -> None:
        """Show new targets when they hold everything that there was when their loading began. The source writes on
        meanwhile."""
        position = self._store.position
        if not plan_bound.targets.loading or not position.snapshot.settled or self._maintenance.checking_snapshot:
            self._load_through = 0
            return
        if not self._load_through:
            self._load_through = position.log.watermark
            # An earlier process may have sent some of it that no refresh has covered yet.
            self._tracker.acknowledge(position.log.watermark)
        if self._tracker.passed(self._load_through, self._delivery.unsearchable(plan_bound)):
            plan_bound.targets.show_loaded()

    def _store_position(self, fresh: Freshness) -> None:
        if fresh.searchable > self._store.position.published:
            with self._store.transaction():
                self._store.move(published=fresh.searchable)

    def _freshness(self, plan_bound: PlanBound, state: FreshnessState) -> Freshness:
        position, origin = self._store.position, self._state.origin
        unsearchable = self._delivery.unsearchable(plan_bound)
        hidden = state in ("waiting", "snapshot", "loading") and plan_bound.targets.loading
        searchable = 0 if hidden else self._tracker.searchable(position.log.watermark, unsearchable)
        return Freshness(
            pipeline=origin.pipeline,
            system=origin.system,
            database=origin.database,
            epoch=position.epoch,
            searchable=searchable,
            watermark=position.log.watermark,
            as_of_ms=self._tracker.as_of_ms(searchable),
            state=state,
            reason=self._state.reason,
            pending=plan_bound.pending.count(),
            quarantined=self._quarantine.refused,
            left_out=self._quarantine.left_out,
            unindexed=self._watch.unindexed,
        )
