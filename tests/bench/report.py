"""What a run measured, and what follows from it: ratios, percentiles, the table's rows, the JSON. Pure."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of something in so many seconds. `cpu_seconds` is what the server used for it, where that was looked at."""

    count: int
    seconds: float
    cpu_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """The rate; 0 when no time was measured."""
        return self.count / self.seconds if self.seconds > 0 else 0.0

    @property
    def cpu_us_each(self) -> float:
        """Microseconds of the server's CPU for one."""
        return self.cpu_seconds * 1e6 / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Drain:
    """A worker that read a log written before, until everything in it was searchable. CPU is the worker's own, in seconds."""

    events: int
    documents: int
    seconds: float
    cpu_seconds: float

    @property
    def events_per_s(self) -> float:
        """Change events a second."""
        return self.events / self.seconds

    @property
    def documents_per_s(self) -> float:
        """Documents indexed a second."""
        return self.documents / self.seconds

    @property
    def cpu_us_per_document(self) -> float:
        """Microseconds of the worker's CPU for one document."""
        return self.cpu_seconds * 1e6 / self.documents if self.documents else 0.0


@dataclass(frozen=True, slots=True)
class Live:
    """Time from commit to searchable, in milliseconds, while a writer worked at `commands_per_s`.

    `found_ms` is the time from the commit of a change of one document until a search for it shows the change. The other
    figure waits for everything that was committed before."""

    latencies_ms: Sequence[float]
    commands_per_s: float
    found_ms: Sequence[float]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one run measured. Lists have one entry a round."""

    orders: int
    debezium: Rate
    initial_cold: Drain
    initial: Drain
    steady: list[Drain]
    coalesced: Drain
    elasticsearch_initial: Rate
    elasticsearch: list[Rate]
    live: Live
    awaited: Live
    worker_peak_rss: int
    seconds: float
    machine: dict[str, object] = field(default_factory=dict)
    reads: dict[str, object] = field(default_factory=dict)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile, `share` in 0 to 1. ValueError without values."""
    if not values:
        raise ValueError("a percentile of nothing")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def latencies_ms(commits: Sequence[tuple[int, float]], seen: Sequence[tuple[int, float]]) -> list[float]:
    """How long each commit took to become searchable.

    `commits` are (LSN, seconds), `seen` are (searchable LSN, seconds) in the order of observation. ValueError when a commit
    was never seen."""
    reached = [lsn for lsn, _ in seen]
    latencies = []
    for lsn, at in commits:
        place = bisect_left(reached, lsn)
        if place == len(seen):
            raise ValueError("a commit was not searchable when the measurement ended")
        latencies.append(max(0.0, seen[place][1] - at) * 1000)
    return latencies


def middle(rounds: Sequence[float]) -> float:
    """The median of the rounds."""
    return median(rounds)


def as_json(results: Results) -> dict[str, object]:
    """The last line of `make bench`. Rates of rounds are medians; `*_rounds` has them all."""
    steady = [drain.documents_per_s for drain in results.steady]
    alone = [rate.per_second for rate in results.elasticsearch]
    return {
        "steady_ratio_to_elasticsearch": round(middle(steady) / middle(alone), 3),
        "coalesced_events_per_s": round(results.coalesced.events_per_s),
        "initial_load_docs_per_s": round(results.initial.documents_per_s),
        "searchable_ms_p50": round(percentile(results.live.latencies_ms, 0.5), 1),
        "searchable_ms_p99": round(percentile(results.live.latencies_ms, 0.99), 1),
        "found_ms_p50": round(percentile(results.live.found_ms, 0.5), 1),
        "found_ms_p99": round(percentile(results.live.found_ms, 0.99), 1),
        "awaited_found_ms_p50": round(percentile(results.awaited.found_ms, 0.5), 1),
        "awaited_found_ms_p99": round(percentile(results.awaited.found_ms, 0.99), 1),
        "awaited_ms_p50": round(percentile(results.awaited.latencies_ms, 0.5), 1),
        "awaited_ms_p99": round(percentile(results.awaited.latencies_ms, 0.99), 1),
        "worker_peak_rss_mb": round(results.worker_peak_rss / 1e6, 1),
        "steady_docs_per_s": round(middle(steady)),
        "steady_docs_per_s_rounds": [round(rate) for rate in steady],
        "elasticsearch_docs_per_s": round(middle(alone)),
        "elasticsearch_docs_per_s_rounds": [round(rate) for rate in alone],
        "elasticsearch_initial_docs_per_s": round(results.elasticsearch_initial.per_second),
        "initial_load_ratio_to_elasticsearch": round(
            results.initial.documents_per_s / results.elasticsearch_initial.per_second, 3
        ),
        "initial_load_cold_docs_per_s": round(results.initial_cold.documents_per_s),
        "initial_load_events_per_s": round(results.initial.events_per_s),
        "debezium_events_per_s": round(results.debezium.per_second),
        "worker_cpu_us_per_document": round(middle([drain.cpu_us_per_document for drain in results.steady]), 1),
        "elasticsearch_cpu_us_per_document": round(middle([rate.cpu_us_each for rate in results.elasticsearch]), 1),
        "live_commands_per_s": round(results.live.commands_per_s, 1),
        "latency_samples": len(results.live.latencies_ms),
        "orders": results.orders,
        "seconds": round(results.seconds),
        "machine": results.machine,
        **results.reads,
    }


def rows(results: Results) -> list[tuple[str, str, str]]:
    """The table: what, the figure, how it came about."""
    of = as_json(results)
    samples, orders = len(results.live.latencies_ms), f"{results.orders:,} orders"
    return [
        (
            "Debezium by itself",
            _rate(of["debezium_events_per_s"], "events"),
            f"{results.debezium.count:,} updates, worker off",
        ),
        ("Elasticsearch by itself, first load", _rate(of["elasticsearch_initial_docs_per_s"], "documents"), orders),
        ("Elasticsearch by itself, updates", _rate(of["elasticsearch_docs_per_s"], "documents"), _rounds(results)),
        ("Pipeline, first load, cold", _rate(of["initial_load_cold_docs_per_s"], "documents"), "servers just started"),
        ("Pipeline, first load", _rate(of["initial_load_docs_per_s"], "documents"), "from a snapshot in Kafka"),
        ("Pipeline, steady", _rate(of["steady_docs_per_s"], "documents"), "every change another document"),
        ("  … relative to Elasticsearch by itself", str(of["steady_ratio_to_elasticsearch"]), "target: 0.5"),
        ("Pipeline, coalesced", _rate(of["coalesced_events_per_s"], "events"), "target: 25,000"),
        ("Commit to searchable, p50", f"{of['searchable_ms_p50']} ms", f"{of['live_commands_per_s']} commands/s"),
        ("Commit to searchable, p99", f"{of['searchable_ms_p99']} ms", f"{samples} samples"),
        (
            "Commit of one order to found, p50 and p99",
            f"{of['found_ms_p50']} and {of['found_ms_p99']} ms",
            f"{len(results.live.found_ms)} orders, nobody waits",
        ),
        ("Commit to searchable for one who waits, p50", f"{of['awaited_ms_p50']} ms", "the same load"),
        ("Commit to searchable for one who waits, p99", f"{of['awaited_ms_p99']} ms", ""),
        ("Worker CPU", f"{of['worker_cpu_us_per_document']} µs/document", "steady, all threads"),
        ("Elasticsearch CPU", f"{of['elasticsearch_cpu_us_per_document']} µs/document", "by itself, updates"),
        ("Worker peak memory", f"{of['worker_peak_rss_mb']} MB", "target: 300 MB"),
        *read_rows(results.reads),
    ]


def read_rows(reads: dict[str, object]) -> list[tuple[str, str, str]]:
    """The table's part on searches; empty when they were not measured."""
    if not reads:
        return []
    rows = []
    for name, words in (("1_client", "1 client"), ("16_clients", "16 clients")):
        alone = (
            f"{reads[f'elasticsearch_search_ms_p50_{name}']} ms, {reads[f'elasticsearch_search_per_s_{name}']}/s alone"
        )
        p50, p99 = reads[f"search_ms_p50_{name}"], reads[f"search_ms_p99_{name}"]
        ratios = f"{reads[f'search_p50_ratio_{name}']} and {reads[f'search_throughput_ratio_{name}']}"
        rows += [
            (f"Search, {words}, p50 and p99", f"{p50} and {p99} ms", alone),
            (f"Search, {words}", f"{reads[f'search_per_s_{name}']}/s", f"{reads['search_documents']:,} documents"),
            ("  … p50 and rate relative to Elasticsearch by itself", ratios, "targets: at most 1.5, at least 0.6"),
        ]
    if "search_ms_p99_while_writing" in reads:
        busy = f"{reads['search_ms_p99_while_writing']} ms"
        rows.append(
            (
                "Search, p99 while the writer runs",
                busy,
                f"{reads['search_p99_ratio_while_writing']} of idle; target: 1.5",
            )
        )
    export = f"{reads['export_rows_per_s']:,} rows/s"
    return [*rows, ("Export as CSV", export, f"API's peak memory {reads['search_api_peak_mb']} MB")]


def _rate(value: object, what: str) -> str:
    return f"{value:,} {what}/s"


def _rounds(results: Results) -> str:
    return f"the same bodies again, median of {len(results.elasticsearch)}"
