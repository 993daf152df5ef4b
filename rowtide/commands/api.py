"""`rowtide api serve | key | keys | audit`: the search API, for operators."""

import sys
from dataclasses import replace
from typing import Annotated

import elastic_transport
import typer
from elasticsearch import ApiError, AuthenticationException, AuthorizationException

from connections.api_keys import create_api_key
from rowtide.commands.api_keys import audit, keys
from search_api import __main__ as program
from search_api.elasticsearch.privileges import key_body
from search_api.settings import ApiSettings, InvalidSettings, read_settings

api = typer.Typer(help="The search API and page for analysts.", no_args_is_help=True)
api.add_typer(keys, name="keys")
api.command()(audit)


def register(app: typer.Typer) -> None:
    """Add the commands of this room to the root of `rowtide`."""
    app.add_typer(api, name="api")


@api.command()
def serve() -> None:
    """Serve the API and the page until stopped. Settings: ROWTIDE_ELASTICSEARCH_URL, ROWTIDE_ELASTICSEARCH_API_KEY, …"""
    raise typer.Exit(program.main())


@api.command()
def key(
    aliases: Annotated[list[str], typer.Argument(help="The index aliases that the key may read.")],
    name: Annotated[str, typer.Option(help="What Elasticsearch calls the key.")] = "rowtide-search",
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never, when left out.")] = None,
) -> None:
    """Create a read-only key with the administrator's ROWTIDE_ELASTICSEARCH_USERNAME and _PASSWORD, and print it once."""
    try:
        encoded = create_key(read_settings(), aliases, name, days)
    except InvalidSettings as error:
        raise _failure(str(error), 2) from None
    except (AuthenticationException, AuthorizationException):
        raise _failure(
            "Elasticsearch refused to make the key; give the name and password of a user that may manage API keys in "
            "ROWTIDE_ELASTICSEARCH_USERNAME and ROWTIDE_ELASTICSEARCH_PASSWORD.",
            2,
        ) from None
    except ApiError as error:
        raise _failure(f"Elasticsearch could not make the key: {error.message}.", 1) from None
    except elastic_transport.TlsError as error:
        raise _failure(
            f"The certificate of Elasticsearch is not trusted ({error}); set ROWTIDE_ELASTICSEARCH_CA.", 2
        ) from None
    except elastic_transport.TransportError:
        raise _failure(
            "Elasticsearch does not answer at ROWTIDE_ELASTICSEARCH_URL; start it, or correct the URL.", 3
        ) from None
    typer.echo(f"ROWTIDE_ELASTICSEARCH_API_KEY={encoded}")


def create_key(settings: ApiSettings, aliases: list[str], name: str, days: int | None = None) -> str:
    """Create the key and return it in the encoded form that clients send. Raises Elasticsearch's own errors."""
    if not settings.elasticsearch_username or not settings.elasticsearch_password:
        raise InvalidSettings(
            "Set ROWTIDE_ELASTICSEARCH_USERNAME and ROWTIDE_ELASTICSEARCH_PASSWORD of an administrator."
        )
    administrator = replace(settings.elasticsearch_access(), api_key=None)
    return create_api_key(administrator, key_body(name, aliases, days))


def _failure(message: str, code: int) -> typer.Exit:
    sys.stderr.write(f"{message}\n")
    return typer.Exit(code)
