"""Streams the whole result of a search at one point in time, in one pass with one page of rows in memory."""

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
from search_api.paging.pager import Pager, keep_alive
from search_api.paging.point_in_time import PointInTimePool
from search_api.query.request import RawRequest, check

FIRST_PAGE_ROWS = 200
MAX_PAGE_ROWS = 2000
PAGE_BYTES = 4_000_000
"""The approximate size of a page: large documents are read fewer at a time."""
SKIPPED_ROWS = 10_000
MAX_ATTEMPTS = 3
PAUSE_SECONDS = 0.5

ExportOutcome = Literal["complete", "cut", "failed"]


class ExportInterrupted(Exception):
    """The rows ended early. The response has begun, so it can only be broken off."""


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
    """A pass over all rows of a search. `token` identifies it for resuming, `total` is the number of its rows.

    `sent` is the number of rows so far, including those of earlier parts.
    """

    index: str
    token: str
    total: int
    point: str
    sent: int
    limit: int | None
    seen: IndexPosition
    _body: dict[str, Any]
    _pager: Pager
    _page: list[ExportRow] = field(default_factory=list)
    _bytes: int = 0

    async def stream(
        self, encoder: Format, on_end: Callable[[int, ExportOutcome], None]
    ) -> AsyncGenerator[bytes, None]:
        """The encoded rows; encoding runs in a thread. `on_end` is called with the number of rows sent and the outcome."""
        before, outcome = self.sent, "cut"
        try:
            yield encoder.begin()
            async with aclosing(self._rows()) as pages:
                async for rows in pages:
                    encoded = await asyncio.to_thread(encoder.rows, rows)
                    self.sent += len(rows)
                    yield encoded
            yield encoder.end()
            outcome = "complete"
        except Exception:
            outcome = "failed"
            raise
        finally:
            on_end(self.sent - before, outcome)  # type: ignore[arg-type]

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
                await self._pager.close(self.point)

    async def begin(self, skip: int) -> None:
        """Read the first page after `skip` rows, so that errors are reported before the response begins."""
        after = await self._skip(skip) if skip else None
        if skip and after is None:
            return
        self._page = await self._next(after, FIRST_PAGE_ROWS)

    async def _skip(self, rows: int) -> Raw | None:
        """The sort values of the last row that the client already has; None if there are no more rows."""
        after: Raw | None = None
        while rows:
            page = await self._read({"_source": False, "size": min(rows, SKIPPED_ROWS)}, after)
            if not page.hits.hits:
                return None
            rows -= len(page.hits.hits)
            after = page.hits.hits[-1].sort
        return after

    async def _next(self, after: Raw | None, read: int) -> list[ExportRow]:
        size = FIRST_PAGE_ROWS if not self._bytes else max(10, min(MAX_PAGE_ROWS, PAGE_BYTES * read // self._bytes))
        page = await self._read({"size": size, "version": True}, after)
        return page.hits.hits

    async def _read(self, part: dict[str, Any], after: Raw | None) -> _Page:
        body = self._pager.body(self._body | part, self.point)
        if after is not None:
            body |= {"search_after": Raw(bytes(after))}
        answer = await self._search_with_retries(body)
        page = _page.decode(answer)
        if page.timed_out or page.shards.failed:
            raise ExportInterrupted("A shard of the index failed to respond.")
        self._bytes, self.point = len(answer), page.pit_id
        await self._pager.used(self.point)
        if page.hits.total:
            self.total = page.hits.total.value
        return page

    async def _search_with_retries(self, body: dict[str, Any]) -> bytes:
        """The point in time outlives an Elasticsearch that is unavailable for a moment."""
        for attempt in range(1, MAX_ATTEMPTS):
            try:
                return await self._pager.reader.search(self.index, body)
            except ElasticsearchUnavailable:
                await asyncio.sleep(PAUSE_SECONDS * attempt)
        return await self._pager.reader.search(self.index, body)


@dataclass(frozen=True, slots=True)
class ExportPart:
    """Which part to send: `resume` is the token of the first part, `rows` the number of rows received, `limit` that of
    rows to send.
    """

    resume: str = ""
    rows: int = 0
    limit: int | None = None


async def open_export(search: Search, points: PointInTimePool, index: str, raw: RawRequest, part: ExportPart) -> Export:
    """Begin or resume an export. Raises InvalidRequest, InvalidCursor and what a search raises."""
    schema = await search.reader.schema(index)
    full_body = search_body(check(replace(raw, facets=(), size=1, page=1), schema), schema)
    body = {
        "query": full_body["query"],
        "sort": full_body["sort"] if raw.sort else ["_shard_doc"],
        "track_total_hits": True,
    }
    pager = replace(search.pager, points=points)
    if part.resume:
        place = read_cursor(pager.secret, index, raw, part.resume)
    else:
        point = await search.reader.open_point(index, keep_alive(points.keep_alive))
        place = CursorPosition(point, None, position_of(search.freshness))
    token = part.resume or write_cursor(pager.secret, index, raw, place)
    export = Export(index, token, 0, place.point, part.rows, part.limit, place.seen, body, pager)
    await export.begin(part.rows)
    return export
