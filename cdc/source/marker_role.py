"""The marker role: the search API uses it to learn the current WAL position. It connects and emits a message.

PostgreSQL grants every login more than that. What can be limited for one role is limited here; the rest belongs to
PUBLIC, which `rowtide init` leaves alone, because applications may rely on it. An administrator gets the commands.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from cdc.log.names import marker_dsn_file, marker_role_name
from cdc.role_passwords import new_password, role_dsn, write_secret
from cdc.settings import Settings
from cdc.source.database import Source
from cdc.source.facts import MarkerFacts
from cdc.source.plan import Statement, with_password
from read_model.catalog.catalog import quote_identifier

CONNECTION_LIMIT = 10
"""Each search API has one connection. The role cannot change this limit."""
SESSION_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
}
"""Defaults against mistakes; the role can change its own."""


def plan_marker_role(pipeline: str, database: str, facts: MarkerFacts, verifier: str | None) -> Iterator[Statement]:
    """The statements for the role. If it exists, they set the password, if there is a new one, and restore its
    limits and what it needs. Emitting messages needs no grant.
    """
    role = quote_identifier(marker_role_name(pipeline))
    if not facts.exists:
        yield with_password(f"CREATE ROLE {role} LOGIN NOINHERIT CONNECTION LIMIT {CONNECTION_LIMIT}", verifier)
    elif verifier is not None:
        yield with_password(f"ALTER ROLE {role}", verifier)
    if facts.exists and facts.connection_limit not in range(CONNECTION_LIMIT + 1):
        yield Statement(f"ALTER ROLE {role} CONNECTION LIMIT {CONNECTION_LIMIT}")
    for name, value in SESSION_SETTINGS.items():
        if f"{name}={value}" not in facts.settings:
            yield Statement(f"ALTER ROLE {role} SET {name} = '{value}'")
    if not facts.login:
        yield Statement(f"ALTER ROLE {role} LOGIN VALID UNTIL 'infinity'")
    if not (facts.exists and facts.may_connect):
        yield Statement(f"GRANT CONNECT ON DATABASE {quote_identifier(database)} TO {role}")


def marker_warning(pipeline: str, database: str, facts: MarkerFacts) -> str | None:
    """What the role can do besides emitting a marker, with the commands that prevent it; None if there is nothing."""
    role, quoted = marker_role_name(pipeline), quote_identifier(database)
    rights: list[tuple[bool, str, str]] = [
        (
            facts.temporary,
            "create temporary tables",
            f"REVOKE TEMPORARY ON DATABASE {quoted} FROM PUBLIC;  -- grant it to the roles that create such tables",
        ),
        (
            facts.large_objects,
            "create large objects",
            "REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;",
        ),
        *(
            (
                True,
                f"create tables in schema {schema}",
                f"REVOKE CREATE ON SCHEMA {quote_identifier(schema)} FROM PUBLIC;",
            )
            for schema in facts.schemas
        ),
        (
            bool(facts.databases),
            f"connect to other databases ({', '.join(facts.databases)})",
            f"-- in pg_hba.conf, after a line for database {database} and before all others: host all {role} all reject",
        ),
    ]
    held = [(right, command) for holds, right, command in rights if holds]
    if not held:
        return None
    lines = "".join(f"\n  {command}" for _, command in held)
    return (
        f"Like every login, {role} can {', '.join(right for right, _ in held)}. This matters if the search API's"
        " machine is compromised. `rowtide init` leaves these rights of PUBLIC, because applications may rely on it. An"
        f" administrator who knows that none does can run:{lines}"
    )


def dsn_file(settings: Settings, pipeline: str) -> Path:
    """The file of the role's DSN, for ROWTIDE_MARKER_DSN."""
    return settings.secrets_dir / marker_dsn_file(pipeline)


def make_marker_role(
    source: Source, settings: Settings, pipeline: str, dry_run: bool, warn: Callable[[str], None]
) -> tuple[Statement, ...]:
    """Create the role, or restore its limits, and set a new password if its DSN is not stored.

    Returns the statements, which with `dry_run` are not run."""
    role, path, database = marker_role_name(pipeline), dsn_file(settings, pipeline), source.database()
    facts = source.marker_facts(role)
    password = None if facts.exists and path.exists() else new_password()
    verifier = None if password is None else "" if dry_run else source.verifier(role, password)
    statements = tuple(plan_marker_role(pipeline, database, facts, verifier))
    warning = marker_warning(pipeline, database, facts)
    if warning:
        warn(warning)
    if dry_run:
        return statements
    source.run(statements)
    if password is not None:
        write_secret(path, role_dsn(settings.source_dsn, role, password))
    return statements
