"""The benchmark's arithmetic and what it reads from /proc."""

import pytest

from tests.bench.log import Stretch
from tests.bench.report import Drain, Live, Rate, Results, as_json, latencies_ms, percentile, rows
from tests.bench.usage import cpu_ticks, peak_bytes

REQUIRED = {
    "steady_ratio_to_elasticsearch",
    "coalesced_events_per_s",
    "initial_load_docs_per_s",
    "searchable_ms_p50",
    "searchable_ms_p99",
    "worker_peak_rss_mb",
}


def results() -> Results:
    return Results(
        orders=1000,
        debezium=Rate(30_000, 1.0),
        initial_cold=Drain(events=8000, documents=1100, seconds=0.5, cpu_seconds=0.05),
        initial=Drain(events=8000, documents=1100, seconds=0.1, cpu_seconds=0.05),
        steady=[Drain(1000, 1000, seconds, 0.05) for seconds in (0.1, 0.2, 0.5)],
        coalesced=Drain(150_000, 300, 3.0, 2.0),
        elasticsearch_initial=Rate(1000, 0.05),
        elasticsearch=[Rate(1000, 0.1), Rate(1000, 0.1)],
        live=Live([float(n) for n in range(1, 101)], 49.9, [7.0]),
        awaited=Live([float(n) for n in range(101, 201)], 49.9, [8.0]),
        worker_peak_rss=100_000_000,
        seconds=12.3,
    )


def test_the_last_line_has_every_promised_figure() -> None:
    figures = as_json(results())
    assert figures.keys() >= REQUIRED
    assert figures["steady_ratio_to_elasticsearch"] == 0.5
    assert figures["coalesced_events_per_s"] == 50_000
    assert figures["initial_load_docs_per_s"] == 11_000
    assert (figures["searchable_ms_p50"], figures["searchable_ms_p99"]) == (50.0, 99.0)
    assert (figures["awaited_ms_p50"], figures["awaited_ms_p99"]) == (150.0, 199.0)
    assert figures["worker_peak_rss_mb"] == 100.0


def test_the_table_shows_a_row_for_each_measurement() -> None:
    shown = {name.strip(): figure for name, figure, _ in rows(results())}
    assert shown["Pipeline, steady"] == "5,000 documents/s"
    assert shown["Debezium by itself"] == "30,000 events/s"


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 2.0), (0.51, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == expected


def test_a_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_commit_is_searchable_at_the_first_look_that_covers_it() -> None:
    seen = [(5, 1.0), (5, 1.1), (12, 1.2), (20, 1.3)]
    assert latencies_ms([(10, 1.0), (12, 1.15), (20, 1.0)], seen) == pytest.approx([200.0, 50.0, 300.0])


def test_a_commit_that_was_never_seen_is_an_error() -> None:
    with pytest.raises(ValueError, match="not searchable"):
        latencies_ms([(30, 1.0)], [(20, 1.3)])


def test_a_stretch_lasts_from_its_first_to_its_last_event() -> None:
    stretch = Stretch()
    for at in (1000, 1500, 3000):
        stretch.add(at)
    assert (stretch.events, stretch.seconds) == (3, 2.0)


def test_peak_memory_is_read_from_the_status() -> None:
    assert peak_bytes("Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t  1024 kB\nVmRSS:\t  12 kB\n") == 1024 * 1024
    assert peak_bytes("Name:\tkthreadd\n") == 0


def test_cpu_time_is_read_behind_a_name_with_spaces_and_brackets() -> None:
    assert cpu_ticks("42 (a (b) c) S 1 42 42 0 -1 0 0 0 0 0 250 50 0 0 20 0 1 0 100") == 300
