"""The freshness that responses carry."""

from read_model.freshness import Freshness
from search_api.freshness import view


def test_a_page_at_an_older_point_is_no_fresher_than_the_point() -> None:
    """Invariant 6."""
    now = view.view(Freshness("shop", 2, 500, 500, 1_000_000, "live"), 1_000_300)
    then = view.at_position(now, view.IndexPosition(2, 400, "1970-01-01T00:16:30.000Z"))
    assert (then.token, then.lag_ms, then.as_of) == ("2:400", 10_300, "1970-01-01T00:16:30.000Z")
    assert view.at_position(now, view.UNKNOWN_POSITION).token is None


def test_freshness_says_how_far_behind_it_is() -> None:
    live = view.view(Freshness("shop", 1, 10, 12, 1_000_000, "live"), 1_000_300)
    assert (live.lag_ms, live.degraded, live.as_of) == (300, False, "1970-01-01T00:16:40.000Z")
    assert view.view(Freshness("shop", 1, 10, 12, 0, "snapshot"), 5).degraded
    assert view.view(Freshness("shop", 1, 10, 12, 5, "live", quarantined=2), 5).reason.startswith("2 documents")
