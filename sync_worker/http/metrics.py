"""The worker's metrics, read from the loop when somebody asks; nothing is counted twice."""

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
        """The figures of this moment."""
        fresh = self._feed.now
        state = float(fresh.state == "live")
        yield CounterMetricFamily("rowtide_events", "Change events read from the log.", self._ingest.events)
        yield CounterMetricFamily(
            "rowtide_documents_indexed", "Documents written or deleted.", self._delivery.delivered
        )
        yield CounterMetricFamily("rowtide_bulk_retries", "Bulk requests sent again.", self._delivery.retries)
        yield GaugeMetricFamily("rowtide_pending_documents", "Documents to be built, roughly.", fresh.pending)
        yield GaugeMetricFamily(
            "rowtide_quarantined_documents", "Documents set aside: refused, or not to be built.", fresh.quarantined
        )
        yield GaugeMetricFamily(
            "rowtide_left_out_documents", "Documents without fields that were refused.", fresh.left_out
        )
        yield GaugeMetricFamily("rowtide_live", "1 while documents follow the database, 0 in any other state.", state)
        yield GaugeMetricFamily("rowtide_searchable_lsn", "Everything up to this LSN is searchable.", fresh.searchable)
        yield GaugeMetricFamily("rowtide_watermark_lsn", "The last commit or heartbeat read.", fresh.watermark)
        yield GaugeMetricFamily(
            "rowtide_as_of_seconds", "The source's time at the searchable LSN.", fresh.as_of_ms / 1000
        )


def registry(feed: FreshnessFeed, ingest: Ingest, delivery: Delivery) -> CollectorRegistry:
    """A registry of the worker's own, so that two workers in one process do not share metrics."""
    collectors = CollectorRegistry()
    collectors.register(WorkerCollector(feed, ingest, delivery))
    return collectors
