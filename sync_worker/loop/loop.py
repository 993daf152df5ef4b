"""The loop: read the log, fold it in, build what it touched, index it, publish how fresh that is.

One thread owns the row store. Bulks and refreshes run in a few sender threads, which touch nothing but Elasticsearch.
"""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from read_model.freshness import Freshness, State
from sync_worker.elasticsearch.elasticsearch_sink import BulkOutcome, Index, deletion
from sync_worker.elasticsearch.index_guard import IndexGuard
from sync_worker.errors import ShapeError, WorkerError
from sync_worker.log.consumer import ChangeLog
from sync_worker.loop.freshness_feed import FreshnessFeed
from sync_worker.loop.freshness_tracker import FreshnessTracker
from sync_worker.loop.plan_bound import PlanBound
from sync_worker.loop.refresh_policy import RefreshPolicy
from sync_worker.loop.state import PipelineState
from sync_worker.loop.tombstone_resend import TombstoneResend
from sync_worker.resync.bc_dates import BcDateCheck
from sync_worker.resync.row_repair import RowRepair
from sync_worker.resync.schema_change import SchemaChangeResync
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.source.silence_monitor import SilenceMonitor
from sync_worker.store.pending import Bulk
from sync_worker.store.quarantine import Retry
from sync_worker.store.row_store import EPOCH_BITS, RowStore
from sync_worker.store.tombstones import Tombstones

PUBLISHED_AT_LEAST = 0.05
"""Seconds. What is published is looked at that often when nothing happens; each look asks the row store."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at a time. `idle_wait` and `refresh_after` are seconds."""

    read_messages: int = 5000
    idle_wait: float = 0.02
    senders: int = 3
    refresh_after: float = 0.1


class Worker:
    """Everything the loop needs, handed in. `step` is one turn; `run` turns until `stopping` is set."""

    def __init__(  # noqa: PLR0913 The composition root hands in every part by name.
        self,
        *,
        pipeline: str,
        store: RowStore,
        log: ChangeLog,
        parts: PlanBound,
        index: Index,
        watch: IdentityMonitor,
        healing: SchemaChangeResync,
        misread: BcDateCheck,
        rereads: RowRepair,
        tombstones: Tombstones,
        standing: IndexGuard,
        outlook: SilenceMonitor,
        pace: Pace,
        stopping: threading.Event,
    ) -> None:
        self._pipeline = pipeline
        self._store = store
        self._log = log
        self._adopt(parts)
        self._index = index
        self._watch = watch
        self._healing = healing
        self._misread = misread
        self.rereads = rereads
        self._tombstones = tombstones
        self._standing = standing
        self._outlook = outlook
        self._condition = PipelineState(store, watch, healing, outlook, index.health)
        self._pace = pace
        self.stopping = stopping
        self.refresh_now = threading.Event()
        self.retries_asked: SimpleQueue[Retry] = SimpleQueue()
        self._senders = ThreadPoolExecutor(pace.senders, thread_name_prefix="sender")
        self._refresher = ThreadPoolExecutor(1, thread_name_prefix="refresher")
        self._flying: list[tuple[Bulk, Future[BulkOutcome | None]]] = []
        self._load_through = 0
        self._burial = TombstoneResend(store, tombstones, standing)
        self._refresh: Future[bool] | None = None
        self._refresh_pace = RefreshPolicy(pace.refresh_after)
        self._tracker = FreshnessTracker(published=store.position.published)
        self._moved = True
        self._look_again = 0.0
        self.feed = FreshnessFeed(self._fresh("waiting"))
        self.indexed = 0
        self.retries = 0

    def _adopt(self, parts: PlanBound) -> None:
        self._parts = parts
        self._applier, self._pending, self._generations = parts.applier, parts.pending, parts.generations

    @property
    def events(self) -> int:
        """Change events read from the log."""
        return self._applier.events

    @property
    def wrong(self) -> str:
        """What of the indexes is not as it was, or nothing; asks Elasticsearch."""
        return self._generations.wrong()

    @property
    def freshness(self) -> Freshness:
        """What is published now."""
        return self.feed.now

    def remove_extra(self, document: str, ids: list[str], lsn: int) -> None:
        """Delete documents that the source was seen not to have at `lsn`. From any thread: it touches Elasticsearch alone.

        A document that came since has a higher version, and stays (invariant 4). WorkerError when it cannot be done."""
        if document not in self._generations.aliases:
            raise WorkerError(f"the pipeline has no documents named {document}")
        version = self._store.position.epoch << EPOCH_BITS | lsn
        sent = self._index.send(document, [deletion(id_, version) for id_ in ids])
        if sent is None or sent.rejected or not self._index.refresh((document,)):
            raise WorkerError(f"Elasticsearch did not delete the documents of {document} that are too many; try again")

    def run(self) -> None:
        """Turn until told to stop, then let what is under way end."""
        with self._store.transaction():
            self._pending.distrust(self._store.position.published + 1)
        # What was acknowledged in an earlier life may not have been refreshed (invariant 6).
        self._tracker.acknowledge(self._store.position.published + 1)
        try:
            while not self.stopping.is_set():
                self.step()
        finally:
            self.stopping.set()
            self._senders.shutdown(wait=True, cancel_futures=True)
            self._refresher.shutdown(wait=True)
            self.rereads.close()
            self._misread.close()
            self.feed.put(self._fresh("stopped"))

    def step(self) -> None:
        """One turn of the loop."""
        if fault := self._standing.fault or self._outlook.fault:
            raise fault
        if self._healing.due:
            self._heal()
        else:
            self._read()
            self._misread.turn(self._parts.plan.tables)
            self.rereads.turn(self._parts)
        self._collect()
        self._generations.quarantine.retry(self.retries_asked, self._generations.rows)
        self._send()
        if self._burial.turn(lambda *due: self._refresher.submit(self._index.send, *due)):
            self._tracker.acknowledge(self._store.position.watermark)
        self._refresh_when_due()
        self._publish()

    def _read(self) -> None:
        busy = bool(self._flying) or self._refresh is not None
        messages = self._log.read(self._pace.read_messages, 0.002 if busy else self._pace.idle_wait)
        if messages:
            self._moved = True
            try:
                self._applier.take(messages)
            except ShapeError as error:
                self._healing.shape_mismatch(error)
            else:
                self._heard()
        self._outlook.turn(bool(messages), heartbeat=False)

    def _heal(self) -> None:
        """Read changed tables anew, when no bulk is under way: the log waits meanwhile."""
        if self._flying:
            self.stopping.wait(self._pace.idle_wait)
            return
        parts = self._healing.resync(self._parts)
        if parts is not None:
            self._moved = True
            self._adopt(parts)
            self._load_through = 0
            self._log.seek(self._store.position.offset)

    def _heard(self) -> None:
        beat, self._applier.heartbeat = self._applier.heartbeat, None
        if beat is not None:
            self._watch.observe(beat)
            self._outlook.turn(records=True, heartbeat=True)
        position = self._store.position
        self._tracker.tick(position.watermark, position.watermark_ms)

    def _send(self) -> None:
        """Keep the senders busy with freshly built documents, but never build in mid-snapshot (invariant 3)."""
        position = self._store.position
        if not position.settled or self._healing.due or self._misread.blocks_builds:
            return
        while len(self._flying) < self._pace.senders:
            bulk = self._pending.take(position.epoch << EPOCH_BITS | position.watermark)
            if bulk is None:
                return
            self._flying.append((bulk, self._senders.submit(self._index.send, bulk.document, bulk.items)))

    def _collect(self) -> None:
        """Take note of finished bulks: their documents leave pending only now (invariant 2)."""
        done = [(bulk, future) for bulk, future in self._flying if future.done()]
        # None: given up because the worker stops. It stays under way: freshness must not pass it (invariant 6).
        taken = [(bulk, sent) for bulk, future in done if (sent := future.result()) is not None]
        if not taken:
            return
        self._moved = True
        self._flying = [(bulk, future) for bulk, future in self._flying if all(bulk is not each for each, _ in taken)]
        with self._store.transaction():
            for bulk, sent in taken:
                self._taken(bulk, sent)

    def _taken(self, bulk: Bulk, sent: BulkOutcome) -> None:
        self._generations.taken(bulk, sent)
        self._tombstones.note(bulk, (refusal.place for refusal in sent.rejected))
        self._pending.remove(bulk)
        self._tracker.acknowledge(bulk.first_lsn)
        self.indexed += len(bulk.items)
        self.retries += sent.retries

    def _refresh_when_due(self) -> None:
        now = time.monotonic()
        if self._refresh is not None:
            if not self._refresh.done():
                return
            self._tracker.end_refresh(self._refresh.result())
            self._refresh = None
            self._refresh_pace.end(now)
            self._moved = True
        awaited = self.refresh_now.is_set()
        if self._tracker.dirty and self._refresh_pace.due(now, awaited=awaited, pending=self.freshness.pending):
            self.refresh_now.clear()
            self._tracker.begin_refresh()
            self._refresh_pace.begin(now)
            self._refresh = self._refresher.submit(self._index.refresh, self._generations.aliases)

    def _publish(self) -> None:
        """Say how fresh a search is: never ahead of it (invariant 6). Between two events it seldom changes."""
        now = time.monotonic()
        if not self._moved and now < self._look_again:
            return
        self._moved, self._look_again = False, now + PUBLISHED_AT_LEAST
        self._show_when_loaded()
        before = self.freshness
        fresh = self._fresh(self._condition.state(self._generations))
        if fresh.searchable != before.searchable or fresh.state != before.state:
            self._keep(fresh)
        self.feed.put(fresh)

    def _show_when_loaded(self) -> None:
        """Show new generations when they hold all that there was when their loading began; the application writes on meanwhile."""
        position = self._store.position
        if not self._generations.loading or not position.settled or self._misread.blocks_builds:
            self._load_through = 0
            return
        if not self._load_through:
            self._load_through = position.watermark
            # An earlier life may have sent some of it that no refresh has covered yet.
            self._tracker.acknowledge(position.watermark)
        if self._tracker.passed(self._load_through, self._unsent()):
            self._generations.show_loaded()

    def _unsent(self) -> list[int]:
        return [*self._pending.oldest(), *self._tombstones.oldest(), *(bulk.first_lsn for bulk, _ in self._flying)]

    def _keep(self, fresh: Freshness) -> None:
        if fresh.searchable > self._store.position.published:
            with self._store.transaction():
                self._store.move(published=fresh.searchable)

    def _fresh(self, state: State) -> Freshness:
        position = self._store.position
        unsent = self._unsent()
        loading = state in ("waiting", "snapshot", "loading")
        searchable = (
            0 if loading and self._generations.loading else self._tracker.searchable(position.watermark, unsent)
        )
        return Freshness(
            pipeline=self._pipeline,
            epoch=position.epoch,
            searchable=searchable,
            watermark=position.watermark,
            as_of_ms=self._tracker.as_of_ms(searchable),
            state=state,
            reason=self._condition.reason,
            pending=self._pending.count(),
            quarantined=self._generations.quarantine.refused,
            left_out=self._generations.quarantine.left_out,
        )
