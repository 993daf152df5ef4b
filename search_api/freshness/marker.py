"""Learns where the database's log is now, by a message of its own that comes back through it. The role can do nothing else.

The position that `pg_logical_emit_message` returns lies behind every commit that anybody has seen before it was asked."""

import asyncio
from contextlib import suppress
from typing import Any

import psycopg

from cdc.log.lsn import Lsn
from connections.marker import marker_query

EMIT_SECONDS = 5.0
BETWEEN_SECONDS = 0.005
"""Between two markers, at least: as many readers as come in the meantime share one."""


class MarkerFailed(Exception):
    """The database did not take a marker."""


class Marker:
    """One connection, and one marker for all who ask at the same time."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._asking: list[asyncio.Future[Lsn]] = []
        self._emitting: asyncio.Task[None] | None = None

    async def position(self) -> Lsn:
        """A position behind everything that was committed before the call; raises MarkerFailed.

        A marker that is already on its way is not taken: it may be older than the caller's last commit."""
        future: asyncio.Future[Lsn] = asyncio.get_running_loop().create_future()
        self._asking.append(future)
        if self._emitting is None or self._emitting.done():
            self._emitting = asyncio.create_task(self._emit_for_all())
        return await future

    async def close(self) -> None:
        """Close the connection."""
        if self._emitting is not None:
            self._emitting.cancel()
        await self._drop()

    async def _emit_for_all(self) -> None:
        while self._asking:
            asking, self._asking = self._asking, []
            try:
                async with asyncio.timeout(EMIT_SECONDS):
                    lsn = await self._emit()
            except (psycopg.Error, TimeoutError) as error:
                await self._drop()
                _tell(asking, MarkerFailed(f"The database did not take a marker ({type(error).__name__})."))
            else:
                _tell(asking, lsn)
            await asyncio.sleep(BETWEEN_SECONDS)

    async def _emit(self) -> Lsn:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, application_name="rowtide-marker", prepare_threshold=1
            )
        query = marker_query(self._connection.info.server_version)
        cursor = await self._connection.execute(query.encode())
        row = await cursor.fetchone()
        assert row is not None
        return Lsn(int(row[0]))

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()


def _tell(asking: list[asyncio.Future[Lsn]], outcome: Lsn | MarkerFailed) -> None:
    for future in asking:
        if future.done():
            continue
        if isinstance(outcome, MarkerFailed):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
