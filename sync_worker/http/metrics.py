"""The worker's metrics, read from the parts of the loop when they are scraped."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sync_worker.loop.delivery import Delivery
from sync_worker.loop.ingest import Ingest
from sync_worker.loop.publisher import FreshnessFeed


class WorkerCollector(Collector):
    """Metric names are part of the product: docs/reference/metrics.md lists them."""

    def __init__(self, feed: FreshnessFeed, ingest: Ingest, delivery: Delivery) -> None:
        self._feed = feed
        self._ingest = ingest
        self._delivery = delivery

    def collect(self) -> Iterable[Metric]:
        """The current values."""
        fresh = self._feed.now
        state = float(fresh.state == "live")
        yield CounterMetricFamily("rowtide_events", "Change events read from the log.", self._ingest.events)
        yield CounterMetricFamily(
            "rowtide_documents_indexed", "Documents written or deleted.", self._delivery.delivered
        )
        yield CounterMetricFamily(
            "rowtide_control_messages_refused",
            "Heartbeats and snapshot messages in the log that were malformed, forged or replayed, and were skipped.",
            self._ingest.refused.counts.total(),
        )
        yield CounterMetricFamily("rowtide_bulk_retries", "Bulk requests that were retried.", self._delivery.retries)
        yield CounterMetricFamily(
            "rowtide_future_versions",
            "Writes that met a document with a version above the position of the log.",
            self._delivery.future_versions.count,
        )
        yield GaugeMetricFamily(
            "rowtide_pending_documents", "Documents that wait to be built (an estimate).", fresh.pending
        )
        yield GaugeMetricFamily(
            "rowtide_quarantined_documents", "Documents in quarantine: rejected or unbuildable.", fresh.quarantined
        )
        yield GaugeMetricFamily(
            "rowtide_left_out_documents", "Documents indexed without fields that were rejected.", fresh.left_out
        )
        yield GaugeMetricFamily(
            "rowtide_unindexed_values",
            "Documents and fields with a value that does not fit the type in the spec and is not indexed.",
            sum(fresh.unindexed.values()),
        )
        yield GaugeMetricFamily("rowtide_live", "1 while documents follow the database, otherwise 0.", state)
        yield GaugeMetricFamily("rowtide_searchable_lsn", "Everything up to this LSN is searchable.", fresh.searchable)
        yield GaugeMetricFamily("rowtide_watermark_lsn", "LSN of the last commit or heartbeat read.", fresh.watermark)
        yield GaugeMetricFamily(
            "rowtide_as_of_seconds", "The source's time at the searchable LSN (Unix seconds).", fresh.as_of_ms / 1000
        )


def registry(feed: FreshnessFeed, ingest: Ingest, delivery: Delivery) -> CollectorRegistry:
    """A registry of the worker's own, so that two workers in one process do not share metrics."""
    collectors = CollectorRegistry()
    collectors.register(WorkerCollector(feed, ingest, delivery))
    return collectors
