"""The whole result of a search, in the order it is read: one point in time, a page of rows in memory, one pass."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from search_api.elasticsearch.search_body import search_body
from search_api.errors import ElasticsearchUnavailable
from search_api.exports.formats import ExportRow, Format
from search_api.features.search import Search
from search_api.freshness.view import IndexPosition, position_of
from search_api.paging.cursor import CursorPosition, read_cursor, write_cursor
from search_api.paging.pager import keep_alive
from search_api.paging.point_in_time import PointInTimePool
from search_api.query.request import RawRequest, check

FIRST_ROWS = 200
MOST_ROWS = 2000
PAGE_BYTES = 4_000_000
"""Pages are as large as this, about: wide documents come in fewer at a time."""
SKIPPED_ROWS = 10_000
TRIES = 3
PAUSE_SECONDS = 0.5

ExportOutcome = Literal["complete", "cut", "failed"]


class ExportInterrupted(Exception):
    """The rows ended before they were all there. The answer has begun, so that it can only be broken off."""


class _Total(Struct):
    value: int


class _Hits(Struct):
    hits: list[ExportRow]
    total: _Total | None = None


class _Shards(Struct):
    failed: int = 0


class _Page(Struct):
    hits: _Hits
    pit_id: str
    timed_out: bool = False
    shards: _Shards = msgspec.field(name="_shards", default_factory=_Shards)


_page = msgspec.json.Decoder(_Page)


@dataclass(slots=True)
class Export:
    """A walk over all rows of a search. `token` names it for whoever goes on with it, `total` is the number of its rows.

    `sent` are the rows so far, those of parts before included."""

    index: str
    token: str
    total: int
    point: str
    sent: int
    limit: int | None
    seen: IndexPosition
    _body: dict[str, Any]
    _search: Search
    _points: PointInTimePool
    _page: list[ExportRow] = field(default_factory=list)
    _bytes: int = 0

    async def stream(self, form: Format, ended: Callable[[int, ExportOutcome], None]) -> AsyncGenerator[bytes, None]:
        """The rows, encoded beside the event loop. `ended` is told how many rows left, and how it ended."""
        before, ending = self.sent, "cut"
        try:
            yield form.begin()
            async with aclosing(self._rows()) as pages:
                async for rows in pages:
                    encoded = await asyncio.to_thread(form.rows, rows)
                    self.sent += len(rows)
                    yield encoded
            yield form.end()
            ending = "complete"
        except Exception:
            ending = "failed"
            raise
        finally:
            ended(self.sent - before, ending)  # type: ignore[arg-type]

    async def _rows(self) -> AsyncGenerator[list[ExportRow], None]:
        rest = self.limit
        rows = self._page
        while rows:
            rows = rows[:rest]
            following = None
            rest = None if rest is None else rest - len(rows)
            last = self.sent + len(rows) >= self.total
            if not last and rest != 0:
                following = asyncio.create_task(self._next(rows[-1].sort, len(rows)))
            try:
                yield rows
                rows = await following if following else []
            finally:
                if following and not following.done():
                    following.cancel()
            if last:
                self._points.closed(self.point)
                await self._search.reader.close_point(self.point)

    async def begin(self, skip: int) -> None:
        """Read the first page, so that whatever is wrong is said before the answer begins."""
        after = await self._skip(skip) if skip else None
        if skip and after is None:
            return
        self._page = await self._next(after, FIRST_ROWS)

    async def _skip(self, rows: int) -> Raw | None:
        """The sort values of the last row that the reader already has; None when there are no more."""
        after: Raw | None = None
        while rows:
            page = await self._read({"_source": False, "size": min(rows, SKIPPED_ROWS)}, after)
            if not page.hits.hits:
                return None
            rows -= len(page.hits.hits)
            after = page.hits.hits[-1].sort
        return after

    async def _next(self, after: Raw | None, read: int) -> list[ExportRow]:
        size = FIRST_ROWS if not self._bytes else max(10, min(MOST_ROWS, PAGE_BYTES * read // self._bytes))
        page = await self._read({"size": size, "version": True}, after)
        return page.hits.hits

    async def _read(self, part: dict[str, Any], after: Raw | None) -> _Page:
        body = self._body | part | {"pit": {"id": self.point, "keep_alive": keep_alive(self._points.keep)}}
        if after is not None:
            body |= {"search_after": Raw(bytes(after))}
        answer = await self._patiently(body)
        page = _page.decode(answer)
        if page.timed_out or page.shards.failed:
            raise ExportInterrupted("A part of the index did not answer.")
        self._bytes, self.point = len(answer), page.pit_id
        for surplus in self._points.used(self._search.caller.fingerprint, self.point):
            await self._search.reader.close_point(surplus)
        if page.hits.total:
            self.total = page.hits.total.value
        return page

    async def _patiently(self, body: dict[str, Any]) -> bytes:
        """The point in time outlives an Elasticsearch that is busy for a moment."""
        for attempt in range(1, TRIES):
            try:
                return await self._search.reader.search(self.index, body)
            except ElasticsearchUnavailable:
                await asyncio.sleep(PAUSE_SECONDS * attempt)
        return await self._search.reader.search(self.index, body)


@dataclass(frozen=True, slots=True)
class ExportPart:
    """Where an export goes on: the token of its first part, the rows that the reader has, and how many it wants now."""

    resume: str = ""
    rows: int = 0
    limit: int | None = None


async def open_export(
    search: Search, points: PointInTimePool, index: str, raw: RawRequest, going: ExportPart
) -> Export:
    """Begin an export, or go on with one; raises what a search raises."""
    schema = await search.reader.schema(index)
    asked = search_body(check(replace(raw, facets=(), size=1, page=1), schema), schema)
    body = {"query": asked["query"], "sort": asked["sort"] if raw.sort else ["_shard_doc"], "track_total_hits": True}
    secret = search.paging.secret
    if going.resume:
        place = read_cursor(secret, index, raw, going.resume)
    else:
        point = await search.reader.open_point(index, keep_alive(points.keep))
        place = CursorPosition(point, None, position_of(search.freshness))
    token = going.resume or write_cursor(secret, index, raw, place)
    export = Export(index, token, 0, place.point, going.rows, going.limit, place.seen, body, search, points)
    await export.begin(going.rows)
    return export
