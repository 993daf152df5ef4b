"""A real Chromium, and the search API on a real port for it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from http_server.server import http_server
from search_api.app import create_app
from search_api.settings import ApiSettings
from tests.support.servers.http_sockets import listening

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "The tests of the page need Chromium. Run `make browser` to install Debian's, or set ROWTIDE_CHROMIUM."


@contextmanager
def chromium() -> Iterator[Browser]:
    """The distribution's browser; AssertionError with what to do when there is none."""
    path = os.environ.get("ROWTIDE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert path, MISSING
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def served(settings: ApiSettings) -> Iterator[str]:
    """Serve on a free port; yields the URL. Requests that come before the server is ready wait in the socket."""
    server = http_server(create_app(settings), settings.connection_limits, settings.proxies, "critical")
    with listening(server) as port:
        yield f"http://127.0.0.1:{port}"
