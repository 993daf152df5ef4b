"""What `rowtide init` would do to a source database, and why it must not. Pure: facts in, statements out.

The source receives a role, its grants and a publication; never DDL on the application's tables (invariant 9).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cdc.log.names import publication_name, role_name, slot_name
from cdc.source.checks import GENERATED_SINCE, Captured, judge
from cdc.source.facts import Facts, Publication
from read_model.catalog.catalog import TableName, quote_identifier

OLDEST = 140000


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement. `shown` is what people see instead when the text holds a secret."""

    sql: str
    shown: str = ""

    def __str__(self) -> str:
        return self.shown or self.sql


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """`refusals` not empty means: run nothing. `warnings` name consequences that an operator should know."""

    statements: tuple[Statement, ...] = ()
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tables: tuple[TableName, ...] = field(default=())


def plan_source(pipeline: str, captured: Captured, facts: Facts, verifier: str | None) -> SourcePlan:
    """Plan the role, grants and publication for the captured tables.

    `verifier` is the role's new password as PostgreSQL stores it (SCRAM); None leaves an existing one alone.
    """
    verdict = judge(captured, facts, role_name(pipeline))
    refusals = (*_server_refusals(pipeline, facts), *_role_refusals(pipeline, facts), *verdict.refusals)
    tables = tuple(sorted(captured))
    statements = (
        *_role(pipeline, facts, verifier),
        *_grants(pipeline, tables, facts),
        *_publication(pipeline, tables, facts),
    )
    warnings = (*_server_warnings(facts), *_role_warnings(pipeline, facts), *verdict.warnings)
    return SourcePlan(statements, refusals, warnings, tables)


def _server_refusals(pipeline: str, facts: Facts) -> Iterator[str]:
    if facts.version < OLDEST:
        yield f"PostgreSQL {facts.version // 10000} is too old; 14 is the oldest that can be captured. Upgrade the server."
    if facts.wal_level != "logical":
        yield (
            f"wal_level is {facts.wal_level}, so no change can be read from the WAL."
            " Run ALTER SYSTEM SET wal_level = 'logical' and restart PostgreSQL."
        )
    if slot_name(pipeline) not in facts.slots and len(facts.slots) >= facts.max_replication_slots:
        yield (
            f"All {facts.max_replication_slots} replication slots are taken ({', '.join(sorted(facts.slots))})."
            " Drop one that nobody needs, or raise max_replication_slots and restart PostgreSQL."
        )
    if facts.wal_senders >= facts.max_wal_senders:
        yield (f"All {facts.max_wal_senders} WAL senders are busy. Raise max_wal_senders and restart PostgreSQL.")
    if facts.publication and facts.publication.all_tables:
        yield (
            f"Publication {publication_name(pipeline)} exists FOR ALL TABLES, which cannot be narrowed."
            f" Drop it: DROP PUBLICATION {quote_identifier(publication_name(pipeline))}."
        )


def _server_warnings(facts: Facts) -> Iterator[str]:
    if facts.max_slot_wal_keep_size == "-1":
        yield (
            "max_slot_wal_keep_size is unlimited: while the connector is away, WAL piles up until the disk is full."
            " Set it to what the disk can spare."
        )
    if facts.idle_slot_timeout not in ("", "0"):
        yield (
            f"idle_replication_slot_timeout is {facts.idle_slot_timeout}: a connector that is away for longer loses"
            " its slot, and a new snapshot is needed."
        )


def _role_refusals(pipeline: str, facts: Facts) -> Iterator[str]:
    if facts.role and facts.role.superuser:
        role = role_name(pipeline)
        yield (
            f"Role {role} exists and is a superuser: whoever reads the connector's configuration could do anything."
            f" Take that from it: ALTER ROLE {quote_identifier(role)} NOSUPERUSER."
        )


def _role_warnings(pipeline: str, facts: Facts) -> Iterator[str]:
    if facts.role and facts.role.owns:
        yield (
            f"Role {role_name(pipeline)} owns tables or schemas here ({facts.role.owns}), so the connector's password lets one"
            " change or drop them. Give them to another: ALTER … OWNER TO."
        )


def _role(pipeline: str, facts: Facts, verifier: str | None) -> Iterator[Statement]:
    role = quote_identifier(role_name(pipeline))
    if facts.role is None:
        yield with_password(f"CREATE ROLE {role} LOGIN REPLICATION", verifier)
    elif not (facts.role.login and facts.role.replication):
        yield with_password(f"ALTER ROLE {role} LOGIN REPLICATION", verifier)
    elif verifier is not None:
        yield with_password(f"ALTER ROLE {role}", verifier)


def with_password(sql: str, verifier: str | None) -> Statement:
    """The statement with a password, which is not shown."""
    if verifier is None:
        return Statement(sql)
    return Statement(f"{sql} PASSWORD '{verifier.replace(chr(39), chr(39) * 2)}'", f"{sql} PASSWORD '********'")


def _grants(pipeline: str, tables: tuple[TableName, ...], facts: Facts) -> Iterator[Statement]:
    role = quote_identifier(role_name(pipeline))
    if not facts.may_connect:
        yield Statement(f"GRANT CONNECT ON DATABASE {quote_identifier(facts.database)} TO {role}")
    for schema in sorted({table.schema for table in tables} - facts.usable_schemas):
        yield Statement(f"GRANT USAGE ON SCHEMA {quote_identifier(schema)} TO {role}")
    missing = [table.quoted for table in tables if table not in facts.granted]
    if missing:
        yield Statement(f"GRANT SELECT ON TABLE {', '.join(missing)} TO {role}")
    surplus = [table.quoted for table in sorted(facts.granted - set(tables))]
    if surplus:
        yield Statement(f"REVOKE ALL ON TABLE {', '.join(surplus)} FROM {role}")


def _publication(pipeline: str, tables: tuple[TableName, ...], facts: Facts) -> Iterator[Statement]:
    name, listed = quote_identifier(publication_name(pipeline)), ", ".join(table.quoted for table in tables)
    options = ["publish = 'insert, update, delete, truncate'", "publish_via_partition_root = true"]
    if facts.version >= GENERATED_SINCE:
        options.append("publish_generated_columns = stored")
    found = facts.publication
    if found is None:
        yield Statement(f"CREATE PUBLICATION {name} FOR TABLE {listed} WITH ({', '.join(options)})")
        return
    if not _has_options(found, facts.version):
        yield Statement(f"ALTER PUBLICATION {name} SET ({', '.join(options)})")
    if found.tables != frozenset(tables) or found.narrowed:
        yield Statement(f"ALTER PUBLICATION {name} SET TABLE {listed}")


def _has_options(found: Publication, version: int) -> bool:
    return found.all_operations and found.via_root and (found.generated or version < GENERATED_SINCE)
