"""Runs statements that lock tables of the application, and gives way to its own."""

from collections.abc import Sequence
from time import monotonic
from typing import Any

import psycopg

_LOCK_TIMEOUT = """
SELECT set_config('lock_timeout', (setting::int {factor})::text, true) FROM pg_settings WHERE name = 'deadlock_timeout'
"""
_GIVE_WAY, _INSIST = "/ 2", "* 3"
"""Of deadlock_timeout. A shorter wait gives way before PostgreSQL ends the application's statement in a deadlock; only
a longer one makes PostgreSQL cancel an autovacuum."""
GIVE_WAY_SECONDS = 10.0
LOCK_SECONDS = 30.0
"""Seconds until statements that wait for a lock are given up."""

LOCKED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


def run_giving_way(connection: psycopg.Connection[Any], statements: Sequence[str]) -> None:
    """Run the statements in one transaction: all or nothing. While tables are locked, it is tried again.

    Raises one of LOCKED after LOCK_SECONDS."""
    began = monotonic()
    while True:
        waited = monotonic() - began
        try:
            with connection.transaction():
                connection.execute(_LOCK_TIMEOUT.format(factor=_GIVE_WAY if waited < GIVE_WAY_SECONDS else _INSIST))
                for statement in statements:
                    connection.execute(statement)
            return
        except LOCKED:
            if waited > LOCK_SECONDS:
                raise
