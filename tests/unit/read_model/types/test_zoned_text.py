"""Timestamps with a zone are shown in UTC, whatever zone a session printed them in."""

import pytest

from read_model.types.zoned_text import in_utc


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("2019-07-09 04:28:57.12+02", "2019-07-09 02:28:57.12+00"),
        ("2019-07-08 17:58:57-08:30", "2019-07-09 02:28:57+00"),
        ("1890-01-01 00:19:32+00:19:32", "1890-01-01 00:00:00+00"),
        ("2020-03-01 00:30:00+01", "2020-02-29 23:30:00+00"),
        ("1900-03-01 00:30:00+01", "1900-02-28 23:30:00+00"),
        ("0001-01-01 00:00:00+01", "0001-12-31 23:00:00+00 BC"),
        ("0001-12-31 23:30:00-01 BC", "0001-01-01 00:30:00+00"),
        ("4714-11-24 02:00:00+02 BC", "4714-11-24 00:00:00+00 BC"),
        ("294277-01-01 01:00:00+02", "294276-12-31 23:00:00+00"),
        ("10000-01-01 00:00:00+02", "9999-12-31 22:00:00+00"),
        (
            '{["2019-07-09 04:28:57+02",infinity),(,"2019-07-09 04:28:57+02"]}',
            '{["2019-07-09 02:28:57+00",infinity),(,"2019-07-09 02:28:57+00"]}',
        ),
        ("empty", "empty"),
        (None, None),
    ],
)
def test_every_timestamp_moves_and_nothing_else(printed: str | None, shown: str | None) -> None:
    assert in_utc(printed) == shown
    assert in_utc(shown) == shown
