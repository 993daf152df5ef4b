"""The oracle: documents and their digests as PostgreSQL builds them. Only reads, a bucket at a time.

A bucket is a number of documents that follow each other in key order: one statement, one short snapshot. There are two
connections, so that PostgreSQL digests the next bucket while documents of this one are compared.
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
"""How long a statement retries when a table is locked."""

SMALL_TABLE = 1_000_000
"""Tables with fewer rows are sampled with BERNOULLI, which reads every page and is more even than SYSTEM."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits the load on the source: documents per bucket, and the statement timeout in seconds."""

    bucket: int = 2000
    timeout: int = 300


class Oracle:
    """Reads one database. For one thread.

    Methods raise ServiceMissing when the database is away or a table stays locked, and WorkerError when a statement
    times out or the role may not read a table."""

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
        """The number of documents per bucket."""
        return self._limits.bucket

    def lsn(self) -> Lsn:
        """An LSN at or above every commit so far."""
        return Lsn(int(self._all(self._connection, LSN_NOW)[0][0]))

    def estimate(self, document: DocumentPlan) -> int | None:
        """The approximate number of documents, from the planner's statistics; None when the table was never
        analyzed."""
        table = document.root.table.quoted
        rows = int(
            self._all(self._connection, "SELECT reltuples FROM pg_class WHERE oid = %s::regclass", (table,))[0][0]
        )
        return rows if rows > 0 else None

    def buckets(self, document: DocumentPlan) -> Iterator[dict[str, str]]:
        """The digests of all documents by id, one bucket at a time; the next bucket is computed in the background."""
        last: tuple[str, ...] = ()
        next_bucket = self._thread.submit(self._bucket, document, last)
        while rows := next_bucket.result():
            last = rows[-1][2:]
            next_bucket = self._thread.submit(self._bucket, document, last)
            yield {row[0]: row[1] for row in rows}

    def _bucket(self, document: DocumentPlan, last: tuple[str, ...]) -> list[tuple[Any, ...]]:
        return self._all(self._ahead, bucket_query(document, not last, self._limits.bucket), last)

    def digests(self, document: DocumentPlan, ids: list[str]) -> dict[str, str]:
        """The digests by id of those documents that exist."""
        return dict(self._by_ids(lambda indexed: digest_query(document, indexed), ids))

    def present(self, document: DocumentPlan, ids: list[str]) -> set[str]:
        """The ids of those documents that exist."""
        return {row[0] for row in self._by_ids(lambda indexed: present_query(document, indexed), ids)}

    def documents(self, document: DocumentPlan, ids: list[str]) -> tuple[Lsn, dict[str, str]]:
        """The documents as JSON text by id, from one snapshot, and an LSN at or above every commit in that snapshot."""
        with self._snapshot() as lsn:
            rows = self._by_ids(lambda indexed: document_query(document, ids=True, indexed=indexed), ids)
        return lsn, dict(rows)

    def range(self, document: DocumentPlan, first: str, last: str) -> list[str]:
        """Ids of the documents with keys from `first` to `last`, both included. Raises WorkerError for invalid keys."""
        try:
            return [row[0] for row in self._all(self._connection, range_query(document), (first, last))]
        except psycopg.DataError as error:
            raise WorkerError(
                f"The range is not valid for the keys of {document.name}: {_first_line(error)}."
            ) from error

    def parts(self, document: DocumentPlan, id_: str) -> str | None:
        """The rows of a document as the JSON of `parts_query`; None when there is no such document."""
        committed = self._all(self._connection, "SHOW track_commit_timestamp")[0][0] == "on"
        rows = self._by_ids(lambda indexed: parts_query(document, committed, indexed), [id_])
        return str(rows[0][0]) if rows else None

    def sample(self, document: DocumentPlan, share: float, limit: int | None, seed: int) -> list[str]:
        """Ids of about this share (0 to 1) of the root table's rows, picked at random, at most `limit`."""
        small = (self.estimate(document) or 0) < SMALL_TABLE
        query = sample_query(document, "BERNOULLI" if small else "SYSTEM") + (
            "" if limit is None else f" LIMIT {limit}"
        )
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
        """Find rows with the key's index; if an id is not a valid key value, compare as text, which scans the table."""
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
            return _fetch_all(connection, query, values)
        except errors.LockNotAvailable as error:
            raise ServiceMissing("A table of these documents is locked by a schema change. Try again.") from error
        except errors.QueryCanceled as error:
            raise WorkerError(
                f"A statement on the source took longer than {self._limits.timeout} s. Use a smaller --bucket or a"
                " longer --timeout."
            ) from error
        except (errors.InsufficientPrivilege, errors.UndefinedTable, errors.UndefinedColumn) as error:
            raise WorkerError(
                f"The role of ROWTIDE_POSTGRES_DSN cannot read the documents' tables: {_first_line(error)}."
            ) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise ServiceMissing(
                f"The connection to PostgreSQL at ROWTIDE_POSTGRES_DSN was lost: {_first_line(error)}. Try again."
            ) from error


def source_lsn(dsn: str) -> Lsn:
    """An LSN at or above every commit so far."""
    with translate_errors(), connect(dsn) as connection:
        return Lsn(int(connection.execute(LSN_NOW).fetchall()[0][0]))


def _fetch_all(connection: psycopg.Connection[Any], query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Run a query; retry while a table is locked, unless a transaction is open, which the failure would abort."""

    def fetch() -> list[tuple[Any, ...]]:
        return connection.execute(query, values or None).fetchall()

    idle = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    return retry_while_locked(fetch, LOCK_SECONDS) if idle else fetch()


def _prepare(connection: psycopg.Connection[Any], limits: Limits) -> None:
    for name, value in (
        ("application_name", "rowtide verify"),
        ("default_transaction_read_only", "on"),
        ("statement_timeout", f"{limits.timeout}s"),
        ("max_parallel_workers_per_gather", "0"),
    ):
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".")
