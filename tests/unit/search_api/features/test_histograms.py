"""The bars along a field: steps that suit the extent, and no document outside of them."""

import json
import math
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.features.histograms import (
    MAX_BARS,
    Extent,
    bars_body,
    date_step,
    extents_body,
    number_step,
    read_bars,
    read_extents,
)
from search_api.query.request import RawRequest, check
from search_api.query.schema import read_mapping
from tests.support.builders.book_index import MAPPINGS

SCHEMA = read_mapping(MAPPINGS)
PRICE, PUBLISHED = SCHEMA.by_name["price"], SCHEMA.by_name["published"]
DAY = 86_400_000


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9), st.booleans())
def test_a_step_is_round_and_leaves_few_bars(least: float, span: float, whole: bool) -> None:
    extent = Extent(least, least + span, least + span)
    step = number_step(extent, whole)
    assert step >= 1 or not whole
    assert span / step <= MAX_BARS
    digit = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert any(math.isclose(digit, round_one, rel_tol=1e-6) for round_one in (1, 2, 5, 10))


@pytest.mark.parametrize(
    ("days", "step"), [(0.01, "1m"), (0.9, "1h"), (40, "1d"), (300, "1w"), (1000, "1M"), (4000, "1q"), (40_000, "1y")]
)
def test_dates_go_by_the_finest_step_that_is_readable(days: float, step: str) -> None:
    assert date_step(Extent(0, days * DAY, days * DAY))[1] == step


def test_every_filter_narrows_the_bars() -> None:
    request = check(RawRequest("harbour", ("genre:=novel",), "", ("genre",)), SCHEMA)
    body = extents_body(request, SCHEMA, [PRICE])
    assert body["size"] == 0
    assert "novel" in json.dumps(body["query"])


def test_the_zone_decides_where_a_day_begins() -> None:
    request = check(RawRequest(), SCHEMA)
    extents = {"published": Extent(0, 40 * DAY, 40 * DAY)}
    berlin = bars_body(request, SCHEMA, extents, ZoneInfo("Europe/Berlin"))["aggs"]["h0"]["date_histogram"]
    assert (berlin["time_zone"], berlin["calendar_interval"]) == ("Europe/Berlin", "1d")
    assert bars_body(request, SCHEMA, extents, UTC)["aggs"]["h0"]["date_histogram"]["time_zone"] == "UTC"


def test_fields_without_values_have_no_extent() -> None:
    empty = {"count": 0, "min": None, "max": None, "avg": None}
    full = {"count": 2, "min": 1.0, "max": 9.0, "avg": 5.0, "std_deviation": 1.0}
    body = json.dumps({"aggregations": {"e0": empty, "e1": full}}).encode()
    assert read_extents(body, [PUBLISHED, PRICE]) == {"price": Extent(1.0, 9.0, 8.0)}


def test_bars_are_adjacent_and_the_last_holds_the_rest() -> None:
    buckets = [{"key": 0.0, "doc_count": 4}, {"key": 0.2, "doc_count": 1}]
    answer = {"aggregations": {"h0": {"buckets": buckets}, "b0": {"doc_count": 3}}}
    extents = {"price": Extent(0.0, 100.0, 0.39)}
    bars = read_bars(json.dumps(answer).encode(), SCHEMA, extents)[0].bars
    assert bars[-1].end == ""
    assert [bar.count for bar in bars] == [4, 1, 3]


def test_bars_of_dates_are_what_a_filter_takes() -> None:
    buckets = [
        {"key": 0, "key_as_string": "2026-01-01T00:00:00.000+01:00", "doc_count": 4},
        {"key": 1, "key_as_string": "2026-02-01T00:00:00.000+01:00", "doc_count": 5},
    ]
    answer = {"aggregations": {"h0": {"buckets": buckets}}}
    histogram = read_bars(json.dumps(answer).encode(), SCHEMA, {"published": Extent(0, 900 * DAY, 900 * DAY)})[0]
    assert histogram.step == "month"
    assert [(bar.start, bar.end) for bar in histogram.bars] == [
        ("2026-01-01T00:00:00+01:00", "2026-02-01T00:00:00+01:00"),
        ("2026-02-01T00:00:00+01:00", ""),
    ]
    check(RawRequest(filters=(f"published:>={histogram.bars[0].start}", f"published:<{histogram.bars[0].end}")), SCHEMA)
