"""Which transactions a snapshot of the source shows."""

from sync_worker.log.visibility import WRAP, Visibility


def test_below_between_and_beyond() -> None:
    visibility = Visibility.parse("10:15:10,12")
    assert [tx_id for tx_id in range(8, 18) if visibility.shows(tx_id)] == [8, 9, 11, 13, 14]


def test_nothing_was_running() -> None:
    visibility = Visibility.parse("10:10:")
    assert visibility.shows(9)
    assert not visibility.shows(10)


def test_ids_of_the_log_have_32_bits() -> None:
    base = 3 * WRAP
    visibility = Visibility.parse(f"{base - 2}:{base + 5}:{base - 2},{base + 1}")
    assert visibility.shows(WRAP - 3)
    assert not visibility.shows(WRAP - 2)
    assert visibility.shows(WRAP - 1)
    assert visibility.shows(0)
    assert not visibility.shows(1)
    assert not visibility.shows(5)
