"""Which cases a version can run: its SQL may lack what a case uses, or `rowtide init` may reject the case there."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.capture_selection import Choice
from cdc.errors import OperatorError
from cdc.settings import Settings
from cdc.source.preparation import Request, prepare_source
from rowtide.conformance.case import Case
from rowtide.conformance.combined_spec import combined_spec
from rowtide.conformance.sql_sessions import CaseSqlError, SqlSessions
from rowtide.local_pipeline import database

_DATABASE = "runnable"
_STATEMENT = re.compile(r"^.*?\.sql:\d+: ")


def unrunnable(dsn: str, cases: Sequence[Case], folder: Path) -> dict[str, str]:
    """The cases that cannot run, with the reason."""
    reasons = {}
    with _database(dsn) as own:
        for case in cases:
            if reason := _reason(own, case, folder):
                reasons[case.name] = reason
            with database(own) as connection:  # The catalogue is read for each case.
                connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(case.database_schema)))
    return reasons


@contextmanager
def _database(dsn: str) -> Iterator[str]:
    with database(dsn) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(_DATABASE)))
        yield make_conninfo(dsn, dbname=_DATABASE)
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(_DATABASE)))


def _reason(dsn: str, case: Case, folder: Path) -> str:
    try:
        with SqlSessions(dsn, case, own_schema=True) as sessions:
            sessions.create(case)
    except CaseSqlError as error:
        return missing_in_sql(str(error))
    if case.refused:
        return ""  # The run shows whether it is rejected as it should be.
    spec = folder / "runnable.yaml"
    spec.write_text(combined_spec(_DATABASE, [case], own_schemas=True), encoding="utf-8")
    settings = Settings(postgres_dsn=dsn, secrets_dir=folder)
    try:
        prepare_source(settings, Choice(spec), Request(dry_run=True), lambda _warning: None)
    except OperatorError as error:
        return f"`rowtide init`: {' '.join(str(error).split())}"
    return ""


def missing_in_sql(error: str) -> str:
    """What a version lacks, from the error of a statement."""
    return _STATEMENT.sub("", error.partition("\n")[0])
