"""Pages through all hits at one point in time, by signed cursors."""

from dataclasses import dataclass
from typing import Any

from msgspec import Raw, json

from search_api.elasticsearch.reader import Reader
from search_api.elasticsearch.responses import SearchResult
from search_api.freshness.view import UNKNOWN_POSITION, FreshnessView, at_position, position_of
from search_api.paging.cursor import CursorPosition, read_cursor, write_cursor
from search_api.paging.point_in_time import PointInTimePool
from search_api.query.request import RawRequest
from search_api.query.validation import InvalidRequest, ValidationError

START = "start"
"""As a cursor: open a point in time with the first page. Otherwise the second page opens one."""


@dataclass(frozen=True, slots=True)
class Pager:
    """The pages of one caller. `secret` is the caller's own, so that it cannot use another caller's cursors."""

    reader: Reader
    points: PointInTimePool
    secret: bytes
    caller: str
    freshness: FreshnessView

    async def place(self, index: str, raw: RawRequest, cursor: str) -> CursorPosition | None:
        """Where a page begins; None for a page number. Raises InvalidCursor and InvalidRequest."""
        if not cursor:
            return None
        if cursor == START:
            if raw.page != 1:
                raise InvalidRequest(ValidationError("page", "page: a cursor begins with the first page; omit page."))
            return await self._open(index, None)
        place = read_cursor(self.secret, index, raw, cursor)
        if not place.point:
            opened = await self._open(index, place.after)
            return opened._replace(corrected=place.corrected, backward=place.backward)
        if self.freshness.consistency != "eventual":
            message = "consistency: a cursor reads its own point in time; omit consistency."
            raise InvalidRequest(ValidationError("consistency", message))
        return place

    def body(self, body: dict[str, Any], point: str) -> dict[str, Any]:
        """The search at a point in time, which is kept open."""
        return body | {"pit": {"id": point, "keep_alive": keep_alive(self.points.keep_alive)}}

    def freshness_of(self, place: CursorPosition | None) -> FreshnessView:
        """The freshness of the page that begins there."""
        return at_position(self.freshness, place.seen) if place else self.freshness

    async def next(
        self, index: str, raw: RawRequest, result: SearchResult, place: CursorPosition | None, corrected: str = ""
    ) -> str | None:
        """The cursor after these hits; None at the end, where the point in time is closed.

        `corrected` is the text of the hits, if it is not the requested one.
        """
        point, full = result.point, len(result.items) == raw.size
        if full or (place is not None and place.backward and result.items):
            if place:
                await self.used(point)
            seen = place.seen if place else UNKNOWN_POSITION
            return write_cursor(self.secret, index, raw, CursorPosition(point, _copied(result.last), seen, corrected))
        if place is not None:
            await self.close(point)
        return None

    def previous(
        self, index: str, raw: RawRequest, result: SearchResult, place: CursorPosition | None, corrected: str = ""
    ) -> str | None:
        """The cursor of the previous page; None for a page that began without a cursor, and on the first page.

        The last page closes its point in time, so the way back from there opens another one.
        """
        if place is None or place.after is None or not result.items:
            return None
        full = len(result.items) == raw.size
        if place.backward and not full:
            return None
        point = result.point if full or place.backward else ""
        return write_cursor(
            self.secret, index, raw, CursorPosition(point, _copied(result.first), place.seen, corrected, True)
        )

    def renewed(self, index: str, raw: RawRequest, cursor: str) -> str:
        """The same cursor for a new point in time, in place of a closed one. Raises InvalidCursor."""
        place = read_cursor(self.secret, index, raw, cursor)
        return write_cursor(self.secret, index, raw, place._replace(point="", seen=UNKNOWN_POSITION))

    async def used(self, point: str) -> None:
        """Note that a point was opened or used, and close those that its caller must give up for it."""
        for surplus in self.points.used(self.caller, point):
            await self.reader.close_point(surplus)

    async def close(self, point: str) -> None:
        self.points.closed(point)
        await self.reader.close_point(point)

    async def _open(self, index: str, after: Raw | None) -> CursorPosition:
        point = await self.reader.open_point(index, keep_alive(self.points.keep_alive))
        await self.used(point)
        return CursorPosition(point, after, position_of(self.freshness))


def _copied(values: Raw) -> Raw:
    """A copy of sort values, so that they do not keep the whole response in memory."""
    return Raw(json.encode(values))


def keep_alive(seconds: float) -> str:
    """A duration in Elasticsearch's format."""
    return f"{max(1, round(seconds))}s"
