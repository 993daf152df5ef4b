"""The role with which the search API asks how far the database is: it may connect and emit a message, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cdc.capture_selection import keep_secret, new_password
from cdc.log.names import marker_role_name
from cdc.settings import Settings
from cdc.source.database import Source
from cdc.source.plan import Statement, with_password
from read_model.catalog.catalog import quote_identifier


def plan_marker(pipeline: str, database: str, known: bool, verifier: str | None) -> Iterator[Statement]:
    """The statements for the role. `known`: it exists; then only its password changes. Everybody may emit messages."""
    role = quote_identifier(marker_role_name(pipeline))
    if known:
        yield with_password(f"ALTER ROLE {role}", verifier)
        return
    yield with_password(f"CREATE ROLE {role} LOGIN NOINHERIT", verifier)
    yield Statement(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    yield Statement(f"ALTER ROLE {role} SET statement_timeout = '5s'")
    yield Statement(f"GRANT CONNECT ON DATABASE {quote_identifier(database)} TO {role}")


def dsn_file(settings: Settings, pipeline: str) -> Path:
    """Where the role's DSN is kept, for ROWTIDE_MARKER_DSN."""
    return settings.secrets_dir / f"{marker_role_name(pipeline)}.dsn"


def make_marker_role(source: Source, settings: Settings, pipeline: str, dry_run: bool) -> tuple[Statement, ...]:
    """Create the role, or give it another password when its DSN is not kept; nothing when both are there."""
    role, path = marker_role_name(pipeline), dsn_file(settings, pipeline)
    known = source.has_role(role)
    if known and path.exists():
        return ()
    password = new_password()
    verifier = "" if dry_run else source.verifier(role, password)
    statements = tuple(plan_marker(pipeline, source.database(), known, verifier))
    if not dry_run:
        assert settings.postgres_dsn is not None
        owner = settings.postgres_dsn.get_secret_value()
        # The owner's parameters stay (host, TLS, …), but never its own way to sign in.
        kept = {
            name: value
            for name, value in conninfo_to_dict(owner).items()
            if name not in ("passfile", "sslcert", "sslkey")
        }
        source.run(statements)
        keep_secret(path, make_conninfo("", **{**kept, "user": role, "password": password}))
    return statements
