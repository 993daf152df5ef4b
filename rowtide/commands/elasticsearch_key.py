"""`rowtide worker-key`: the Elasticsearch key of the worker, which may write its own documents' indexes and nothing else."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from elastic_transport import TlsError, TransportError
from elasticsearch import ApiError, AuthenticationException, AuthorizationException
from pydantic import Field, SecretStr, ValidationError

from connections.api_keys import create_api_key
from connections.elasticsearch import ElasticsearchSettings
from read_model.elasticsearch.index_body import readable_names
from read_model.spec.errors import SpecError
from read_model.spec.file import load_spec
from sync_worker.errors import SettingsError

OWN_INDEXES = "rowtide-*"
"""What the worker keeps in Elasticsearch for itself."""
PRIVILEGES = ("read", "write", "manage")
"""Writing documents and reading them back, and the life of an index: create, refresh, give it its alias, delete."""


class KeySettings(ElasticsearchSettings):
    """What making a key needs."""

    spec: Path = Field(description="The document spec (YAML); its documents name the indexes.")
    elasticsearch_username: str = Field(description="A user that may manage API keys.")
    elasticsearch_password: SecretStr = Field(description="That user's password.")


def worker_key(
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never, if left out.")] = None,
) -> None:
    """Make the key with an administrator's ROWTIDE_ELASTICSEARCH_USERNAME and _PASSWORD, for the documents of ROWTIDE_SPEC,
    and print it once, as the setting that takes it."""
    with _answering():
        settings = KeySettings()
        spec = load_spec(settings.spec)
        key = create_worker_key(settings, spec.pipeline, [document.name for document in spec.documents], days)
    typer.echo(f"ROWTIDE_ELASTICSEARCH_API_KEY={key}")


def create_worker_key(settings: KeySettings, pipeline: str, aliases: Sequence[str], days: int | None = None) -> str:
    """Make the key, and return it as clients send it. Raises Elasticsearch's own errors."""
    administrator = replace(settings.elasticsearch_access(), api_key=None)
    return create_api_key(administrator, worker_key_body(pipeline, aliases, days))


def worker_key_body(pipeline: str, aliases: Sequence[str], days: int | None = None) -> dict[str, Any]:
    """The request for a key that writes the indexes of these documents alone. Without `days` it never expires."""
    read = [name for alias in aliases for name in readable_names(alias)]
    names = [*read, *(f"{name[:-1]}\\-write/" for name in read if name.startswith("/"))]
    indices = [{"names": [*names, OWN_INDEXES], "privileges": list(PRIVILEGES), "allow_restricted_indices": False}]
    role = {"cluster": ["monitor"], "indices": indices, "applications": [], "run_as": []}
    body = {"name": f"rowtide-{pipeline}-worker", "role_descriptors": {"rowtide-worker": role}}
    return body | ({"expiration": f"{days}d"} if days else {}) | {"metadata": {"purpose": "rowtide worker"}}


@contextmanager
def _answering() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code."""
    try:
        yield
    except ValidationError as error:
        names = ", ".join(f"ROWTIDE_{'_'.join(map(str, one['loc'])).upper()}" for one in error.errors())
        raise _failure(f"These settings are missing or wrong: {names}.", 2) from None
    except (SettingsError, SpecError) as error:
        raise _failure(str(error), 2) from None
    except (AuthenticationException, AuthorizationException):
        message = "Elasticsearch refused to make the key; ROWTIDE_ELASTICSEARCH_USERNAME must be a user that may manage API keys."
        raise _failure(message, 2) from None
    except ApiError as error:
        raise _failure(f"Elasticsearch could not make the key: {error.message}.", 1) from None
    except TlsError as error:
        raise _failure(
            f"The certificate of Elasticsearch is not trusted ({error}); set ROWTIDE_ELASTICSEARCH_CA.", 2
        ) from None
    except TransportError:
        raise _failure(
            "Elasticsearch does not answer at ROWTIDE_ELASTICSEARCH_URL; start it, or correct the URL.", 3
        ) from None


def _failure(message: str, code: int) -> typer.Exit:
    sys.stderr.write(f"{message}\n")
    return typer.Exit(code)
