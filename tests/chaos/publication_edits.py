"""Somebody edits the publication by hand, and takes it back later."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from cdc.log.names import publication_name
from connections.wait import wait_until
from rowtide.local_pipeline import LocalPipeline, database

NOTICED_SECONDS = 60.0
RIGHT_SECONDS = 120.0
_MEMBER = (
    "SELECT 1 FROM pg_catalog.pg_publication_tables WHERE (pubname, schemaname, tablename) = (%s, 'public', 'jars')"
)


@dataclass(frozen=True, slots=True)
class Edit:
    """`statements` replace what the publication says of the table; `{}` is its name."""

    kind: str
    statements: tuple[str, ...]


DROP = "ALTER PUBLICATION {} DROP TABLE public.jars"
ADD = "ALTER PUBLICATION {} ADD TABLE public.jars"
WRITTEN_MEANWHILE = """
INSERT INTO public.jars (id, label)
SELECT coalesce(max(id), 0) + 1, 'while the publication was wrong' FROM public.jars"""
EDITS = (
    Edit("table removed from the publication", (DROP,)),
    Edit("column list on the publication", (DROP, f"{ADD} (id, label)")),
    Edit("row filter on the publication", (DROP, f"{ADD} WHERE (id > 50)")),
)


def is_published(connection: psycopg.Connection[Any], pipeline: str) -> bool:
    """Whether the table is in the publication; a table that was just swapped in is not yet."""
    return connection.execute(_MEMBER, (publication_name(pipeline),)).fetchone() is not None


def make(connection: psycopg.Connection[Any], pipeline: str, edit: Edit) -> None:
    """Edit the publication."""
    with connection.transaction():
        for statement in edit.statements:
            connection.execute(_composed(statement, pipeline))


def undo(connection: psycopg.Connection[Any], pipeline: str) -> None:
    """Publish the whole table again, whatever the publication says of it."""
    with connection.transaction():
        if is_published(connection, pipeline):
            connection.execute(_composed(DROP, pipeline))
        connection.execute(_composed(ADD, pipeline))


def is_noticed(pipeline: LocalPipeline) -> bool:
    """Whether freshness is degraded because of the publication."""
    now = pipeline.worker.freshness()
    return now is not None and now.state == "degraded" and "publication" in now.reason


def prove(pipeline: LocalPipeline, report: Callable[[str], None]) -> list[str]:
    """Make every edit once while nothing else happens. What did not come as it should: degraded, and then live again."""
    wrong: list[str] = []
    for edit in EDITS:
        with database(pipeline.dsn) as connection:
            make(connection, pipeline.name, edit)
            connection.execute(WRITTEN_MEANWHILE)
            connection.execute("UPDATE public.jars SET label = label || '!' WHERE id % 3 = 0")
            noticed = wait_until(lambda: is_noticed(pipeline), NOTICED_SECONDS)
            undo(connection, pipeline.name)
        right = wait_until(lambda: _is_live(pipeline), RIGHT_SECONDS)
        report(f"{edit.kind}: {'degraded' if noticed else 'NOT NOTICED'}, then {'live' if right else 'NOT LIVE'}")
        if not noticed or not right:
            wrong.append(f"{edit.kind}: noticed {noticed}, live again {right} ({pipeline.worker.freshness()})")
    return wrong


def _is_live(pipeline: LocalPipeline) -> bool:
    now = pipeline.worker.freshness()
    return now is not None and now.state == "live"


def _composed(statement: str, pipeline: str) -> Composed:
    return SQL(statement).format(Identifier(publication_name(pipeline)))
