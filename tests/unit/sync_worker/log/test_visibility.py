"""Which transactions a snapshot of the source shows."""

from sync_worker.log.visibility import WRAP, Visibility


def test_below_between_and_beyond() -> None:
    found = Visibility.parse("10:15:10,12")
    assert [tx_id for tx_id in range(8, 18) if found.shows(tx_id)] == [8, 9, 11, 13, 14]


def test_nothing_was_running() -> None:
    found = Visibility.parse("10:10:")
    assert found.shows(9)
    assert not found.shows(10)


def test_ids_of_the_log_have_32_bits() -> None:
    base = 3 * WRAP
    found = Visibility.parse(f"{base - 2}:{base + 5}:{base - 2},{base + 1}")
    assert found.shows(WRAP - 3)
    assert not found.shows(WRAP - 2)
    assert found.shows(WRAP - 1)
    assert found.shows(0)
    assert not found.shows(1)
    assert not found.shows(5)
