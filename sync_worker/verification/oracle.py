"""PostgreSQL's side of a comparison: digests by bucket, documents by id. Only reads, and never much at a time.

A bucket is the next so many documents in the order of their keys: one statement, one short snapshot. Two connections, so that
the next bucket is digested while documents are looked at.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import errors

from cdc.log.lsn import Lsn
from read_model.plan.model import DocumentPlan
from read_model.postgres.digests import bucket_query, digest_query, present_query, range_query, sample_query
from read_model.postgres.documents import document_query
from read_model.postgres.lineage import parts_query
from sync_worker.errors import ServiceMissing, WorkerError
from sync_worker.source.catalogue import connect, retry_while_locked, translate_errors

LSN_NOW = "SELECT pg_current_wal_insert_lsn() - '0/0'"
LOCK_SECONDS = 10
"""How long a statement tries to get its tables' locks."""

SMALL_TABLE = 1_000_000
"""Rows of a table of which a sample reads every page, for the sake of evenness."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the load on the source: documents a bucket, and seconds a statement may take."""

    bucket: int = 2000
    timeout: int = 300


class Oracle:
    """Reads one database. For one thread."""

    def __init__(self, dsn: str, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._ahead = connect(dsn)
        self._connection = connect(dsn)
        for connection in (self._ahead, self._connection):
            with translate_errors():
                _prepare(connection, limits)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="oracle")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._ahead.close()
        self._connection.close()

    @property
    def bucket(self) -> int:
        """Documents that are read at a time, at most."""
        return self._limits.bucket

    def lsn(self) -> Lsn:
        """A position that no commit so far is beyond."""
        return Lsn(int(self._all(self._connection, LSN_NOW)[0][0]))

    def estimate(self, document: DocumentPlan) -> int | None:
        """About how many documents there are, from the planner's statistics."""
        table = document.root.table.quoted
        rows = int(
            self._all(self._connection, "SELECT reltuples FROM pg_class WHERE oid = %s::regclass", (table,))[0][0]
        )
        return rows if rows > 0 else None

    def buckets(self, document: DocumentPlan) -> Iterator[dict[str, str]]:
        """The digests of all documents by id, a bucket at a time; the next one is made meanwhile."""
        last: tuple[str, ...] = ()
        coming = self._thread.submit(self._bucket, document, last)
        while rows := coming.result():
            last = rows[-1][2:]
            coming = self._thread.submit(self._bucket, document, last)
            yield {row[0]: row[1] for row in rows}

    def _bucket(self, document: DocumentPlan, last: tuple[str, ...]) -> list[tuple[Any, ...]]:
        return self._all(self._ahead, bucket_query(document, not last, self._limits.bucket), last)

    def digests(self, document: DocumentPlan, ids: list[str]) -> dict[str, str]:
        """The digests of these documents, of those that exist."""
        return dict(self._by_ids(lambda indexed: digest_query(document, indexed), ids))

    def present(self, document: DocumentPlan, ids: list[str]) -> set[str]:
        """Which of these documents exist."""
        return {row[0] for row in self._by_ids(lambda indexed: present_query(document, indexed), ids)}

    def documents(self, document: DocumentPlan, ids: list[str]) -> tuple[Lsn, dict[str, str]]:
        """These documents as JSON text, as of one state of the database, and a position that this state does not go beyond."""
        with self._snapshot() as lsn:
            rows = self._by_ids(lambda indexed: document_query(document, ids=True, indexed=indexed), ids)
        return lsn, dict(rows)

    def range(self, document: DocumentPlan, first: str, last: str) -> list[str]:
        """Ids of the documents whose key lies between two values, both included. WorkerError when they are no keys."""
        try:
            return [row[0] for row in self._all(self._connection, range_query(document), (first, last))]
        except psycopg.DataError as error:
            raise WorkerError(f"no key of {document.name} looks like that: {_first(error)}") from error

    def parts(self, document: DocumentPlan, id_: str) -> str | None:
        """The rows behind a document, as `parts_query` yields them; None when there is no such document."""
        committed = self._all(self._connection, "SHOW track_commit_timestamp")[0][0] == "on"
        rows = self._by_ids(lambda indexed: parts_query(document, committed, indexed), [id_])
        return str(rows[0][0]) if rows else None

    def sample(self, document: DocumentPlan, share: float, most: int | None, seed: int) -> list[str]:
        """Ids of about this share (0 to 1) of the root table's rows, picked at random, `most` of them at most."""
        small = (self.estimate(document) or 0) < SMALL_TABLE
        query = sample_query(document, "BERNOULLI" if small else "SYSTEM") + ("" if most is None else f" LIMIT {most}")
        return [row[0] for row in self._all(self._connection, query, (100 * min(share, 1.0), seed, str(seed)))]

    @contextmanager
    def _snapshot(self) -> Iterator[Lsn]:
        with translate_errors():
            self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield self.lsn()
        finally:
            if not self._connection.closed:
                self._connection.execute("ROLLBACK")

    def _by_ids(self, query: Any, ids: list[str]) -> list[tuple[Any, ...]]:
        """By the key's index; by the ids' text, which costs a scan, when one of them is no value of the key's type."""
        try:
            with translate_errors():
                self._connection.execute("SAVEPOINT ids") if self._in_transaction else None
            return self._all(self._connection, query(True), (ids,))
        except psycopg.DataError:
            with translate_errors():
                self._connection.execute("ROLLBACK TO ids") if self._in_transaction else None
            return self._all(self._connection, query(False), (ids,))

    @property
    def _in_transaction(self) -> bool:
        return self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    def _all(
        self, connection: psycopg.Connection[Any], query: str, values: tuple[Any, ...] = ()
    ) -> list[tuple[Any, ...]]:
        try:
            return _asked(connection, query, values)
        except errors.LockNotAvailable as error:
            raise ServiceMissing(
                "a table of the documents is locked by a change of its definition; try again"
            ) from error
        except errors.QueryCanceled as error:
            raise WorkerError(
                f"a statement on the source took longer than {self._limits.timeout} s; take fewer documents at a time"
                " (--bucket) or allow more (--timeout)"
            ) from error
        except (errors.InsufficientPrivilege, errors.UndefinedTable, errors.UndefinedColumn) as error:
            raise WorkerError(
                f"PostgreSQL does not let ROWTIDE_POSTGRES_DSN read the documents: {_first(error)}"
            ) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise ServiceMissing(f"PostgreSQL of ROWTIDE_POSTGRES_DSN went away: {_first(error)}") from error


def source_lsn(dsn: str) -> Lsn:
    """A position that no commit so far is beyond."""
    with translate_errors(), connect(dsn) as connection:
        return Lsn(int(connection.execute(LSN_NOW).fetchall()[0][0]))


def _asked(connection: psycopg.Connection[Any], query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Ask again while a lock is not to be had, unless that would cost a transaction."""

    def ask() -> list[tuple[Any, ...]]:
        return connection.execute(query, values or None).fetchall()

    idle = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    return retry_while_locked(ask, LOCK_SECONDS) if idle else ask()


def _prepare(connection: psycopg.Connection[Any], limits: Limits) -> None:
    for name, value in (
        ("application_name", "rowtide verify"),
        ("default_transaction_read_only", "on"),
        ("statement_timeout", f"{limits.timeout}s"),
        ("max_parallel_workers_per_gather", "0"),
        ("datestyle", "ISO"),
        ("extra_float_digits", "1"),
    ):
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def _first(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
