"""Plans what `rowtide init` does to a source database, or why it must not. Pure: facts in, statements out.

The source gets a role, its grants and a publication, never DDL on the application's tables (invariant 9).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cdc.capture_selection import Captured
from cdc.log.names import publication_name, role_name, slot_name
from cdc.source.checks import GENERATED_SINCE, check_tables
from cdc.source.facts import Facts, Publication
from read_model.catalog.catalog import TableName, quote_identifier

OLDEST = 140000
"""The oldest server version that can be captured."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement. `shown` replaces the text for people if it holds a secret."""

    sql: str
    shown: str = ""

    def __str__(self) -> str:
        return self.shown or self.sql


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """The statements to run, in order; none of them if there are `refusals`. `warnings` are consequences to know."""

    statements: tuple[Statement, ...] = ()
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tables: tuple[TableName, ...] = field(default=())


def plan_source(pipeline: str, captured: Captured, facts: Facts, verifier: str | None) -> SourcePlan:
    """Plan the role, grants and publication for the captured tables.

    `verifier` is the role's new password as PostgreSQL stores it (SCRAM); None keeps the existing one.
    """
    checked = check_tables(captured, facts, role_name(pipeline))
    refusals = (
        *_name_refusals(pipeline, facts),
        *_server_refusals(pipeline, facts),
        *_role_refusals(pipeline, facts),
        *checked.refusals,
    )
    tables = tuple(sorted(captured))
    # The publication locks its tables, and grants change their rows in pg_class: in the other order, an ANALYZE that
    # holds the lock and waits for such a row is a deadlock.
    statements = (
        *_role(pipeline, facts, verifier),
        *_publication(pipeline, tables, facts),
        *_grants(pipeline, tables, facts),
    )
    warnings = (*_server_warnings(facts), *_role_warnings(pipeline, facts), *checked.warnings)
    return SourcePlan(statements, refusals, warnings, tables)


def _name_refusals(pipeline: str, facts: Facts) -> Iterator[str]:
    """Slots and roles belong to the server: another database of it may have a pipeline of this name."""
    slot, role = slot_name(pipeline), role_name(pipeline)
    database = facts.slots.get(slot, facts.database)
    if database != facts.database:
        yield (
            f"Replication slot {slot} is that of database {database}: a pipeline of this name follows it. Choose another"
            f" name for the pipeline, or first run `rowtide connectors delete --offsets --slot --topic` for {database}."
        )
    elif facts.role and facts.role.elsewhere and slot not in facts.slots:
        yield (
            f"Role {role} has privileges in database {', '.join(facts.role.elsewhere)} of this server, so a pipeline of"
            f" this name may follow it. Choose another name for the pipeline. If there is none, run there: DROP OWNED BY"
            f" {quote_identifier(role)}."
        )


def _server_refusals(pipeline: str, facts: Facts) -> Iterator[str]:
    if facts.version < OLDEST:
        yield (
            f"PostgreSQL {facts.version // 10000} is too old: 14 is the oldest version that can be captured. Upgrade"
            " the server."
        )
    if facts.wal_level != "logical":
        yield (
            f"wal_level is {facts.wal_level}, so changes cannot be read from the WAL."
            " Run ALTER SYSTEM SET wal_level = 'logical' and restart PostgreSQL."
        )
    if slot_name(pipeline) not in facts.slots and len(facts.slots) >= facts.max_replication_slots:
        yield (
            f"All {facts.max_replication_slots} replication slots are taken ({', '.join(sorted(facts.slots))})."
            " Drop one that is not needed, or raise max_replication_slots and restart PostgreSQL."
        )
    if facts.wal_senders >= facts.max_wal_senders:
        yield f"All {facts.max_wal_senders} WAL senders are busy. Raise max_wal_senders and restart PostgreSQL."
    if facts.publication and facts.publication.all_tables:
        yield (
            f"Publication {publication_name(pipeline)} exists FOR ALL TABLES, which cannot be narrowed."
            f" Drop it: DROP PUBLICATION {quote_identifier(publication_name(pipeline))}."
        )


def _server_warnings(facts: Facts) -> Iterator[str]:
    if facts.encoding == "SQL_ASCII":
        yield (
            "The database's encoding is SQL_ASCII: PostgreSQL does not know what its texts mean, and every text that is"
            " not UTF-8 stops the connector or arrives damaged."
        )
    if facts.max_slot_wal_keep_size == "-1":
        yield (
            "max_slot_wal_keep_size is unlimited: while the connector does not run, WAL accumulates until the disk is"
            " full. Set it to a size that the disk can spare."
        )
    if facts.idle_slot_timeout not in ("", "0"):
        yield (
            f"idle_replication_slot_timeout is {facts.idle_slot_timeout}: a connector that does not run for longer"
            " loses its slot and needs a new snapshot."
        )
    if facts.strangers_may_emit:
        yield (
            "Every login of this database may emit messages into its WAL, and a very large one ends Kafka Connect. Run"
            " `rowtide init --restrict-messages` as a superuser, unless another application emits messages."
        )


def _role_refusals(pipeline: str, facts: Facts) -> Iterator[str]:
    if facts.role and facts.role.superuser:
        role = role_name(pipeline)
        yield (
            f"Role {role} exists and is a superuser: anyone who can read the connector's configuration could do"
            f" anything. Run: ALTER ROLE {quote_identifier(role)} NOSUPERUSER."
        )


def _role_warnings(pipeline: str, facts: Facts) -> Iterator[str]:
    if facts.role and facts.role.owns:
        yield (
            f"Role {role_name(pipeline)} owns tables or schemas here ({facts.role.owns}), so anyone with the"
            " connector's password could change or drop them. Transfer them: ALTER … OWNER TO."
        )


def _role(pipeline: str, facts: Facts, verifier: str | None) -> Iterator[Statement]:
    role = quote_identifier(role_name(pipeline))
    if facts.role is None:
        yield with_password(f"CREATE ROLE {role} LOGIN REPLICATION", verifier)
        return
    options = "" if facts.role.login and facts.role.replication else " LOGIN REPLICATION"
    options += " VALID UNTIL 'infinity'" if facts.role.expired else ""
    if options or verifier is not None:
        yield with_password(f"ALTER ROLE {role}{options}", verifier)


def with_password(sql: str, verifier: str | None) -> Statement:
    """The statement with a password, which is hidden when it is shown."""
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
    if facts.missing_functions:
        functions = ", ".join(f"pg_catalog.{function}" for function in facts.missing_functions)
        yield Statement(f"GRANT EXECUTE ON FUNCTION {functions} TO {role}")
    surplus = [table.quoted for table in sorted(facts.granted - set(tables))]
    if surplus:
        yield Statement(f"REVOKE ALL ON TABLE {', '.join(surplus)} FROM {role}")


def _publication(pipeline: str, tables: tuple[TableName, ...], facts: Facts) -> Iterator[Statement]:
    name, listed = quote_identifier(publication_name(pipeline)), ", ".join(table.rows for table in tables)
    options = ["publish = 'insert, update, delete, truncate'", "publish_via_partition_root = true"]
    if facts.version >= GENERATED_SINCE:
        options.append("publish_generated_columns = stored")
    publication = facts.publication
    if publication is None:
        yield Statement(f"CREATE PUBLICATION {name} FOR TABLE {listed} WITH ({', '.join(options)})")
        return
    if not _has_options(publication, facts.version):
        yield Statement(f"ALTER PUBLICATION {name} SET ({', '.join(options)})")
    if publication.tables != frozenset(tables) or publication.narrowed:
        yield Statement(f"ALTER PUBLICATION {name} SET TABLE {listed}")


def _has_options(publication: Publication, version: int) -> bool:
    generated = publication.generated or version < GENERATED_SINCE
    return publication.all_operations and publication.via_root and generated
