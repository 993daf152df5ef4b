"""How programs reach PostgreSQL: reading a DSN, what a failed or lost connection means, and the settings of a session.
Opens nothing."""

import re
from enum import Enum, auto
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

DSN_FORM = "postgresql://user:password@host:5432/database"
SOURCE_DSN = (
    "The source database. `rowtide init` needs a role that owns the tables and can create roles. The worker needs one that"
    " can read the documents' tables: it reads the catalogue when the row store is new, re-reads a table whose definition"
    " changed, and queries the end of the WAL at startup and while heartbeats are missing."
)
"""Description of ROWTIDE_POSTGRES_DSN."""
NOT_A_DSN = f"ROWTIDE_POSTGRES_DSN is not a DSN. Write {DSN_FORM}."

_SESSION_ENDED = ("08", "28", "53300", "57P")
"""How the SQLSTATE begins when a session cannot begin or continue, if there is one."""

_TEMPORARY = re.compile(
    r"the database system is|too many (clients|connections)|connection slots are reserved|terminating connection"
)
"""Messages of a server that will accept the same login later."""

_CLIENT_SIDE = re.compile(r"no password supplied|certificate|does not support SSL|invalid sslmode")
"""Messages of libpq, before the server has answered."""


class ConnectionFailure(Enum):
    """Why a session could not begin or continue."""

    LOGIN = auto()
    """The password, role, database or certificate is wrong: it will fail the same way next time."""
    UNREACHABLE = auto()
    """The server does not answer, or accepts no connections at the moment."""


def connection_failure(error: psycopg.Error) -> ConnectionFailure | None:
    """Why there is no session; None when the session is fine and PostgreSQL refused a statement."""
    if not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return None
    if error.sqlstate is not None and not error.sqlstate.startswith(_SESSION_ENDED):
        return None
    return ConnectionFailure.LOGIN if is_wrong_login(str(error)) else ConnectionFailure.UNREACHABLE


def is_wrong_login(message: str) -> bool:
    """Whether the message of a failed attempt to connect means a wrong login, which `ConnectionFailure.LOGIN`
    describes."""
    fatal = [line for line in message.splitlines() if "FATAL:" in line]
    if fatal:
        return not any(_TEMPORARY.search(line) for line in fatal)
    return bool(_CLIENT_SIDE.search(message))


def login_rejected(server: str, error: psycopg.Error) -> str:
    """What to tell people about `ConnectionFailure.LOGIN`. `server` names the server, without the password."""
    return (
        f"{server} rejected the connection: {reason(error)}. Correct ROWTIDE_POSTGRES_DSN, or allow the connection on"
        " the server."
    )


def unreachable(server: str, error: psycopg.Error) -> str:
    """What to tell people about `ConnectionFailure.UNREACHABLE`. `server` names the server, without the password."""
    return f"{server} does not answer: {reason(error)}. Start it or correct ROWTIDE_POSTGRES_DSN."


def reason(error: psycopg.Error) -> str:
    """The first line of PostgreSQL's or libpq's message, without its full stop."""
    return (error.diag.message_primary or str(error)).strip().split("\n")[0].rstrip(".")


def dsn_parts(dsn: str) -> dict[str, Any]:
    """The parameters of a DSN. Raises ValueError, which does not quote it."""
    try:
        return conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise ValueError(NOT_A_DSN) from None


def address(dsn: str) -> str:
    """host:port/database of a DSN, for messages. Raises ValueError when it is not a DSN."""
    parts = dsn_parts(dsn)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


# ALTER DATABASE … SET, ALTER ROLE … SET and postgresql.conf reach every session that does not say otherwise, ours too:
# with extra_float_digits = 0 floats arrive rounded, with bytea_output = escape Debezium fails.
_VALUES = {
    "array_nulls": "on",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "IntervalStyle": "postgres",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "xmloption": "content",
}
"""How values are printed and read."""

_LIMITS = {
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "lock_timeout": "0",
    "statement_timeout": "0",
    "transaction_timeout": "0",
}
_TRANSACTIONS = {
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "row_security": "on",
}
_DRIVER = {"DateStyle": "ISO", "TimeZone": "UTC"}
"""What the connector's driver sends itself, after the options."""

_SINCE = {"transaction_timeout": 170000}
"""The first server version of parameters that the oldest supported one does not have."""

PINNED = {**_VALUES, **_LIMITS, **_TRANSACTIONS, **_DRIVER}

_LIST = ", ".join(f"('{name}', '{value}')" for name, value in PINNED.items())
# Equality of a citext is an operator of its extension: without the extension's schema in the path, it would compare as
# text does. Everything else has its schema in front.
_PIN = f"""
SET search_path = pg_catalog;
SELECT set_config(s.name, p.value, false) FROM pg_settings s JOIN (VALUES {_LIST}) p(name, value) ON p.name = s.name;
SELECT set_config('search_path', concat_ws(', ', 'pg_catalog', string_agg(DISTINCT quote_ident(n.nspname), ', ')), false)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname <> 'pg_catalog'
"""


def pin_settings(connection: psycopg.Connection[Any]) -> None:
    """Set the parameters of a new session. Raises psycopg's errors.

    In SQL and not when it connects, because poolers refuse options. The search path is that of the extensions' types
    and operators."""
    connection.execute(_PIN)


def connector_options(version: int) -> str:
    """The `options` with which the connector's sessions connect, the one that decodes the WAL included: it runs no SQL.

    `version` is server_version_num. With only pg_catalog in the search path, every other type has its schema in its
    name, so that Debezium tells types of one name apart."""
    settings = {**_VALUES, **_LIMITS, **_TRANSACTIONS, "search_path": "pg_catalog"}
    known = {name: value for name, value in settings.items() if version >= _SINCE.get(name, 0)}
    return " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in known.items())
