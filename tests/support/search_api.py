"""What the search API's tests share: where the books are, and the API in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from starlette.testclient import TestClient

from search_api.app import create_app
from search_api.settings import ApiSettings, read_settings


@dataclass(frozen=True)
class Library:
    """Where the books are. `key` reads the alias `books` only; `admin` may do everything."""

    url: str
    key: str
    admin: httpx.Client


def settings_of(url: str, key: str, **more: object) -> ApiSettings:
    """Settings with the read-only key."""
    return read_settings(
        elasticsearch_url=url, elasticsearch_api_key=key, cursor_secret="a secret of the tests", **more
    )


@contextmanager
def running_api(settings: ApiSettings) -> Iterator[TestClient]:
    """The application, started and ended as a server does it."""
    app = create_app(settings)
    with TestClient(app, base_url="http://api", raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
