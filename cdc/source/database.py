"""The source database: reads its catalogue and what `rowtide init` needs to know, and runs the planned statements."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg

from cdc.capture_selection import Captured
from cdc.errors import OperatorError, ServiceUnavailable, WrongUse
from cdc.log.capture_faults import describe_faults, relevant_faults, snapshot_faults
from cdc.log.catalogue import faults_query
from cdc.log.heartbeat import SYSTEM_QUERY
from cdc.log.names import publication_name, role_name, slot_name
from cdc.source.facts import Facts, MarkerFacts, Publication, Role
from cdc.source.locks import LOCK_SECONDS, LOCKED, run_giving_way
from cdc.source.plan import Statement
from connections.postgres import (
    ConnectionFailure,
    address,
    connection_failure,
    login_rejected,
    pin_settings,
    reason,
    unreachable,
)
from read_model.catalog.catalog import Catalog, TableName
from read_model.catalog.catalog_query import CATALOG_QUERY, read_catalog
from read_model.postgres.unfit_values import UnfitQuery

_CONNECT_SECONDS = 10
COUNT_SECONDS = 60
"""The longest time for counting values of a table."""

_SERVER = """
SELECT current_database(), current_setting('server_version_num')::int, current_setting('wal_level'),
  current_setting('max_replication_slots')::int, current_setting('max_wal_senders')::int,
  (SELECT count(*)::int FROM pg_stat_replication), current_setting('server_encoding'), current_setting('max_slot_wal_keep_size'),
  coalesce(current_setting('idle_replication_slot_timeout', true), ''),
  (SELECT coalesce(json_object_agg(slot_name, coalesce(database, '')), '{}') FROM pg_replication_slots)
"""

_ROLE = """
SELECT rolcanlogin, rolreplication, rolbypassrls OR rolsuper, rolsuper,
  (SELECT count(*)::int FROM pg_class WHERE relowner = r.oid)
  + (SELECT count(*)::int FROM pg_namespace WHERE nspowner = r.oid),
  coalesce(rolvaliduntil < now(), false),
  (SELECT coalesce(array_agg(DISTINCT d.datname::text), '{}') FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid
   WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND d.datname <> current_database())
FROM pg_roles r WHERE rolname = %s
"""

_EMITS = """
SELECT coalesce(bool_or(has_function_privilege(%(role)s, oid, 'EXECUTE')), false) FROM pg_proc
WHERE proname = 'pg_logical_emit_message' AND pronamespace = 'pg_catalog'::regnamespace
"""

_STRANGERS = """
SELECT EXISTS (SELECT FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND NOT starts_with(rolname, 'rowtide_'))
"""

_GRANTS = """
SELECT has_database_privilege(%(role)s, current_database(), 'CONNECT'),
  (SELECT coalesce(array_agg(nspname::text), '{}') FROM pg_namespace
   WHERE has_schema_privilege(%(role)s, oid, 'USAGE')),
  (SELECT coalesce(array_agg(DISTINCT ARRAY[n.nspname::text, c.relname::text]), '{}')
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
   WHERE a.grantee = %(role)s::regrole AND a.privilege_type = 'SELECT' AND c.relkind IN ('r', 'p')),
  (SELECT coalesce(array_agg(p.oid::regprocedure::text ORDER BY 1), '{}') FROM pg_proc p
   WHERE p.pronamespace = 'pg_catalog'::regnamespace AND NOT has_function_privilege(%(role)s, p.oid, 'EXECUTE')
   AND p.proname IN ('pg_control_system', 'pg_current_wal_lsn', 'pg_walfile_name'))
"""

_PUBLICATION = """
SELECT puballtables, pubinsert AND pubupdate AND pubdelete AND pubtruncate, pubviaroot,
  coalesce(to_jsonb(p) ->> 'pubgencols', '') = 's',
  (SELECT coalesce(array_agg(ARRAY[n.nspname::text, c.relname::text]), '{}')
   FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE r.prpubid = p.oid),
  EXISTS (SELECT 1 FROM pg_publication_rel r WHERE r.prpubid = p.oid
          AND (to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL))
FROM pg_publication p WHERE pubname = %s
"""

_MARKER = """
SELECT r.rolname IS NOT NULL, coalesce(r.rolconnlimit, -1), coalesce(r.rolconfig, '{}'),
  has_database_privilege(who, current_database(), 'TEMPORARY'), has_function_privilege(who, 'lo_create(oid)', 'EXECUTE'),
  (SELECT coalesce(array_agg(datname::text ORDER BY datname), '{}') FROM pg_database
   WHERE datallowconn AND datname <> current_database() AND has_database_privilege(who, oid, 'CONNECT')),
  (SELECT coalesce(array_agg(nspname::text ORDER BY nspname), '{}') FROM pg_namespace
   WHERE has_schema_privilege(who, oid, 'CREATE')),
  coalesce(r.rolcanlogin AND coalesce(r.rolvaliduntil > now(), true), true),
  has_database_privilege(who, current_database(), 'CONNECT')
FROM (SELECT %(role)s) asked (role) LEFT JOIN pg_roles r ON r.rolname = asked.role,
  LATERAL (SELECT coalesce(r.rolname, 'public')) resolved (who)
"""


class Source:
    """One connection to the source database, as a role that can create roles and owns the tables.

    Its methods raise psycopg's errors; `open_source`, which yields it, translates them."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def catalog(self) -> Catalog:
        """The tables, as specs refer to them."""
        (text,) = self._row(CATALOG_QUERY)
        return read_catalog(msgspec.json.decode(text))

    def system(self) -> str:
        """The database's system identifier."""
        return str(self._row(SYSTEM_QUERY)[0])

    def version(self) -> int:
        """Its server_version_num."""
        return self._connection.info.server_version

    def database(self) -> str:
        """The database's name."""
        return str(self._row("SELECT current_database()")[0])

    def facts(self, pipeline: str) -> Facts:
        """What `plan_source` needs."""
        database, version, wal_level, max_slots, max_senders, senders, encoding, keep, idle, slots = self._row(_SERVER)
        role = self._connection.execute(_ROLE, (role_name(pipeline),)).fetchone()
        connect, schemas, granted, functions = self._grants(pipeline) if role else (False, [], [], [])
        return Facts(
            database=database,
            version=version,
            catalog=self.catalog(),
            wal_level=wal_level,
            max_replication_slots=max_slots,
            max_wal_senders=max_senders,
            wal_senders=senders,
            encoding=encoding,
            money_places=self._money_places(),
            max_slot_wal_keep_size=keep,
            idle_slot_timeout=idle,
            slots=slots,
            role=Role(*(*role[:-1], tuple(role[-1]))) if role else None,
            may_connect=connect,
            strangers_may_emit=self.may_emit("public") and bool(self._row(_STRANGERS)[0]),
            usable_schemas=frozenset(schemas),
            granted=frozenset(TableName(*pair) for pair in granted),
            missing_functions=tuple(functions),
            publication=self._publication(pipeline),
        )

    def marker_facts(self, role: str) -> MarkerFacts:
        """What `plan_marker_role` needs."""
        row = self._connection.execute(_MARKER, {"role": role}).fetchone()
        assert row is not None
        exists, limit, settings, temporary, large_objects, databases, schemas, login, connect = row
        return MarkerFacts(
            exists=exists,
            connection_limit=limit,
            settings=frozenset(settings),
            temporary=temporary,
            large_objects=large_objects,
            databases=tuple(databases),
            schemas=tuple(schemas),
            login=login,
            may_connect=connect,
        )

    def has_role(self, role: str) -> bool:
        """Whether the role exists."""
        return self._connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None

    def may_emit(self, role: str) -> bool:
        """Whether the role may emit messages; `public` stands for every role."""
        row = self._connection.execute(_EMITS, {"role": role}).fetchone()
        assert row is not None
        return bool(row[0])

    def capture_faults(self, pipeline: str, captured: Captured, snapshot: bool = False) -> dict[TableName, str]:
        """What is wrong with capturing these tables, a text for each; with `snapshot`, only what concerns one."""
        (reported,) = self._row(faults_query(pipeline, captured))
        faults = relevant_faults(reported, captured)
        faults = snapshot_faults(faults) if snapshot else faults
        return {table: " ".join(describe_faults(pipeline, {table: faults[table]})) for table in sorted(faults)}

    def unfit_counts(self, query: UnfitQuery) -> tuple[int, ...] | None:
        """The answer of a query of `unfit_queries`; None when it takes longer than COUNT_SECONDS or is refused."""
        try:
            with self._connection.transaction():
                self._connection.execute(f"SET LOCAL statement_timeout = '{COUNT_SECONDS}s'")
                return self._row(query.sql)
        except (psycopg.errors.QueryCanceled, psycopg.errors.InsufficientPrivilege):
            return None

    def verifier(self, role: str, password: str) -> str:
        """The password as PostgreSQL stores it, so that the text itself reaches neither the server nor its log."""
        encrypted = self._connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        return bytes(encrypted).decode()

    def run(self, statements: Iterable[Statement]) -> None:
        """Run the statements in one transaction: all or nothing. While tables are locked, it is tried again."""
        run_giving_way(self._connection, [statement.sql for statement in statements])

    def slot_active(self, pipeline: str) -> bool | None:
        """Whether a consumer is connected to the slot; None when there is no slot."""
        query = "SELECT active FROM pg_replication_slots WHERE slot_name = %s"
        row = self._connection.execute(query, (slot_name(pipeline),)).fetchone()
        return None if row is None else bool(row[0])

    def drop_slot(self, pipeline: str) -> None:
        """Drop the slot; the changes that the connector has not read yet are lost to it."""
        self._connection.execute("SELECT pg_drop_replication_slot(%s)", (slot_name(pipeline),))

    def lsn(self) -> int:
        """The LSN that the WAL is written at, as an integer."""
        return int(self._row("SELECT pg_current_wal_insert_lsn() - '0/0'")[0])

    def published(self, pipeline: str) -> list[TableName]:
        """The tables in the publication; none without it."""
        publication = self._publication(pipeline)
        return sorted(publication.tables) if publication else []

    def all_empty(self, pipeline: str) -> bool:
        """Whether no captured table has a row."""
        return not any(
            self._row(f"SELECT EXISTS (SELECT FROM {table.quoted})")[0] for table in self.published(pipeline)
        )

    def emit_message(self, prefix: str, content: bytes) -> None:
        """Write a message to the WAL, outside of a transaction."""
        self._connection.execute("SELECT pg_logical_emit_message(false, %s, %s::bytea)", (prefix, content))

    def _money_places(self) -> int:
        """Decimal places of money as the application sees it: those of the lc_monetary with which it connects."""
        with self._connection.transaction():
            self._connection.execute("SET LOCAL lc_monetary TO DEFAULT")
            return int(self._row("SELECT scale(1::money::numeric)")[0])

    def _grants(self, pipeline: str) -> tuple[bool, list[str], list[list[str]], list[str]]:
        row = self._connection.execute(_GRANTS, {"role": role_name(pipeline)}).fetchone()
        assert row is not None
        return row[0], row[1], row[2], row[3]

    def _publication(self, pipeline: str) -> Publication | None:
        row = self._connection.execute(_PUBLICATION, (publication_name(pipeline),)).fetchone()
        if row is None:
            return None
        all_tables, operations, via_root, generated, tables, narrowed = row
        return Publication(
            frozenset(TableName(*pair) for pair in tables), all_tables, operations, via_root, generated, narrowed
        )

    def _row(self, query: str) -> tuple[Any, ...]:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return tuple(row)


@contextmanager
def open_source(dsn: str) -> Iterator[Source]:
    """Connect, and translate every error of PostgreSQL until the end: raises WrongUse when it rejects the login,
    ServiceUnavailable when it does not answer or goes away, OperatorError when it refuses a statement."""
    try:
        with psycopg.connect(
            dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="rowtide", client_encoding="utf8"
        ) as connection:
            pin_settings(connection)
            yield Source(connection)
    except psycopg.Error as error:
        raise operator_error(error, dsn) from error


def operator_error(error: psycopg.Error, dsn: str) -> OperatorError:
    """An error of PostgreSQL as one with a text for people and an exit code, without the password."""
    server = f"PostgreSQL at {_address(dsn)}"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return OperatorError(
            f"{server} refused: {reason(error)}. `rowtide init` needs a role that can create roles and publications and"
            " owns the tables; or run the output of `rowtide init --dry-run` as such a role."
        )
    if isinstance(error, LOCKED):
        return OperatorError(
            f"{server}: other sessions kept a captured table locked for {LOCK_SECONDS:g} s (pg_locks shows which)."
            " Nothing was changed. Repeat the command."
        )
    match connection_failure(error):
        case ConnectionFailure.LOGIN:
            return WrongUse(login_rejected(server, error))
        case ConnectionFailure.UNREACHABLE:
            return ServiceUnavailable(unreachable(server, error))
        case None:
            return OperatorError(f"{server} refused: {reason(error)}.")


def _address(dsn: str) -> str:
    try:
        return address(dsn)
    except ValueError as error:
        raise WrongUse(str(error)) from None
