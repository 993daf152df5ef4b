"""What the search API's tests share: where the books are, and the API in this process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from infra.addresses import Addresses
from search_api.app import create_app
from search_api.settings import ApiSettings, read_settings


@dataclass(frozen=True)
class Library:
    """Where the books are. `key` reads the alias `books` only; `admin` may do everything."""

    url: str
    key: str
    admin: httpx.Client


@dataclass(frozen=True)
class Api:
    """Sends requests to the application, which runs in its own event loop. `app.state` holds its parts."""

    portal: BlockingPortal
    client: httpx.AsyncClient
    app: FastAPI

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Send a GET request."""
        return self.request("GET", path, **more)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request."""
        return self.portal.call(partial(self.client.request, method, path, **more))


def settings_of(url: str, key: str | None, **more: object) -> ApiSettings:
    """Settings with the read-only key; nothing is kept."""
    values: dict[str, object] = {"api_state": ":memory:", "cursor_secret": "a secret of the tests"}
    return read_settings(elasticsearch_url=url, elasticsearch_api_key=key, **(values | more))


def administrator_settings(addresses: Addresses) -> ApiSettings:
    """Settings with the stack's own login, which may create keys."""
    return read_settings(
        elasticsearch_url=addresses.elasticsearch_url,
        elasticsearch_username=addresses.elasticsearch_username,
        elasticsearch_password=addresses.elasticsearch_password,
    )


@contextmanager
def running_api(settings: ApiSettings) -> Iterator[Api]:
    """The search API."""
    with asgi(create_app(settings)) as api:
        yield api


@contextmanager
def asgi(app: FastAPI) -> Iterator[Api]:
    """An application, started and ended as a server does it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", timeout=60)
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        stack.enter_context(portal.wrap_async_context_manager(app.router.lifespan_context(app)))
        stack.enter_context(portal.wrap_async_context_manager(client))
        yield Api(portal, client, app)
