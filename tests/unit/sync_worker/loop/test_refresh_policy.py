"""When the worker refreshes, by the test's own clock."""

from sync_worker.loop.refresh_policy import BEHIND, LONGEST, LONGEST_WHILE_BEHIND, SHARE, SHORTEST, RefreshPolicy

AFTER = 0.1


def refreshed(took: float) -> RefreshPolicy:
    """A policy after a refresh that ended at second 0."""
    policy = RefreshPolicy(AFTER)
    policy.begin(-took)
    policy.end(0.0)
    return policy


def first_due(policy: RefreshPolicy, *, awaited: bool = False, pending: int = 0) -> float:
    """The first hundredth of a second at which the next refresh may begin."""
    return next(
        hundredths / 100 for hundredths in range(1000) if policy.due(hundredths / 100, awaited=awaited, pending=pending)
    )


def test_the_first_refresh_waits_for_nothing() -> None:
    assert RefreshPolicy(AFTER).due(0.0, awaited=False, pending=BEHIND)


def test_a_quick_refresh_is_repeated_after_the_minimum_pause() -> None:
    assert first_due(refreshed(0.001)) == AFTER


def test_a_slow_refresh_takes_its_share_and_no_more() -> None:
    assert first_due(refreshed(0.2)) == SHARE * 0.2
    assert first_due(refreshed(3.0)) == LONGEST


def test_a_backlog_is_refreshed_seldom() -> None:
    assert first_due(refreshed(0.2), pending=BEHIND) == LONGEST_WHILE_BEHIND
    assert first_due(refreshed(0.2), pending=BEHIND - 1) == SHARE * 0.2


def test_a_waiter_is_refreshed_at_once_but_not_twice() -> None:
    assert first_due(refreshed(0.001), awaited=True) == SHORTEST
    assert first_due(refreshed(0.3), awaited=True, pending=BEHIND) == 0.3
