"""Calls the search API in this process, and names what its tests share."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from search_api.settings import ApiSettings, read_settings


@dataclass(frozen=True)
class Library:
    """Where the books are. `key` reads the alias `books` only; `admin` may do everything."""

    url: str
    key: str
    admin: httpx.Client


@dataclass(frozen=True)
class Api:
    """Calls the application as a server would, each call in the application's own life."""

    app: FastAPI

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Send a GET request."""
        return self.request("GET", path, **more)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request."""
        return asyncio.run(self._request(method, path, more))

    async def _request(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with (
            self.app.router.lifespan_context(self.app),
            httpx.AsyncClient(transport=transport, base_url="http://api") as client,
        ):
            return await client.request(method, path, **more)


def settings_of(url: str, key: str, **more: object) -> ApiSettings:
    """Settings with the read-only key."""
    return read_settings(
        elasticsearch_url=url, elasticsearch_api_key=key, cursor_secret="a secret of the tests", **more
    )
