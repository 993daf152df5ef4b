"""Runs a case's SQL as written: one statement at a time, each session on its own connection."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Identifier

from infra.errors import RunnerError, ServiceUnavailable
from rowtide.conformance.case import FIRST_SESSION, Case, CaseStatement

LOCK_SECONDS = 10
"""Lock timeout of a statement. Sessions take turns, so no other session would release the lock meanwhile."""


_RESET = "SELECT set_config(name, boot_val, false) FROM pg_catalog.pg_settings WHERE name = ANY(%s)"


class CaseSqlError(RunnerError):
    """A case's SQL does not have the outcome that the case declares."""


class SqlSessions:
    """The connections of one case. Only those in a transaction stay open between steps, since there are many cases."""

    def __init__(self, dsn: str, case: Case, own_schema: bool, reset: Collection[str] = ()) -> None:
        """`reset` are parameters that the sessions set back to PostgreSQL's own values."""
        self._dsn = dsn
        self._reset = list(reset)
        self._schema = case.database_schema if own_schema else "public"
        self._open: dict[str, psycopg.Connection[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._open.values():
            connection.close()
        self._open = {}

    def create(self, case: Case) -> None:
        """Create the schema, the tables and the first rows."""
        self._connection(FIRST_SESSION).execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(self._schema)))
        self.run(case.schema, case.folder / "schema.sql")
        self.run(case.seed, case.folder / "seed.sql")

    def run(self, statements: Iterable[CaseStatement], file: Path) -> None:
        """Run statements in order. Raises CaseSqlError, with file and line, if one does not do what it should."""
        for statement in statements:
            self._run_one(statement, f"{file}:{statement.line}")
        for session, connection in list(self._open.items()):
            if connection.info.transaction_status == TransactionStatus.IDLE:
                self._open.pop(session).close()

    def _run_one(self, statement: CaseStatement, where: str) -> None:
        error = self._error_of(statement)
        if isinstance(error, psycopg.OperationalError) and self._connection(statement.session).broken:
            raise ServiceUnavailable(f"{where}: PostgreSQL went away: {error}")
        if error and statement.fails is None:
            raise CaseSqlError(f"{where}: {str(error).strip()}")
        if statement.fails is not None and statement.fails not in str(error or ""):
            raise CaseSqlError(f"{where}: expected an error with '{statement.fails}', got {error or 'no error'}")

    def _error_of(self, statement: CaseStatement) -> psycopg.Error | None:
        connection = self._connection(statement.session)
        try:
            if statement.data is None:
                connection.execute(statement.sql.encode())
            else:
                with connection.cursor().copy(statement.sql.encode()) as copy:
                    copy.write(statement.data)
        except psycopg.Error as error:
            return error
        return None

    def _connection(self, session: str) -> psycopg.Connection[Any]:
        connection = self._open.get(session)
        if connection is None or connection.closed:
            try:
                connection = psycopg.connect(self._dsn, autocommit=True, client_encoding="utf8")
            except psycopg.OperationalError as error:
                raise ServiceUnavailable(f"PostgreSQL does not answer: {str(error).strip()}") from error
            connection.execute(_RESET, (self._reset,)) if self._reset else None
            path = SQL("SET search_path = {}, public").format(Identifier(self._schema))
            connection.execute(path)
            connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            self._open[session] = connection
        return connection
