"""Whether the connector's role can still sign in with the password that is stored for it."""

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from connections.postgres import ConnectionFailure, connection_failure

_SECONDS = 5
_OTHER_WAYS = ("passfile", "service", "sslcert", "sslkey", "options")
_NOT_THE_PASSWORD = ("pg_hba.conf", "not permitted to log in", "permission denied for database", "does not exist")
"""In the message of a rejection: it is not the password that is wrong."""


def password_rejected(dsn: str, role: str, password: str) -> bool:
    """Whether PostgreSQL rejects this password. False also when that cannot be told from here."""
    parameters = {name: value for name, value in conninfo_to_dict(dsn).items() if name not in _OTHER_WAYS}
    own = make_conninfo("", **parameters | {"user": role, "password": password, "connect_timeout": _SECONDS})
    try:
        psycopg.connect(own).close()
    except psycopg.Error as error:
        rejected = connection_failure(error) is ConnectionFailure.LOGIN
        return rejected and not any(text in str(error) for text in _NOT_THE_PASSWORD)
    return False
