"""`rowtide api`: the search API and page, the API keys of their callers, and the audit of exports."""

from typing import Annotated

import typer

from rowtide.command import add_command, new_group
from rowtide.commands import api_keys
from rowtide.commands.completion import documents
from rowtide.commands.elasticsearch_key import DaysOption, search
from rowtide.console import warn_deprecated


def register(root: typer.Typer) -> None:
    """Add `api` to the root of `rowtide`."""
    group = new_group(
        "Serve the search API and page, and manage access to them.",
        "rowtide api serve",
        "rowtide api keys create dashboard --index orders --days 90",
    )
    add_command(
        group,
        serve,
        "rowtide api serve",
        "# With a new read-only key for Elasticsearch",
        'env "$(rowtide elasticsearch-key search orders)" rowtide api serve',
    )
    add_command(group, key, "rowtide elasticsearch-key search orders", hidden=True)
    api_keys.register(group)
    root.add_typer(group, name="api")


def serve() -> None:
    """Serve the search API and page until stopped.

    Settings are environment variables. ROWTIDE_ELASTICSEARCH_URL and ROWTIDE_ELASTICSEARCH_API_KEY are the least it
    needs.
    """
    from search_api import __main__ as program  # noqa: PLC0415 The commands for keys need no web application.

    raise typer.Exit(program.main())


def key(
    aliases: Annotated[
        list[str],
        typer.Argument(metavar="ALIAS", help="Index aliases that the key may read.", autocompletion=documents),
    ],
    name: Annotated[str, typer.Option("--name", help="Name of the key in Elasticsearch.")] = "rowtide-search",
    days: DaysOption = None,
) -> None:
    """Deprecated: use `rowtide elasticsearch-key search`."""
    warn_deprecated("rowtide api key", "rowtide elasticsearch-key search")
    search(aliases, name, days)
