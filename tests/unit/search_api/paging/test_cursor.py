"""Signed cursors, and the points in time that they belong to."""

import pytest
from msgspec import Raw

from search_api.errors import InvalidCursor
from search_api.freshness import view
from search_api.paging import cursor as cursors
from search_api.paging.point_in_time import PointInTimePool
from search_api.query.request import RawRequest

SECRET = b"0123456789abcdef"


def test_a_cursor_returns_the_sort_values_as_they_were() -> None:
    after = Raw(b'[1.10,9007199254740993,null,"\xc3\xbc"]')
    raw = RawRequest("harbour", ("genre:novel",))
    seen = view.IndexPosition(1, 2**40, "2026-01-01T00:00:00.000Z")
    cursor = cursors.write_cursor(SECRET, "books", raw, cursors.CursorPosition("point", after, seen))
    place = cursors.read_cursor(SECRET, "books", raw, cursor)
    assert (place.point, place.seen, bytes(place.after or b"")) == ("point", seen, bytes(after))


def test_a_cursor_serves_only_its_own_search_and_server() -> None:
    raw = RawRequest("harbour")
    cursor = cursors.write_cursor(SECRET, "books", raw, cursors.CursorPosition("", Raw(b"[1]")))
    for secret, index, request, text in (
        (b"another secret...", "books", raw, cursor),
        (SECRET, "others", raw, cursor),
        (SECRET, "books", RawRequest("light"), cursor),
        (SECRET, "books", raw, cursor[:-2]),
        (SECRET, "books", raw, "ü"),
        (SECRET, "books", raw, "a"),
    ):
        with pytest.raises(InvalidCursor):
            cursors.read_cursor(secret, index, request, text)


def test_a_caller_keeps_only_so_many_points_open() -> None:
    points = PointInTimePool(keep_alive=10, limit=2)
    assert [points.used("ana", name, 0) for name in "abac"] == [[], [], [], ["b"]]
    assert points.used("zoe", "d", 1) == []
    assert len(points) == 3
    assert points.used("ana", "e", 10.5) == []
    assert len(points) == 2
    points.closed("e")
    assert len(points) == 1
