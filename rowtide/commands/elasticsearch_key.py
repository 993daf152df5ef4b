"""`rowtide elasticsearch-key`: the API keys with which the worker and the search API reach Elasticsearch."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Self

import typer
from pydantic import Field, SecretStr, ValidationError

from connections.api_keys import create_api_key
from connections.elasticsearch import ElasticsearchAccess, ElasticsearchSettings
from connections.settings import setting_faults
from read_model.spec.file import load_spec
from read_model.spec.model import Spec
from rowtide.command import add_command, new_group
from rowtide.commands.completion import documents
from rowtide.console import warn_deprecated
from search_api.elasticsearch.privileges import key_body
from sync_worker.elasticsearch.privileges import worker_key_body
from sync_worker.errors import SettingsError

DaysOption = Annotated[
    int | None, typer.Option("--days", min=1, help="Days until the key expires. Without it, the key never expires.")
]
AliasesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ALIAS",
        help="Index aliases that the key may read. The default is all documents of ROWTIDE_SPEC.",
        autocompletion=documents,
    ),
]


class KeySettings(ElasticsearchSettings):
    """The settings of `rowtide elasticsearch-key`."""

    spec: Path | None = Field(default=None, description="Document spec (YAML). Its documents name the indexes.")
    elasticsearch_username: str = Field(description="User that may manage API keys.")
    elasticsearch_password: SecretStr = Field(description="Password of that user.")

    @classmethod
    def read(cls) -> Self:
        """Read the environment. SettingsError names every variable that is missing or invalid."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError(
                "These settings are missing or invalid:\n  " + "\n  ".join(setting_faults(error))
            ) from None


def register(root: typer.Typer) -> None:
    """Add `elasticsearch-key` and its older spelling to the root of `rowtide`."""
    group = new_group(
        "Create the Elasticsearch API keys of the worker and the search API.",
        'export "$(rowtide elasticsearch-key worker)"',
        "rowtide elasticsearch-key search orders products --days 90",
    )
    add_command(
        group,
        worker,
        "ROWTIDE_SPEC=shop.yaml rowtide elasticsearch-key worker --days 90",
        "# Start the worker with a new key",
        'env "$(rowtide elasticsearch-key worker)" rowtide worker',
    )
    add_command(
        group,
        search,
        "rowtide elasticsearch-key search orders products --days 90",
        "# Start the search API with a new key",
        'env "$(rowtide elasticsearch-key search orders)" rowtide api serve',
    )
    root.add_typer(group, name="elasticsearch-key")
    add_command(root, worker_key, "rowtide elasticsearch-key worker", name="worker-key", hidden=True)


def worker(days: DaysOption = None) -> None:
    """Create the worker's API key.

    The key may write the indexes of the documents in ROWTIDE_SPEC, and nothing else. The command signs in with
    ROWTIDE_ELASTICSEARCH_USERNAME and ROWTIDE_ELASTICSEARCH_PASSWORD of an administrator, and prints the key once, as
    the setting that takes it.
    """
    settings = KeySettings.read()
    spec = required_spec(settings)
    key = create_worker_key(settings, spec.pipeline, [document.name for document in spec.documents], days)
    typer.echo(f"ROWTIDE_ELASTICSEARCH_API_KEY={key}")


def search(
    aliases: AliasesArgument = None,
    name: Annotated[str, typer.Option("--name", help="Name of the key in Elasticsearch.")] = "rowtide-search",
    days: DaysOption = None,
) -> None:
    """Create the search API's API key.

    The key can only read. The command signs in with ROWTIDE_ELASTICSEARCH_USERNAME and
    ROWTIDE_ELASTICSEARCH_PASSWORD of an administrator, and prints the key once, as the setting that takes it.
    """
    settings = KeySettings.read()
    readable = aliases or [document.name for document in required_spec(settings).documents]
    typer.echo(f"ROWTIDE_ELASTICSEARCH_API_KEY={create_search_key(settings, readable, name, days)}")


def worker_key(days: DaysOption = None) -> None:
    """Deprecated: use `rowtide elasticsearch-key worker`."""
    warn_deprecated("rowtide worker-key", "rowtide elasticsearch-key worker")
    worker(days)


def create_worker_key(settings: KeySettings, pipeline: str, aliases: Sequence[str], days: int | None = None) -> str:
    """Create the worker's key and return it encoded, as clients send it. Raises ApiKeyError."""
    return create_api_key(_administrator(settings), worker_key_body(pipeline, aliases, days))


def create_search_key(
    settings: ElasticsearchSettings, aliases: Sequence[str], name: str, days: int | None = None
) -> str:
    """Create the search API's key and return it encoded, as clients send it. Raises ApiKeyError."""
    return create_api_key(_administrator(settings), key_body(name, aliases, days))


def _administrator(settings: ElasticsearchSettings) -> ElasticsearchAccess:
    """The access with the user and password, even if an API key is also set."""
    return replace(settings.elasticsearch_access(), api_key=None)


def required_spec(settings: KeySettings) -> Spec:
    """The spec of the settings. Raises SettingsError when none is set, SpecError when it cannot be used."""
    if settings.spec is None:
        raise SettingsError("Set ROWTIDE_SPEC to the document spec.")
    return load_spec(settings.spec)
