"""The generated passwords of the roles in the source database, and the files that they are stored in."""

import secrets
from pathlib import Path

from psycopg.conninfo import make_conninfo

from cdc.errors import WrongUse
from cdc.log.names import role_name
from cdc.settings import Settings
from connections.postgres import dsn_parts
from connections.private_files import make_private_folder, read_secret, write_private_file


def password_file(settings: Settings, pipeline: str) -> Path:
    """The file of the generated password of the connector's role."""
    return settings.secrets_dir / f"{role_name(pipeline)}.password"


def stored_password(settings: Settings, pipeline: str) -> str | None:
    """The password of the connector's role, from the setting or the file; None when there is neither. Raises WrongUse
    when the file cannot be read."""
    if settings.connector_password is not None:
        return settings.connector_password.get_secret_value()
    try:
        return read_secret(password_file(settings, pipeline))
    except ValueError as error:
        raise WrongUse(str(error)) from None


def create_password(settings: Settings, pipeline: str) -> str:
    """Generate a password and write it to the file, which only its owner can read."""
    password = new_password()
    write_secret(password_file(settings, pipeline), password)
    return password


def role_dsn(owner_dsn: str, role: str, password: str) -> str:
    """The DSN with which a role reaches the same database: the owner's parameters (host, TLS, …), but not its way to
    sign in. Raises WrongUse when the owner's is no DSN."""
    try:
        parameters = dsn_parts(owner_dsn)
    except ValueError as error:
        raise WrongUse(str(error)) from None
    for name in ("passfile", "sslcert", "sslkey"):
        parameters.pop(name, None)
    return make_conninfo("", **{**parameters, "user": role, "password": password})


def new_password() -> str:
    """Generate a random password."""
    return secrets.token_urlsafe(24)


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read. Raises WrongUse when that fails."""
    try:
        make_private_folder(path.parent)
        write_private_file(path, text + "\n")
    except OSError as error:
        raise WrongUse(f"The secret cannot be written to {path}: {error.strerror}. Set ROWTIDE_SECRETS_DIR.") from error
