"""What may be published: never more than a search sees (invariant 6)."""

from sync_worker.loop.freshness_tracker import FreshnessTracker


def test_with_nothing_under_way_the_watermark_is_searchable() -> None:
    assert FreshnessTracker().searchable(100, []) == 100


def test_what_waits_or_flies_holds_the_lsn_back() -> None:
    assert FreshnessTracker().searchable(100, [70, 40]) == 39


def test_an_acknowledged_change_waits_for_a_later_refresh() -> None:
    tracker = FreshnessTracker()
    tracker.begin_refresh()
    tracker.acknowledge(50)
    tracker.end_refresh(done=True)
    assert (tracker.dirty, tracker.searchable(100, [])) == (True, 49)
    tracker.begin_refresh()
    assert tracker.searchable(100, []) == 49
    tracker.end_refresh(done=True)
    assert (tracker.dirty, tracker.searchable(100, [])) == (False, 100)


def test_a_failed_refresh_makes_nothing_searchable() -> None:
    tracker = FreshnessTracker()
    tracker.acknowledge(50)
    tracker.begin_refresh()
    tracker.acknowledge(60)
    tracker.end_refresh(done=False)
    assert (tracker.dirty, tracker.searchable(100, [])) == (True, 49)


def test_the_published_lsn_never_goes_back() -> None:
    tracker = FreshnessTracker(published=80)
    assert tracker.searchable(100, [50]) == 80
    assert tracker.searchable(70, []) == 80


def test_the_time_of_an_lsn_is_that_of_the_last_point_at_or_below() -> None:
    tracker = FreshnessTracker()
    for lsn, at_ms in ((10, 1000), (20, 2000), (15, 9000), (30, 0)):
        tracker.tick(lsn, at_ms)
    assert [tracker.as_of_ms(lsn) for lsn in (9, 10, 19, 20, 99)] == [0, 1000, 1000, 2000, 2000]
