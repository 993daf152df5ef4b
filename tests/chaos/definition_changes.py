"""Changes the definitions of tables, the publication and the source's settings while everything writes."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from cdc.log.names import role_name
from connections.wait import wait_until
from rowtide.local_pipeline import DATABASE, LocalPipeline
from tests.chaos import publication_edits
from tests.chaos.publication_edits import EDITS, Edit

BETWEEN = (1.0, 6.0)
"""Seconds from one change to the next one."""
RESTART_SHARE = 0.3
"""So often the connector's sessions end after a setting changed, so that the new ones have it."""
OPTIONS = "-c deadlock_timeout=200ms -c lock_timeout=8s -c statement_timeout=60s -c search_path=public"
_TRIES = 200

TYPES: dict[str, tuple[str, ...]] = {
    "amount": ("numeric(12,2)", "numeric(14,4)", "numeric", "text"),
    "extra": ("jsonb", "json", "text"),
    "label": ("text", "varchar(400)"),
    "seen": ("timestamptz(0)", "timestamptz(3)", "timestamptz"),
}
"""Each can be read from what the others print: after a restart, Debezium fails for good at a row from before that the
column's type of now cannot be read from (docs/how-to/the-connector-failed.md)."""
SETTINGS: dict[str, tuple[str, ...]] = {
    "extra_float_digits": ("-15", "0", "3"),
    "intervalstyle": ("iso_8601", "sql_standard", "postgres_verbose"),
    "datestyle": ("German, DMY", "SQL, MDY", "Postgres, DMY"),
    "timezone": ("'Asia/Kathmandu'", "'America/St_Johns'", "'Australia/Lord_Howe'"),
    "bytea_output": ("escape", "hex"),
    "search_path": ("shadow, public", "shadow, public, pg_catalog", "nowhere, public"),
}

Connection = psycopg.Connection[Any]


class DefinitionChanges:
    """One session that changes one thing after another, in an order made from the seed. `done` counts them by kind."""

    def __init__(self, pipeline: LocalPipeline, seed: int, report: Callable[[str], None]) -> None:
        self._pipeline = pipeline
        self._random = Random(f"chaos-definitions-{seed}")
        self._report = report
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="definitions", daemon=True)
        self._ways: dict[str, Callable[[Connection], None]] = {
            "table swapped by renames": self._swap,
            "table dropped and created again": self._create_again,
            **{f"type of {column}": self._change_type(column) for column in TYPES},
            "setting of the database": self._set(b"ALTER DATABASE {} ", DATABASE),
            "setting of the connector's role": self._set(b"ALTER ROLE {} ", role_name(pipeline.name)),
            **{edit.kind: self._edit(edit) for edit in EDITS},
        }
        self.done: Counter[str] = Counter()
        self.fault = ""

    def start(self) -> None:
        """Begin to change."""
        self._thread.start()

    def stop(self) -> None:
        """End after the change under way; an edit of the publication is taken back."""
        self._stopping.set()
        self._thread.join(180.0)

    def _run(self) -> None:
        try:
            for kind in self._plan():
                if self._stopping.wait(self._random.uniform(*BETWEEN)):
                    return
                outcome = self._attempt(self._ways[kind])
                self._report(f"definitions: {kind}{outcome}")
                self.done[f"{kind}{outcome}"] += 1
        except Exception as error:  # noqa: BLE001 A fault of the suite itself ends the run, which reports it.
            self.fault = f"{type(error).__name__}: {error}"

    def _plan(self) -> Iterator[str]:
        """Every kind once, in random order, and again."""
        while True:
            yield from self._random.sample(sorted(self._ways), len(self._ways))

    def _attempt(self, way: Callable[[Connection], None]) -> str:
        try:
            with self._session() as connection:
                way(connection)
        except (
            psycopg.OperationalError,
            psycopg.DataError,
        ):  # Also a lock that was not available; a value does not fit.
            return ", not done"
        return ""

    def _session(self) -> Connection:
        return psycopg.connect(self._pipeline.dsn, autocommit=True, connect_timeout=5, options=OPTIONS)

    def _swap(self, connection: Connection) -> None:
        """As gh-ost and migrations do: a new table beside it, then two renames."""
        table = self._random.choice(("jars", "places"))
        with connection.transaction():
            self._make_beside(connection, table, b"true")
            _execute(connection, b"DROP TABLE IF EXISTS {}", f"{table}_old")
            _execute(connection, b"ALTER TABLE {} RENAME TO {}", table, f"{table}_old")
            _execute(connection, b"ALTER TABLE {} RENAME TO {}", f"{table}_new", table)
        if self._random.random() < 0.5:
            _execute(connection, b"DROP TABLE {}", f"{table}_old")

    def _create_again(self, connection: Connection) -> None:
        """Dropped, and made again with a part of the rows."""
        with connection.transaction():
            self._make_beside(connection, "jars", b"id % 3 > 0")
            _execute(connection, b"DROP TABLE jars")
            _execute(connection, b"ALTER TABLE jars_new RENAME TO jars")

    def _make_beside(self, connection: Connection, table: str, which: bytes) -> None:
        new = f"{table}_new"
        _execute(connection, b"LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", table)
        _execute(connection, b"CREATE TABLE {} (LIKE {} INCLUDING ALL)", new, table)
        _execute(connection, b"INSERT INTO {} SELECT * FROM {} WHERE " + which, new, table)
        if table == "places":
            _execute(connection, b"ALTER TABLE {} REPLICA IDENTITY FULL", new)
        else:
            connection.execute(
                "SELECT setval(pg_get_serial_sequence('jars_new', 'id'), (SELECT coalesce(max(id), 1) FROM jars))"
            )

    def _change_type(self, column: str) -> Callable[[Connection], None]:
        def change(connection: Connection) -> None:
            type_ = self._random.choice(TYPES[column])
            # Changed, and written at once in the new form.
            with connection.transaction():
                using = f"{column}::text::{type_}"
                connection.execute(f"ALTER TABLE jars ALTER {column} TYPE {type_} USING {using}".encode())
                connection.execute("UPDATE jars SET label = label || '~' WHERE id % 5 = 0")

        return change

    def _set(self, whose: bytes, name: str) -> Callable[[Connection], None]:
        def change(connection: Connection) -> None:
            setting = self._random.choice(sorted(SETTINGS))
            value = self._random.choice((*SETTINGS[setting], None))
            what = f"RESET {setting}" if value is None else f"SET {setting} = {value}"
            _execute(connection, whose + what.encode(), name)
            if self._random.random() < RESTART_SHARE:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                    (role_name(self._pipeline.name),),
                )

        return change

    def _edit(self, edit: Edit) -> Callable[[Connection], None]:
        """Leave the publication wrong until it is noticed, or for a minute: the worker may be down."""

        def change(connection: Connection) -> None:
            if not publication_edits.is_published(connection, self._pipeline.name):
                self.done["not in the publication yet"] += 1
                return
            publication_edits.make(connection, self._pipeline.name, edit)
            noticed = wait_until(self._noticed, publication_edits.NOTICED_SECONDS)
            self.done["edits noticed" if noticed and not self._stopping.is_set() else "edits not noticed in time"] += 1
            self._undo()

        return change

    def _noticed(self) -> bool:
        return self._stopping.is_set() or publication_edits.is_noticed(self._pipeline)

    def _undo(self) -> None:
        """Over a connection of its own, until it has worked."""
        for _ in range(_TRIES):
            with suppress(psycopg.OperationalError), self._session() as connection:
                publication_edits.undo(connection, self._pipeline.name)
                return
            threading.Event().wait(0.5)
        self.fault = "An edit of the publication could not be taken back."


def _execute(connection: Connection, statement: bytes, *names: str) -> None:
    composed: Composed = SQL(statement.decode()).format(*map(Identifier, names))
    connection.execute(composed)
