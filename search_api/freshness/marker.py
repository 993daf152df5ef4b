"""Learns the database's current WAL position by emitting a marker message. The role can do nothing else.

The position that `pg_logical_emit_message` returns is after every commit that was visible before the call.
"""

import asyncio
from contextlib import suppress
from typing import Any

import psycopg

from cdc.log.lsn import Lsn
from cdc.log.marker import MARKER_QUERY
from read_model.freshness import Origin

ORIGIN_QUERY = b"SELECT system_identifier::text, current_database()::text FROM pg_control_system()"
EMIT_SECONDS = 5.0
BETWEEN_SECONDS = 0.005
"""The minimum time between two markers; requests that arrive in between share one."""


class MarkerFailed(Exception):
    """The database did not accept a marker."""


class Marker:
    """One connection, and one marker for all requests that wait at the same time."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._waiting: list[asyncio.Future[Lsn]] = []
        self._emitting: asyncio.Task[None] | None = None
        self.origin = Origin("")
        """The database that the markers are emitted in, once one was."""

    async def position(self) -> Lsn:
        """A position after everything that was committed before the call. Raises MarkerFailed.

        A marker that is already being emitted is not reused: it may be older than the caller's last commit.
        """
        future: asyncio.Future[Lsn] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._emitting is None or self._emitting.done():
            self._emitting = asyncio.create_task(self._emit_for_all())
        return await future

    async def close(self) -> None:
        if self._emitting is not None:
            self._emitting.cancel()
        await self._drop()

    async def _emit_for_all(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            try:
                async with asyncio.timeout(EMIT_SECONDS):
                    lsn = await self._emit()
            except (psycopg.Error, TimeoutError) as error:
                await self._drop()
                _resolve(waiting, MarkerFailed(f"The database did not accept a marker ({type(error).__name__})."))
            else:
                _resolve(waiting, lsn)
            await asyncio.sleep(BETWEEN_SECONDS)

    async def _emit(self) -> Lsn:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, application_name="rowtide-marker", prepare_threshold=1
            )
            with suppress(psycopg.errors.InsufficientPrivilege):  # Then the database is not known, and not compared.
                cursor = await self._connection.execute(ORIGIN_QUERY)
                self.origin = Origin("", *(await cursor.fetchone() or ()))
            await self._connection.execute("SET idle_session_timeout = 0")  # It idles while nobody waits.
        cursor = await self._connection.execute(MARKER_QUERY)
        row = await cursor.fetchone()
        assert row is not None
        return Lsn(int(row[0]))

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()


def _resolve(waiting: list[asyncio.Future[Lsn]], outcome: Lsn | MarkerFailed) -> None:
    for future in waiting:
        if future.done():
            continue
        if isinstance(outcome, MarkerFailed):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
