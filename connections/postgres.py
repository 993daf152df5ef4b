"""How programs reach PostgreSQL: reading a DSN, and what a failed or lost connection means. Opens nothing."""

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
