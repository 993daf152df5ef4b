"""Who may emit logical messages: PostgreSQL lets every login do it, and cannot limit their size. Pure.

A message of hundreds of megabytes ends a Kafka Connect whose heap it does not fit into, whatever its prefix."""

from collections.abc import Iterable, Iterator

from cdc.source.plan import Statement
from read_model.catalog.catalog import quote_identifier

_FLUSH_SINCE = 170000
"""The first server version whose functions have a fourth argument."""


def plan_message_rights(version: int, roles: Iterable[str], restrict: bool) -> Iterator[Statement]:
    """The statements that let these roles, and whoever runs them, emit messages; with `restrict`, nobody else.

    `version` is server_version_num."""
    functions = ", ".join(emitting_functions(version))
    if restrict:
        yield Statement(f"REVOKE EXECUTE ON FUNCTION {functions} FROM PUBLIC")
    grantees = ", ".join([*(quote_identifier(role) for role in roles), "CURRENT_USER"])
    yield Statement(f"GRANT EXECUTE ON FUNCTION {functions} TO {grantees}")


def emitting_functions(version: int) -> tuple[str, ...]:
    """The functions that emit messages, with their arguments."""
    flush = ", boolean" if version >= _FLUSH_SINCE else ""
    return tuple(f"pg_catalog.pg_logical_emit_message(boolean, text, {kind}{flush})" for kind in ("text", "bytea"))
