"""Values that Debezium misreads in a snapshot, and only there: of dates and timestamps before our era it drops the sign.

After a snapshot the source is asked, once a table with such columns, whether it has such a value. A table that has is read anew by SQL
before any document is built of it (see `healing`).
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

import psycopg
import structlog

from read_model.catalog.catalog import TableName, quote_identifier
from read_model.plan.model import TableUse
from sync_worker.errors import ServiceMissing, WorkerError
from sync_worker.source.catalogue import connect
from sync_worker.source.identity_monitor import IdentityMonitor
from sync_worker.store.row_store import RowStore

RETRY_SECONDS = 1.0
"""How long to wait when the source does not answer."""

_OUR_ERA = {"date": "'0001-01-01'", "timestamp": "'0001-01-01'", "timestamptz": "'0001-01-01 00:00Z'"}
"""Its first moment, by type of column."""
_LOOKED_AT = "snapshot looked at"
_log = structlog.get_logger()


class SourceProbe(Protocol):
    """Who asks the source, in a thread beside the loop."""

    def ask(self, uses: Sequence[TableUse]) -> list[TableName]:
        """Those of the tables that hold such a value. ServiceMissing to be asked again, WorkerError when it cannot be known."""

    def cancel(self) -> None:
        """End a question that is under way; from another thread."""


class BcDateCheck:
    """For the thread of the loop, but for the questions, which a thread of their own asks."""

    def __init__(self, store: RowStore, asker: SourceProbe, watch: IdentityMonitor, stopping: threading.Event) -> None:
        self._store = store
        self._asker = asker
        self._watch = watch
        self._stopping = stopping
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="misread")
        self._asked: Future[list[TableName]] | None = None
        self._looked_at = int(store.recall(_LOOKED_AT) or 0)
        self._heard = False

    @property
    def open(self) -> bool:
        """Whether rows of the snapshot may still be wrong: no document is to be built of them."""
        position = self._store.position
        return bool(position.snapshot) and not position.loading and position.snapshot != self._looked_at

    def turn(self, tables: Sequence[TableUse]) -> None:
        """Once a turn of the loop: ask, have read anew what was found, and note that it is done when it is."""
        if not self.open:
            return
        if self._heard:
            if not self._watch.changed:
                self._note()
        elif self._asked is None:
            self._asked = self._thread.submit(self._asker.ask, [use for use in tables if columns_of(use)])
        elif self._asked.done():
            self._hear(self._asked)
            self._asked = None

    def close(self) -> None:
        """End, also in the middle of a question."""
        self._asker.cancel()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _hear(self, asked: "Future[list[TableName]]") -> None:
        try:
            found = asked.result()
        except ServiceMissing as error:
            _log.warning("cannot look at what the snapshot brought yet", reason=str(error))
            self._stopping.wait(RETRY_SECONDS)
            return
        except WorkerError as error:  # A role that cannot read the tables: it cannot verify either, and goes on.
            _log.warning(
                "cannot look at what the snapshot brought; dates before our era may be wrong", reason=str(error)
            )
            found = []
        if found:
            _log.info("tables hold dates before our era, which the snapshot misread", tables=", ".join(map(str, found)))
            self._watch.want(found)
        self._heard = True

    def _note(self) -> None:
        self._looked_at, self._heard = self._store.position.snapshot, False
        with self._store.transaction():
            self._store.remember(_LOOKED_AT, self._looked_at)


class PostgresProbe:
    """Asks one database."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None

    def cancel(self) -> None:
        """End a question that is under way; from another thread."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=5)

    def ask(self, uses: Sequence[TableUse]) -> list[TableName]:
        """Those of the tables that hold such a value."""
        if not uses:
            return []
        try:
            with connect(self._dsn) as connection:
                self._connection = connection
                return [use.table for use in uses if _has(connection, use)]
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction):
            return [use.table for use in uses]  # A table changed since: reading them anew finds out how.
        except psycopg.OperationalError as error:
            raise ServiceMissing(f"PostgreSQL of ROWTIDE_POSTGRES_DSN went away: {str(error).strip()}") from error
        except psycopg.Error as error:
            what = error.diag.message_primary or type(error).__name__
            raise WorkerError(f"PostgreSQL of ROWTIDE_POSTGRES_DSN refuses to have rows read: {what}") from error
        finally:
            self._connection = None


def _has(connection: psycopg.Connection[Any], use: TableUse) -> bool:
    row = connection.execute(question(use)).fetchone()
    return bool(row and row[0])


def columns_of(use: TableUse) -> list[str]:
    """The conditions on columns that can hold what a snapshot misreads. Infinite values arrive as the words they are."""
    return [
        f"({name} < {_OUR_ERA[column.type]} AND {name} > '-infinity')"
        for column in use.columns
        if column.type in _OUR_ERA and column.element is None
        for name in (quote_identifier(column.name),)
    ]


def question(use: TableUse) -> str:
    """Whether a table holds such a value: one reading of the table, or less."""
    return f"SELECT EXISTS (SELECT FROM {use.table.quoted} WHERE {' OR '.join(columns_of(use))})"
