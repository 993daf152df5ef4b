"""Finds the dates that Debezium misreads in a snapshot, and only there: it drops the sign of dates and timestamps BC,
and moves those of 5 to 14 October 1582, which Java's old calendar does not have, by ten days.

After a snapshot, each table with such columns is queried once for such a value. A table that has one gets a resync (see
`schema_change`) before any document is built from it.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

import psycopg
import structlog

from connections import postgres
from read_model.catalog.catalog import TableName, quote_identifier
from read_model.plan.model import TableUse
from sync_worker.errors import ServiceMissing, WorkerError
from sync_worker.source.catalogue import connect
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.store.row_store import RowStore

RETRY_SECONDS = 1.0
"""Wait between attempts while the source does not answer."""

_FIRST_AD = {"date": "'0001-01-01'", "timestamp": "'0001-01-01'", "timestamptz": "'0001-01-01 00:00Z'"}
"""The first moment AD, by column type."""
_SKIPPED = {
    "date": ("'1582-10-05'", "'1582-10-15'"),
    "timestamp": ("'1582-10-05'", "'1582-10-15'"),
    "timestamptz": ("'1582-10-04 00:00Z'", "'1582-10-16 00:00Z'"),
}
"""The days that the calendar skipped: from the first to before the second. Java skips them in its own time zone."""
_log = structlog.get_logger()


class SourceProbe(Protocol):
    """Queries the source for misread dates, in its own thread."""

    def tables_with_misread_dates(self, uses: Sequence[TableUse]) -> list[TableName]:
        """Those tables that contain a misread date.

        Raises ServiceMissing to be called again, WorkerError when it cannot be known."""

    def cancel(self) -> None:
        """Cancel a running query; called from another thread."""


class MisreadDateCheck:
    """Checks each snapshot for misread dates. For the loop's thread; the queries run in a thread of their own."""

    def __init__(
        self, store: RowStore, probe: SourceProbe, monitor: IdentityMonitor, stopping: threading.Event
    ) -> None:
        self._store = store
        self._probe = probe
        self._monitor = monitor
        self._stopping = stopping
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="misread-dates")
        self._query: Future[list[TableName]] | None = None
        self._checked_snapshot = store.source().checked_snapshot
        self._answered = False

    @property
    def blocks_builds(self) -> bool:
        """Whether rows of the snapshot may still be wrong, so that no document may be built from them."""
        position = self._store.position
        return (
            bool(position.snapshot.lsn)
            and not position.snapshot.loading
            and position.snapshot.lsn != self._checked_snapshot
        )

    def turn(self, tables: Sequence[TableUse]) -> None:
        """Once per turn of the loop: query the source, request a resync of the tables it finds, and record when that
        is done."""
        if not self.blocks_builds:
            return
        if self._answered:
            if not self._monitor.changed:
                self._record()
        elif self._query is None:
            self._query = self._thread.submit(
                self._probe.tables_with_misread_dates, [use for use in tables if misread_conditions(use)]
            )
        elif self._query.done():
            self._handle(self._query)
            self._query = None

    def close(self) -> None:
        """Stop, cancelling a running query."""
        self._probe.cancel()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _handle(self, query: "Future[list[TableName]]") -> None:
        try:
            tables = query.result()
        except ServiceMissing as error:
            _log.warning("cannot check the snapshot for misread dates yet", reason=str(error))
            self._stopping.wait(RETRY_SECONDS)
            return
        except WorkerError as error:  # The role cannot read the tables. It cannot verify them either; continue.
            _log.warning(
                "cannot check the snapshot for misread dates; dates before 15 October 1582 may be wrong",
                reason=str(error),
            )
            tables = []
        if tables:
            _log.info("tables contain dates that the snapshot misread", tables=", ".join(map(str, tables)))
            self._monitor.request_resync(tables)
        self._answered = True

    def _record(self) -> None:
        self._checked_snapshot, self._answered = self._store.position.snapshot.lsn, False
        with self._store.transaction():
            self._store.update_source(checked_snapshot=self._checked_snapshot)


class PostgresProbe:
    """Queries one database."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None

    def cancel(self) -> None:
        """Cancel a running query; called from another thread."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=5)

    def tables_with_misread_dates(self, uses: Sequence[TableUse]) -> list[TableName]:
        """Those tables that contain a misread date; all of them when a definition changed, so that a resync examines it."""
        if not uses:
            return []
        try:
            with connect(self._dsn) as connection:
                self._connection = connection
                return [use.table for use in uses if _has_misread_date(connection, use)]
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction):
            return [use.table for use in uses]
        except psycopg.OperationalError as error:
            raise ServiceMissing(
                f"The connection to PostgreSQL at ROWTIDE_POSTGRES_DSN was lost: {postgres.reason(error)}. Try again."
            ) from error
        except psycopg.Error as error:
            reason = error.diag.message_primary or type(error).__name__
            raise WorkerError(
                f"The role of ROWTIDE_POSTGRES_DSN cannot read the tables: {reason}. Check its privileges."
            ) from error
        finally:
            self._connection = None


def _has_misread_date(connection: psycopg.Connection[Any], use: TableUse) -> bool:
    row = connection.execute(misread_query(use)).fetchone()
    return bool(row and row[0])


def misread_conditions(use: TableUse) -> list[str]:
    """SQL conditions that match a date that is misread, one for each date or timestamp column. Infinite values are not
    misread."""
    return [
        f"({name} < {_FIRST_AD[column.type]} AND {name} > '-infinity'"
        f" OR {name} >= {_SKIPPED[column.type][0]} AND {name} < {_SKIPPED[column.type][1]})"
        for column in use.columns
        if column.type in _FIRST_AD and column.element is None
        for name in (quote_identifier(column.name),)
    ]


def misread_query(use: TableUse) -> str:
    """SQL that returns whether a table contains a misread date. Reads the table at most once."""
    return f"SELECT EXISTS (SELECT FROM {use.table.rows} WHERE {' OR '.join(misread_conditions(use))})"
