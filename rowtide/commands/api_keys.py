"""`rowtide api keys` and `rowtide api audit`: who may use the search API, and who exported what."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Annotated

import msgspec
import typer
from rich.table import Column

from rowtide.command import add_command, new_group
from rowtide.commands.completion import documents
from rowtide.console import (
    JsonFlag,
    NamedOutputOption,
    Output,
    OutputOption,
    format_time,
    print_json,
    print_names,
    print_note,
    print_table,
    print_text,
    with_json_flag,
)
from search_api.access.api_keys import ApiKey, ApiKeys
from search_api.access.audit import Audit
from search_api.access.callers import ALL, SCOPES, Scope
from search_api.access.key_validation import check_key, read_scopes
from search_api.access.state import State, now_ms
from search_api.settings import StateSettings, read_settings, read_state_settings

DAY_MS = 24 * 3600 * 1000
USUAL: tuple[Scope, ...] = ("search", "aggregate", "explain", "save")
"""The default scopes: everything except exporting all documents."""

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Key id, as `rowtide api keys list` shows it.")]


class KeyNotFound(Exception):
    """There is no key with this id."""

    exit_code = 1

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no key {key_id}. Run `rowtide api keys list` to see all keys.")


def register(api: typer.Typer) -> None:
    """Add `keys` and `audit` to `rowtide api`."""
    group = new_group(
        "Manage the API keys of the search API's callers.",
        "rowtide api keys create dashboard --index orders --days 90",
        "rowtide api keys list",
    )
    add_command(
        group,
        create,
        "rowtide api keys create dashboard --index orders --days 90",
        "# One tenant's documents, with e-mail addresses in clear",
        "rowtide api keys create acme --filter tenant:acme --unmask email",
    )
    add_command(group, list_, "rowtide api keys list", "rowtide api keys list -o json")
    add_command(group, show, "rowtide api keys show 1f0c9a7b22de")
    add_command(group, revoke, "rowtide api keys revoke 1f0c9a7b22de")
    api.add_typer(group, name="keys")
    add_command(api, audit, "rowtide api audit --limit 10", "rowtide api audit -o json")


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who or what will use the key, for people to read.")],
    index: Annotated[
        list[str] | None,
        typer.Option(
            "--index",
            metavar="NAME",
            help="Index that the key may read. Repeatable; the default is all.",
            autocompletion=documents,
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            autocompletion=lambda: list(SCOPES),
            help=f"One of {', '.join(SCOPES)}. Repeatable; the default is {', '.join(USUAL)}.",
        ),
    ] = None,
    filter: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", metavar="FILTER", help="The key sees only documents that match this filter. Repeatable."
        ),
    ] = None,
    unmask: Annotated[
        list[str] | None,
        typer.Option(
            "--unmask",
            metavar="KIND",
            help="Kind of personal data that the key sees, or * for all. Repeatable; the default is none.",
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Days until the key expires. Without it, it never expires.")
    ] = None,
) -> None:
    """Create an API key and print it once.

    Indexes, filters and kinds of personal data are checked against Elasticsearch.
    """
    scopes = read_scopes(scope or list(USUAL))
    indexes, filters, unmasked = index or [ALL], filter or [], unmask or []
    settings = read_settings()
    access = settings.elasticsearch_access(settings.request_timeout)
    asyncio.run(check_key(access, indexes, filters, unmasked))
    expires = now_ms() + days * DAY_MS if days else None
    with closing(State(settings.state_file)) as state:
        key, text = ApiKeys(state).create(name, scopes, indexes, filters, unmasked, expires)
    print_note(f"Key {key.id} for {name}. It is shown only this once. Send it as `Authorization: Bearer KEY`.")
    typer.echo(text)


def list_(output: NamedOutputOption = Output.TEXT, json: JsonFlag = False) -> None:
    """List the API keys, newest first."""
    output = with_json_flag(output, json)
    with _state() as state:
        keys = ApiKeys(state).all()
    if output is Output.JSON:
        _print_json_lines(keys)
    elif output is Output.NAME:
        print_names([key.id for key in keys])
    else:
        columns = (Column("ID", no_wrap=True), "NAME", "STATE", "SCOPES", "INDEXES", "FILTERS", "SEES")
        print_table((*columns, "EXPIRES", "LAST USED"), [_cells(key) for key in keys], "There are no API keys.")


def show(key_id: KeyId, output: OutputOption = Output.JSON) -> None:
    """Show an API key, without its secret."""
    with _state() as state:
        key = ApiKeys(state).get(key_id)
    if key is None:
        raise KeyNotFound(key_id)
    if output is Output.JSON:
        _print_json_lines([key])
        return
    names = ("id", "name", "state", "scopes", "indexes", "filters", "sees", "expires", "last used")
    for field, value in zip(names, _cells(key), strict=True):
        print_text(f"{field:<9}  {value}")


def revoke(key_id: KeyId) -> None:
    """Revoke an API key.

    This takes effect immediately, cannot be undone, and ends the key's sessions.
    """
    with _state() as state:
        if not ApiKeys(state).revoke(key_id):
            raise KeyNotFound(key_id)
    print_note(f"Key {key_id} is revoked.")


def audit(
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Number of exports to show.")] = 50,
    output: OutputOption = Output.TEXT,
    json: JsonFlag = False,
) -> None:
    """Show who exported what and when, newest first.

    The audit never holds values of rows.
    """
    output = with_json_flag(output, json)
    with _state() as state:
        exports = Audit(state).newest(limit)
    if output is Output.JSON:
        _print_json_lines(exports)
        return
    rows = [
        (
            format_time(export.at_ms),
            f"{export.key_name} ({export.key_id})" if export.key_id else "anybody",
            export.address,
            export.index,
            export.format,
            "" if export.rows is None else str(export.rows),
            export.ended,
            export.query,
        )
        for export in exports
    ]
    columns = ("WHEN", "KEY", "FROM", "INDEX", "FORMAT", Column("ROWS", justify="right"), "ENDED", "QUERY")
    print_table(columns, rows, "Nothing was exported.")


@contextmanager
def _state() -> Iterator[State]:
    settings: StateSettings = read_state_settings()
    with closing(State(settings.state_file)) as state:
        yield state


def _cells(key: ApiKey) -> tuple[str, ...]:
    expires, used = format_time(key.expires_ms) or "never", format_time(key.used_ms) or "never"
    lists = (" ".join(values) for values in (key.scopes, key.indexes, key.filters, key.unmasked))
    return key.id, key.name, key.condition(now_ms()), *lists, expires, used


def _print_json_lines(values: Sequence[msgspec.Struct]) -> None:
    for value in values:
        print_json(value)
