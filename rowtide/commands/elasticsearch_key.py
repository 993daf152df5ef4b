"""`rowtide worker-key`: the Elasticsearch key of the worker, which may write its own documents' indexes and nothing else."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from elastic_transport import TlsError, TransportError
from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from read_model.elasticsearch.index_body import readable_names
from read_model.spec.errors import SpecError
from read_model.spec.parser import parse_spec
from sync_worker.composition import read_spec
from sync_worker.elasticsearch.access import certificates
from sync_worker.errors import SettingsError
from sync_worker.settings import CaFile, ElasticsearchUrl

OWN_INDEXES = "rowtide-*"
"""What the worker keeps in Elasticsearch for itself."""
PRIVILEGES = ("read", "write", "manage")
"""Writing documents and reading them back, and the life of an index: create, refresh, give it its alias, delete."""


class KeySettings(BaseSettings):
    """What making a key needs."""

    model_config = SettingsConfigDict(env_prefix="ROWTIDE_", frozen=True, extra="ignore")

    spec: Path = Field(description="The document spec (YAML); its documents name the indexes.")
    elasticsearch_url: ElasticsearchUrl = Field(description="Elasticsearch, as http(s)://host:port.")
    elasticsearch_username: str = Field(description="A user that may manage API keys.")
    elasticsearch_password: SecretStr = Field(description="That user's password.")
    elasticsearch_ca: CaFile | None = Field(None, description="With https: a file of the certificates to trust (PEM).")


def worker_key(
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never, if left out.")] = None,
) -> None:
    """Make the key with an administrator's ROWTIDE_ELASTICSEARCH_USERNAME and _PASSWORD, for the documents of ROWTIDE_SPEC,
    and print it once, as the setting that takes it."""
    with _answering():
        settings = KeySettings()
        spec = parse_spec(read_spec(settings.spec), str(settings.spec))
        key = create_worker_key(settings, spec.pipeline, [document.name for document in spec.documents], days)
    typer.echo(f"ROWTIDE_ELASTICSEARCH_API_KEY={key}")


def create_worker_key(settings: KeySettings, pipeline: str, aliases: Sequence[str], days: int | None = None) -> str:
    """Make the key, and return it as clients send it. Raises Elasticsearch's own errors."""
    login = (settings.elasticsearch_username, settings.elasticsearch_password.get_secret_value())
    trusted = certificates(settings.elasticsearch_url, settings.elasticsearch_ca)
    with Elasticsearch(settings.elasticsearch_url, basic_auth=login, max_retries=0, **trusted) as client:
        answer = client.perform_request(
            "POST",
            "/_security/api_key",
            headers={"accept": "application/json", "content-type": "application/json"},
            body=worker_key_body(pipeline, aliases, days),
        )
    return str(answer.body["encoded"])


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
