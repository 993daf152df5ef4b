"""The worker's metrics, read from the loop when somebody asks; nothing is counted twice."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sync_worker.loop.loop import Worker


class WorkerCollector(Collector):
    """Metric names are part of the product: docs/reference/metrics.md lists them."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def collect(self) -> Iterable[Metric]:
        """The figures of this moment."""
        fresh = self._worker.freshness
        state = float(fresh.state == "live")
        yield CounterMetricFamily("rowtide_events", "Change events read from the log.", self._worker.events)
        yield CounterMetricFamily("rowtide_documents_indexed", "Documents written or deleted.", self._worker.indexed)
        yield CounterMetricFamily("rowtide_bulk_retries", "Bulk requests sent again.", self._worker.retries)
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


def registry(worker: Worker) -> CollectorRegistry:
    """A registry of its own, so that two workers in one process do not meet."""
    made = CollectorRegistry()
    made.register(WorkerCollector(worker))
    return made
