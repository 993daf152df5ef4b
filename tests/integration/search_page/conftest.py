"""The page in a real Chromium, over documents of the order application in the real Elasticsearch."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from infra.native.ports import free_ports
from infra.native.stack import Stack
from search_api.access.api_keys import ApiKeys
from search_api.access.state import State
from tests.support.browser.browser import chromium, served
from tests.support.fakes.worker_endpoint import freshness_now, worker_double
from tests.support.paths import CHECKOUT
from tests.support.servers.filled_index import FilledIndex, filled_index, seed
from tests.support.servers.pipeline import own_names
from tests.support.servers.search_api import settings_of
from tests.support.servers.services import fresh_place

ORDERS = 300
WAIT = 15_000
"""Milliseconds; what takes longer is not there."""


@dataclass(frozen=True)
class Site:
    """Where the page is, and what the order documents are called in this run."""

    url: str
    orders: str

    @property
    def results(self) -> str:
        """The address of all orders."""
        return f"{self.url}/{self.orders}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    expect.set_options(timeout=WAIT)
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def documents(stack: Stack) -> Iterator[FilledIndex]:
    """Some hundred orders, and the products in them."""
    with fresh_place(stack.addresses) as place:
        seed(place, ORDERS)
        spec = (CHECKOUT / "rowtide" / "examples" / "orders.yaml").read_text(encoding="utf-8")
        with filled_index(place, own_names(spec, place.pipeline)) as filled:
            yield filled


@pytest.fixture(scope="session")
def site(documents: FilledIndex) -> Iterator[Site]:
    """The page, with a worker that is up to date."""
    with (
        worker_double(freshness_now) as worker,
        served(settings_of(documents.url, documents.key, worker_url=worker)) as url,
    ):
        yield Site(url, documents.aliases[0])


@pytest.fixture(scope="session")
def late_site(documents: FilledIndex) -> Iterator[Site]:
    """The page, with a worker that is behind."""
    late = partial(freshness_now, "degraded", 192_000, "The connector does not answer.")
    with worker_double(late) as worker, served(settings_of(documents.url, documents.key, worker_url=worker)) as url:
        yield Site(url, documents.aliases[0])


@pytest.fixture(scope="session")
def away_site() -> Iterator[Site]:
    """The page, without Elasticsearch."""
    nobody = f"http://127.0.0.1:{free_ports()['elasticsearch_port']}"
    with served(settings_of(nobody, "a2V5OmtleQ==")) as url:
        yield Site(url, "orders")


EXPECTED_NOISE = (
    *(f"status of {status}" for status in (401, 404, 422, 429, 502, 503, 504)),
    "net::ERR_CONNECTION_REFUSED",
    "net::ERR_FAILED",
    "net::ERR_INTERNET_DISCONNECTED",
    "htmx:sendError",  # htmx tells of a server that is gone by both of these events.
    "htmx:afterRequest",
)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new tab. Any complaint of the browser, above all about the Content-Security-Policy, fails the
    test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="Europe/Berlin")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.set_default_timeout(WAIT)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", partial(_complain, complaints))
    yield opened
    context.close()
    assert complaints == []


def _complain(complaints: list[str], message: ConsoleMessage) -> None:
    if message.type in ("error", "warning") and not any(noise in message.text for noise in EXPECTED_NOISE):
        complaints.append(message.text)


@dataclass(frozen=True)
class LockedSite(Site):
    """The page for those with an API key; `key` may search, and sees no personal data."""

    key: str


@pytest.fixture
def locked_site(documents: FilledIndex, tmp_path: Path) -> Iterator[LockedSite]:
    """The page that requires a key."""
    state = tmp_path / "state.db"
    with closing(State(state)) as stored_state:
        _, key = ApiKeys(stored_state).create("sales desk", ["search", "save"], ["*"])
    settings = settings_of(documents.url, documents.key, api_anonymous=False, api_state=state)
    with served(settings) as url:
        yield LockedSite(url, documents.aliases[0], key)


def count(page: Page) -> int:
    """The number of hits that the page shows."""
    return int((page.locator("#count strong").text_content() or "").replace(",", ""))


def type_in_box(page: Page, text: str) -> None:
    page.get_by_role("searchbox").or_(page.locator("input[role=combobox]")).first.press_sequentially(text)
