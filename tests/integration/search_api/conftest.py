"""A library of books in the real Elasticsearch, and the API in front of it with a read-only key."""

from collections.abc import Iterator, Mapping, Sequence

import httpx
import pytest

from infra.native.stack import Stack
from rowtide.commands.elasticsearch_key import create_search_key
from tests.relevance.judgements import Document
from tests.relevance.measurement import corpus
from tests.support.builders.book_index import BOOKS, MAPPINGS, SETTINGS
from tests.support.servers.search_api import Api, Library, administrator_settings, running_api, settings_of
from tests.support.servers.services import elasticsearch_client


@pytest.fixture(scope="session")
def library(stack: Stack) -> Iterator[Library]:
    """The index `books`, and `secrets` which the key must not see."""
    addresses = stack.addresses
    with elasticsearch_client(addresses) as admin:
        for alias in ("books", "secrets"):
            _create(admin, alias)
        key = create_search_key(administrator_settings(addresses), ["books"], "test")
        yield Library(addresses.elasticsearch_url, key, admin)
        for alias in ("books", "secrets"):
            admin.delete(f"/{alias}-g000001").raise_for_status()


def _create(admin: httpx.Client, alias: str) -> None:
    aliases: dict[str, dict[str, object]] = {alias: {}, f"{alias}-write": {}}
    body = {"settings": SETTINGS, "mappings": MAPPINGS, "aliases": aliases}
    admin.delete(f"/{alias}-g000001")
    admin.put(f"/{alias}-g000001", json=body).raise_for_status()
    lines = "".join(_item(document_id, text) for document_id, text in BOOKS.items())
    answer = admin.post(
        f"/{alias}-write/_bulk?refresh=true&require_alias=true",
        content=lines.encode(),
        headers={"content-type": "application/x-ndjson"},
    )
    assert not answer.raise_for_status().json()["errors"]


def _item(document_id: str, text: str) -> str:
    return f'{{"index":{{"_id":"{document_id}","version":7,"version_type":"external_gte"}}}}\n{text}\n'


@pytest.fixture(scope="session")
def api(library: Library) -> Iterator[Api]:
    """The API without a worker."""
    with running_api(settings_of(library.url, library.key)) as client:
        yield client


@pytest.fixture(scope="session")
def judged_corpus(stack: Stack) -> Iterator[tuple[Api, Mapping[str, Sequence[Document]]]]:
    """The API over the orders and products that the judged queries are about, and these documents."""
    with corpus(stack.addresses) as judged:
        yield judged
