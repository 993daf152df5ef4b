"""Exports of many rows: memory stays constant, and an interrupted export resumes where it ended."""

import asyncio
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

import msgspec
import pyarrow
import pytest

from read_model.freshness import Freshness
from search_api.access.callers import Caller
from search_api.exports.columns import ExportColumn, chosen_columns
from search_api.exports.formats import Csv, Format, Ndjson
from search_api.exports.parquet import Parquet
from search_api.exports.stream import Export, ExportOutcome, ExportPart, open_export
from search_api.features.search import Search
from search_api.freshness.view import view
from search_api.paging.pager import Pager
from search_api.paging.point_in_time import PointInTimePool
from search_api.query.request import RawRequest
from search_api.query.schema import IndexSchema, read_mapping
from tests.support.builders.book_index import MAPPINGS

SCHEMA = read_mapping(MAPPINGS)
FILLING = "x" * 1000
FLAT_BYTES = 25_000_000
"""Several pages of rows, as Elasticsearch sends them, as rows, and as what they become; less than all rows."""


class RowsDouble:
    """A reader of an index with `rows` rows of a kilobyte; like Elasticsearch, it continues after a given row."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.closed: list[str] = []

    async def indices(self) -> tuple[str, ...]:
        """One index."""
        return ("books",)

    async def schema(self, index: str) -> IndexSchema:
        """That of the library."""
        return SCHEMA

    async def search(self, index: str, body: Mapping[str, Any]) -> bytes:
        """A page."""
        after = msgspec.json.decode(bytes(body["search_after"]))[0] if "search_after" in body else -1
        shown = body.get("_source") is not False
        numbers = range(after + 1, min(after + 1 + body["size"], self.rows))
        source = f',"_source":{{"title":"%d {FILLING}"}}' if shown else "%.0s"
        hits = ",".join([f'{{"_id":"%d","_version":1,"sort":[%d]{source}}}' % (n, n, n) for n in numbers])
        return f'{{"hits":{{"hits":[{hits}],"total":{{"value":{self.rows}}}}},"pit_id":"point"}}'.encode()

    async def search_if_affordable(self, index: str, body: Mapping[str, Any]) -> bytes | None:
        """The same."""
        return await self.search(index, body)

    async def document(self, index: str, document_id: str) -> bytes:
        """Nothing."""
        return b"{}"

    async def open_point(self, index: str, keep_alive: str) -> str:
        """Always the same."""
        return "point"

    async def close_point(self, point: str) -> None:
        """Note it."""
        self.closed.append(point)

    async def ready(self) -> None:
        """It is."""


class Exporting:
    """What an export needs around it. `endings` is what the audit recorded."""

    def __init__(self, rows: int) -> None:
        self.reader = RowsDouble(rows)
        self.points = PointInTimePool(300, 5)
        freshness = view(Freshness("shop", 1, 10, 12, 1_000_000, "live"), 1_000_300)
        caller = Caller("k")
        paging = Pager(self.reader, self.points, b"secret", caller.fingerprint, freshness)
        self.search = Search(self.reader, freshness, paging, caller)
        self.endings: list[tuple[int, ExportOutcome]] = []

    async def open(self, going: ExportPart) -> Export:
        """Begin, or go on."""
        return await open_export(self.search, self.points, "books", RawRequest(), going)

    def ended(self, rows: int, how: ExportOutcome) -> None:
        """Note an ending."""
        self.endings.append((rows, how))


def columns() -> tuple[ExportColumn, ...]:
    return chosen_columns(["title", "author.name"], SCHEMA)


@pytest.mark.parametrize(
    "make",
    [lambda: Ndjson(None), lambda: Csv(columns(), header=True), lambda: Parquet(columns())],
    ids=["ndjson", "csv", "parquet"],
)
def test_a_long_export_needs_no_more_memory_than_a_short_one(make: Callable[[], Format]) -> None:
    rows = 40_000

    async def read() -> int:
        exporting = Exporting(rows)
        export = await exporting.open(ExportPart())
        sent = 0
        async for part in export.stream(make(), exporting.ended):
            sent += len(part)
        assert exporting.endings == [(rows, "complete")]
        assert exporting.reader.closed == ["point"]
        return sent

    tracemalloc.start()
    try:
        sent = asyncio.run(read())
        peak = tracemalloc.get_traced_memory()[1] + pyarrow.default_memory_pool().max_memory()
    finally:
        tracemalloc.stop()
    assert sent > rows * 10
    assert peak < FLAT_BYTES < rows * len(FILLING), peak


def test_an_export_that_its_reader_cut_goes_on_where_it_ended() -> None:
    async def read() -> tuple[list[str], list[tuple[int, ExportOutcome]]]:
        exporting = Exporting(3_000)
        export = await exporting.open(ExportPart())
        arrived: list[str] = []
        async with aclosing(export.stream(Ndjson(None), exporting.ended)) as parts:
            async for part in parts:
                arrived += part.decode().splitlines()
                if len(arrived) > 1_000:
                    break
        assert exporting.reader.closed == []
        whole = arrived[:-1]  # The last line may have arrived in part.
        rest = await exporting.open(ExportPart(export.token, len(whole)))
        assert rest.total == 3_000
        async for part in rest.stream(Ndjson(None), exporting.ended):
            whole += part.decode().splitlines()
        return whole, exporting.endings

    lines, endings = asyncio.run(read())
    assert [msgspec.json.decode(line)["id"] for line in lines] == [str(n) for n in range(3_000)]
    assert [how for _, how in endings] == ["cut", "complete"]
    assert endings[0][0] > 1_000
