"""Walking through all hits: from page to page at one point in time, by signed cursors."""

from dataclasses import dataclass
from typing import Any

from msgspec import Raw, json

from search_api.elasticsearch.reader import Reader
from search_api.elasticsearch.responses import Read
from search_api.freshness.view import NOTHING_SEEN, FreshnessView, at_point, seen_of
from search_api.paging.cursor import Place, read_cursor, write_cursor
from search_api.paging.point_in_time import OpenPoints
from search_api.query.request import RawRequest
from search_api.query.validation import Fault, RequestFaults

START = "start"
"""As a cursor: begin at a point in time with the first page. Without it, the second page is where one begins."""


@dataclass(frozen=True, slots=True)
class Paging:
    """The pages of one caller. `secret` is its own, so that nobody else's cursors are of use to it."""

    reader: Reader
    points: OpenPoints
    secret: bytes
    caller: str
    freshness: FreshnessView

    async def place(self, index: str, raw: RawRequest, cursor: str) -> Place | None:
        """Where a page begins; None for one that is asked for by number. Raises CursorFault."""
        if not cursor:
            return None
        if cursor == START:
            if raw.page != 1:
                raise RequestFaults((Fault("page", "page: a cursor begins with the first page; leave page out."),))
            return await self._open(index, None)
        place = read_cursor(self.secret, index, raw, cursor)
        if not place.point:
            opened = await self._open(index, place.after)
            return opened._replace(corrected=place.corrected, backward=place.backward)
        if self.freshness.consistency != "eventual":
            raise RequestFaults(
                (Fault("consistency", "consistency: a cursor reads at its own point in time; leave it out."),)
            )
        return place

    def body(self, body: dict[str, Any], place: Place) -> dict[str, Any]:
        """The search for the page that begins there."""
        return body | {"pit": {"id": place.point, "keep_alive": keep_alive(self.points.keep)}}

    def fresh(self, place: Place | None) -> FreshnessView:
        """How fresh the page is that begins there."""
        return at_point(self.freshness, place.seen) if place else self.freshness

    async def next(
        self, index: str, raw: RawRequest, read: Read, place: Place | None, corrected: str = ""
    ) -> str | None:
        """The cursor behind the hits that were read; None at the end, where the point in time is closed.

        `corrected` is the text whose hits they are, if it is another than the one asked for."""
        point, full = read.point, len(read.items) == raw.size
        if full or (place is not None and place.backward and read.items):
            if place:
                await self._used(point)
            seen = place.seen if place else NOTHING_SEEN
            return write_cursor(self.secret, index, raw, Place(point, _kept(read.last), seen, corrected))
        if place is not None:
            await self.close(point)
        return None

    def previous(self, index: str, raw: RawRequest, read: Read, place: Place | None, corrected: str = "") -> str | None:
        """The cursor of the page before; None on one that began without a cursor, and where nothing was before.

        A last page gives back its point in time, so the way back from there opens another one."""
        if place is None or place.after is None or not read.items:
            return None
        full = len(read.items) == raw.size
        if place.backward and not full:
            return None
        point = read.point if full or place.backward else ""
        return write_cursor(self.secret, index, raw, Place(point, _kept(read.first), place.seen, corrected, True))

    def renewed(self, index: str, raw: RawRequest, cursor: str) -> str:
        """The same cursor at a point in time to be opened yet, for one whose own is gone. Raises CursorFault."""
        place = read_cursor(self.secret, index, raw, cursor)
        return write_cursor(self.secret, index, raw, place._replace(point="", seen=NOTHING_SEEN))

    async def close(self, point: str) -> None:
        """Close a point in time."""
        self.points.closed(point)
        await self.reader.close_point(point)

    async def _open(self, index: str, after: Raw | None) -> Place:
        point = await self.reader.open_point(index, keep_alive(self.points.keep))
        await self._used(point)
        return Place(point, after, seen_of(self.freshness))

    async def _used(self, point: str) -> None:
        for surplus in self.points.used(self.caller, point):
            await self.reader.close_point(surplus)


def _kept(values: Raw) -> Raw:
    """Sort values of their own, apart from the answer that they came in."""
    return Raw(json.encode(values))


def keep_alive(seconds: float) -> str:
    """A time as Elasticsearch writes it."""
    return f"{max(1, round(seconds))}s"
