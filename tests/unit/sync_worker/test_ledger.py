"""What may be published: never more than a search sees (invariant 6)."""

from sync_worker.loop.freshness_tracker import Ledger


def test_with_nothing_under_way_the_watermark_is_searchable() -> None:
    assert Ledger().searchable(100, []) == 100


def test_what_waits_or_flies_holds_the_lsn_back() -> None:
    assert Ledger().searchable(100, [70, 40]) == 39


def test_an_acknowledged_change_waits_for_a_refresh_that_began_later() -> None:
    ledger = Ledger()
    ledger.begin_refresh()
    ledger.acknowledge(50)
    ledger.end_refresh(done=True)
    assert (ledger.dirty, ledger.searchable(100, [])) == (True, 49)
    ledger.begin_refresh()
    assert ledger.searchable(100, []) == 49
    ledger.end_refresh(done=True)
    assert (ledger.dirty, ledger.searchable(100, [])) == (False, 100)


def test_a_failed_refresh_makes_nothing_searchable() -> None:
    ledger = Ledger()
    ledger.acknowledge(50)
    ledger.begin_refresh()
    ledger.acknowledge(60)
    ledger.end_refresh(done=False)
    assert (ledger.dirty, ledger.searchable(100, [])) == (True, 49)


def test_the_published_lsn_never_goes_back() -> None:
    ledger = Ledger(published=80)
    assert ledger.searchable(100, [50]) == 80
    assert ledger.searchable(70, []) == 80


def test_the_time_of_an_lsn_is_that_of_the_last_point_at_or_below() -> None:
    ledger = Ledger()
    for lsn, at_ms in ((10, 1000), (20, 2000), (15, 9000), (30, 0)):
        ledger.tick(lsn, at_ms)
    assert [ledger.as_of_ms(lsn) for lsn in (9, 10, 19, 20, 99)] == [0, 1000, 1000, 2000, 2000]
