"""Buckets of cost."""

from hypothesis import given
from hypothesis import strategies as st

from search_api.access.rate_limits import Rate, RateLimits

RATE = Rate(2.0, 10)


def test_a_bucket_is_spent_and_fills_again() -> None:
    limits = RateLimits(RATE)
    assert limits.take("a", 8, 0.0).headers == {"RateLimit-Policy": '"cost";q=10;w=5', "RateLimit": '"cost";r=2;t=4'}
    refused = limits.take("a", 3, 0.0)
    assert refused.wait == 0.5
    assert refused.headers["Retry-After"] == "1"
    assert limits.take("b", 3, 0.0).wait == 0
    assert limits.take("a", 3, 0.5).wait == 0


def test_what_costs_more_than_a_bucket_takes_a_full_one() -> None:
    limits = RateLimits(RATE)
    assert limits.take("a", 50, 0.0).wait == 0
    assert limits.take("a", 50, 1.0).wait == 4.0


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0, 5)), max_size=40))
def test_nobody_gets_more_than_the_burst_and_what_came_back(requests: list[tuple[int, float]]) -> None:
    limits, now, spent = RateLimits(RATE), 0.0, 0
    for cost, pause in requests:
        now += pause
        taken = limits.take("a", cost, now)
        assert 0 <= taken.left <= RATE.burst
        if not taken.wait:
            spent += min(cost, RATE.burst)
        assert spent <= RATE.burst + now * RATE.per_second + 1e-6


def test_the_number_of_buckets_is_bounded() -> None:
    limits = RateLimits(RATE, max_buckets=3)
    for who in "abcd":
        limits.take(who, 10, 0.0)
    assert limits.take("d", 1, 0.0).wait > 0
    assert limits.take("a", 1, 0.0).wait == 0


def test_overuse_delays_the_next_request() -> None:
    limits = RateLimits(Rate(2.0, 10))
    assert limits.take("ana", 8, 0).left == 2
    owing = limits.spend("ana", 5, 0)
    assert owing.headers["RateLimit"].startswith('"cost";r=0;')
    assert limits.take("ana", 1, 0).wait == 2
    assert limits.take("ana", 1, 2).wait == 0
    limits.spend("ana", 1000, 2)
    assert limits.take("ana", 1, 2 + 5.5).wait == 0, "nobody owes more than a whole bucket"
