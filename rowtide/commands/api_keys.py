"""`rowtide api keys …` and `rowtide api audit`: who may use the API, and who exported what. (`rowtide api key`, without the s,
makes the key that the API itself reads Elasticsearch with.)"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from search_api.access.api_keys import ApiKey, ApiKeys
from search_api.access.audit import Audit
from search_api.access.callers import ALL, SCOPES, Scope
from search_api.access.state import State, StateFileError, now_ms
from search_api.elasticsearch.client import IndexReader, connect
from search_api.elasticsearch.search_body import filter_clauses
from search_api.errors import CredentialsRejected, ElasticsearchUnavailable, IndexNotFound
from search_api.query.schema import IndexSchema
from search_api.query.validation import InvalidRequest
from search_api.settings import ApiSettings, InvalidSettings, StateSettings, read_settings, read_state_settings

keys = typer.Typer(help="API keys of those who use the search API.", no_args_is_help=True)
DAY_MS = 24 * 3600 * 1000
USUAL: tuple[Scope, ...] = ("search", "aggregate", "explain", "save")
"""What a key may do when nothing is said: everything but to carry all documents away."""

Name = Annotated[str, typer.Argument(help="Who or what will use it, for people to read.")]
KeyId = Annotated[str, typer.Argument(help="The id of a key, as `rowtide api keys list` shows it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


class WrongKey(Exception):
    """A key that was asked for cannot be made; the message says why."""


class KeyUnknown(Exception):
    """There is no key with that id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no key {key_id}; `rowtide api keys list` shows them.")


@keys.command()
def create(  # Each is an option of the command.
    name: Name,
    index: Annotated[
        list[str] | None, typer.Option(help="An index that it may read; repeat it. All, if left out.")
    ] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(SCOPES)}; repeat it. {', '.join(USUAL)}, if left out.")
    ] = None,
    filter: Annotated[
        list[str] | None,
        typer.Option(help="A filter that every document must fulfil to exist for this key; repeat it."),
    ] = None,
    unmask: Annotated[
        list[str] | None,
        typer.Option(help="A kind of personal data that it sees, or * for all; repeat it. None, if left out."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never, if left out.")] = None,
) -> None:
    """Make an API key and print it, once. Indexes, filters and kinds of data are checked against Elasticsearch."""
    with _answering():
        scopes = _scopes(scope or list(USUAL))
        indexes, filters, unmasked = index or [ALL], filter or [], unmask or []
        settings = read_settings()
        asyncio.run(_check(settings, indexes, filters, unmasked))
        expires = now_ms() + days * DAY_MS if days else None
        with closing(State(settings.state_file)) as state:
            key, text = ApiKeys(state).create(name, scopes, indexes, filters, unmasked, expires)
    sys.stderr.write(f"Key {key.id} for {name}. It is shown this once; send it as `Authorization: Bearer <key>`.\n")
    typer.echo(text)


@keys.command("list")
def list_keys(json: Json = False) -> None:
    """List the API keys, the newest first."""
    with _answering(), _state() as state:
        found = ApiKeys(state).all()
    if json:
        _print_json(found)
        return
    table = Table(
        Column("id", no_wrap=True),
        "name",
        "state",
        "scopes",
        "indexes",
        "filters",
        "sees",
        "expires",
        "last used",
        box=None,
    )
    for one in found:
        table.add_row(*_cells(one))
    Console().print(table)


@keys.command()
def show(key_id: KeyId) -> None:
    """Show one API key as JSON, without its secret."""
    with _answering(), _state() as state:
        found = ApiKeys(state).get(key_id)
        if found is None:
            raise KeyUnknown(key_id)
    _print_json([found])


@keys.command()
def revoke(key_id: KeyId) -> None:
    """Make an API key useless, at once and for good; its sessions end."""
    with _answering(), _state() as state:
        if not ApiKeys(state).revoke(key_id):
            raise KeyUnknown(key_id)
    sys.stderr.write(f"Key {key_id} is revoked.\n")


def audit(
    most: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Exports to show.")] = 50, json: Json = False
) -> None:
    """Show who exported what and when, the newest first. Values of rows are never noted."""
    with _answering(), _state() as state:
        found = Audit(state).newest(most)
    if json:
        _print_json(found)
        return
    table = Table("when", "key", "from", "index", "format", "rows", "ended", "query", box=None)
    for one in found:
        who = f"{one.key_name} ({one.key_id})" if one.key_id else "anybody"
        rows = "" if one.rows is None else str(one.rows)
        table.add_row(_moment(one.at_ms), who, one.address, one.index, one.format, rows, one.ended, one.query)
    Console().print(table)


async def _check(settings: ApiSettings, indexes: list[str], filters: list[str], unmasked: list[str]) -> None:
    """Whether the key would work as it is meant to; raises WrongKey, or what stands in the way of knowing."""
    if indexes == [ALL] and not filters and set(unmasked) <= {ALL}:
        return
    async with connect(settings.elasticsearch_access(settings.request_timeout)) as client:
        reader = IndexReader(client, allow_writer=True)
        names = await reader.indices() if ALL in indexes else indexes
        try:
            schemas = {name: await reader.schema(name) for name in names}
        except IndexNotFound as error:
            raise WrongKey(f"There is no index {str(error)!r} that the API can read.") from None
    for name, schema in schemas.items():
        _check_filters(name, schema, filters)
    known = {kind for schema in schemas.values() for field in schema.fields for kind in field.pii}
    if wrong := sorted(set(unmasked) - known - {ALL}):
        raise WrongKey(f"No field holds {wrong[0]!r}; there are: {', '.join(sorted(known)) or 'none'}.")


def _check_filters(name: str, schema: IndexSchema, filters: list[str]) -> None:
    try:
        filter_clauses(filters, schema)
    except InvalidRequest as error:
        raise WrongKey(
            f"The filter does not fit the index {name!r}: {error} Leave the index out with --index."
        ) from None


def _scopes(given: list[str]) -> list[Scope]:
    try:
        return list(dict.fromkeys(msgspec.convert(given, type=list[Scope])))
    except msgspec.ValidationError:
        raise WrongKey(f"A scope is one of {', '.join(SCOPES)}.") from None


@contextmanager
def _state() -> Iterator[State]:
    settings: StateSettings = read_state_settings()
    with closing(State(settings.state_file)) as state:
        yield state


@contextmanager
def _answering() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code."""
    try:
        yield
    except (InvalidSettings, WrongKey, StateFileError) as error:
        raise _failure(str(error), 2) from None
    except KeyUnknown as error:
        raise _failure(str(error), 1) from None
    except CredentialsRejected as error:
        raise _failure(f"{error} Correct ROWTIDE_ELASTICSEARCH_API_KEY; `rowtide api key` makes one.", 2) from None
    except ElasticsearchUnavailable as error:
        raise _failure(
            f"{error} The key is checked against it; start it, or correct ROWTIDE_ELASTICSEARCH_URL.", 3
        ) from None


def _failure(message: str, code: int) -> typer.Exit:
    sys.stderr.write(f"{message}\n")
    return typer.Exit(code)


def _cells(key: ApiKey) -> tuple[str, ...]:
    expires, used = _moment(key.expires_ms) or "never", _moment(key.used_ms) or "never"
    lists = (" ".join(one) for one in (key.scopes, key.indexes, key.filters, key.unmasked))
    return key.id, key.name, key.condition(now_ms()), *lists, expires, used


def _moment(ms: int | None) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if ms else ""


def _print_json(found: Sequence[msgspec.Struct]) -> None:
    for one in found:
        typer.echo(msgspec.json.encode(one).decode())
