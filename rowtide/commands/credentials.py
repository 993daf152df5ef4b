"""`rowtide credentials`: the settings with which the worker and the search API sign in, instead of an administrator's."""

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer
from pydantic_settings import BaseSettings

from cdc.errors import WrongUse
from cdc.log.names import marker_dsn_file, role_name
from cdc.role_passwords import role_dsn, stored_password
from cdc.settings import Settings
from connections.private_files import read_secret
from connections.settings import variable
from read_model.spec.file import load_spec
from rowtide.command import add_command, new_group
from rowtide.commands.elasticsearch_key import (
    AliasesArgument,
    DaysOption,
    KeySettings,
    create_search_key,
    create_worker_key,
    required_spec,
)
from search_api.settings import ApiSettings
from sync_worker.errors import SettingsError
from sync_worker.settings import WorkerSettings

SECRET = re.compile(r"ROWTIDE_\w*(DSN|KEY|PASSWORD|SECRET|TOKEN|USERNAME)")
"""Variables that grant access to something."""
ADMINISTRATOR = frozenset({"ROWTIDE_ELASTICSEARCH_USERNAME", "ROWTIDE_ELASTICSEARCH_PASSWORD"})


def register(root: typer.Typer) -> None:
    """Add `credentials` to the root of `rowtide`."""
    group = new_group(
        "Print the least-privileged credentials of the worker and the search API.",
        '(eval "$(rowtide credentials worker)"; exec rowtide worker)',
        '(eval "$(rowtide credentials search orders)"; exec rowtide api serve)',
    )
    add_command(group, worker, '(eval "$(rowtide credentials worker)"; exec rowtide worker)')
    add_command(group, search, '(eval "$(rowtide credentials search orders)"; exec rowtide api serve)')
    root.add_typer(group, name="credentials")


def worker(days: DaysOption = None) -> None:
    """Print the worker's credentials as shell commands.

    They set a new Elasticsearch API key for the documents in ROWTIDE_SPEC, and a DSN with the connector's role, which
    can only read the tables, and unset every other secret. Run them in a subshell: the operators' commands need an
    administrator's credentials, as this command does.
    """
    with _shell_ends_on_error():
        _print(WorkerSettings, _worker(KeySettings.read(), Settings.read(), days))


def _worker(keys: KeySettings, settings: Settings, days: int | None) -> dict[str, str]:
    spec = required_spec(keys)
    password = stored_password(settings, spec.pipeline)
    if password is None:
        raise WrongUse(f"The password of role {role_name(spec.pipeline)} is not stored. Run `rowtide init` first.")
    dsn = role_dsn(settings.source_dsn, role_name(spec.pipeline), password)
    key = create_worker_key(keys, spec.pipeline, [document.name for document in spec.documents], days)
    return {"ROWTIDE_POSTGRES_DSN": dsn, "ROWTIDE_ELASTICSEARCH_API_KEY": key}


def search(aliases: AliasesArgument = None, days: DaysOption = None) -> None:
    """Print the search API's credentials as shell commands.

    They set a new read-only Elasticsearch API key and, if `rowtide init --marker` has created it, the DSN of the marker
    role, and unset every other secret. Run them in a subshell.
    """
    with _shell_ends_on_error():
        _print(ApiSettings, _search(KeySettings.read(), Settings.read(), aliases, days))


def _search(keys: KeySettings, settings: Settings, aliases: list[str] | None, days: int | None) -> dict[str, str]:
    spec = load_spec(keys.spec) if keys.spec else None
    names = aliases or [document.name for document in spec.documents] if spec else aliases
    if not names:
        raise SettingsError("Name the index aliases, or set ROWTIDE_SPEC to the document spec.")
    try:
        marker = read_secret(settings.secrets_dir / marker_dsn_file(spec.pipeline)) if spec else None
    except ValueError as error:
        raise WrongUse(str(error)) from None
    exports = {"ROWTIDE_ELASTICSEARCH_API_KEY": create_search_key(keys, names, "rowtide-search", days)}
    return exports | ({"ROWTIDE_MARKER_DSN": marker} if marker else {})


@contextmanager
def _shell_ends_on_error() -> Iterator[None]:
    """Without commands, the program would start with the administrator's credentials."""
    try:
        yield
    except Exception:
        typer.echo("exit 1")
        raise


def _print(program: type[BaseSettings], exports: Mapping[str, str]) -> None:
    for line in shell_commands(program, exports, os.environ):
        typer.echo(line)


def shell_commands(
    program: type[BaseSettings], exports: Mapping[str, str], environment: Mapping[str, str]
) -> list[str]:
    """The commands that set `exports`, and unset each secret of the environment that the program does not need."""
    own = {variable(name) for name in program.model_fields} - ADMINISTRATOR
    surplus = [name for name in sorted(environment) if SECRET.fullmatch(name) and name not in own]
    unset = [f"unset {' '.join(surplus)}"] if surplus else []
    return unset + [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
