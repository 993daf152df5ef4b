"""The marker role: the search API uses it to learn the current WAL position. It can connect and emit a message, nothing
else."""

from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cdc.log.names import marker_dsn_file, marker_role_name
from cdc.role_passwords import new_password, write_secret
from cdc.settings import Settings
from cdc.source.database import Source
from cdc.source.plan import Statement, with_password
from read_model.catalog.catalog import quote_identifier


def plan_marker_role(pipeline: str, database: str, exists: bool, verifier: str | None) -> Iterator[Statement]:
    """The statements for the role; if it exists, only its password changes. Emitting messages needs no grant."""
    role = quote_identifier(marker_role_name(pipeline))
    if exists:
        yield with_password(f"ALTER ROLE {role}", verifier)
        return
    yield with_password(f"CREATE ROLE {role} LOGIN NOINHERIT", verifier)
    yield Statement(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    yield Statement(f"ALTER ROLE {role} SET statement_timeout = '5s'")
    yield Statement(f"GRANT CONNECT ON DATABASE {quote_identifier(database)} TO {role}")


def dsn_file(settings: Settings, pipeline: str) -> Path:
    """The file of the role's DSN, for ROWTIDE_MARKER_DSN."""
    return settings.secrets_dir / marker_dsn_file(pipeline)


def make_marker_role(source: Source, settings: Settings, pipeline: str, dry_run: bool) -> tuple[Statement, ...]:
    """Create the role, or set a new password if its DSN is not stored; does nothing if both exist.

    Returns the statements, which with `dry_run` are not run."""
    role, path = marker_role_name(pipeline), dsn_file(settings, pipeline)
    exists = source.has_role(role)
    if exists and path.exists():
        return ()
    password = new_password()
    verifier = "" if dry_run else source.verifier(role, password)
    statements = tuple(plan_marker_role(pipeline, source.database(), exists, verifier))
    if not dry_run:
        # Keep the owner's parameters (host, TLS, …), but not its way to sign in.
        parameters = {
            name: value
            for name, value in conninfo_to_dict(settings.source_dsn).items()
            if name not in ("passfile", "sslcert", "sslkey")
        }
        source.run(statements)
        write_secret(path, make_conninfo("", **{**parameters, "user": role, "password": password}))
    return statements
