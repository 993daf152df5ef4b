"""The page when something behind it fails while a visitor works with it: the hits stay, and it explains what to do."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect

from tests.integration.search_page.conftest import LockedSite, Site, count
from tests.support.browser.browser import served
from tests.support.fakes.elasticsearch_gate import Door, State, door_to
from tests.support.servers.filled_index import FilledIndex
from tests.support.servers.search_api import settings_of

TIMEOUT = 3.0


@pytest.fixture(scope="module")
def door(documents: FilledIndex) -> Iterator[Door]:
    with door_to(documents.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def site_behind_door(documents: FilledIndex, door: Door) -> Iterator[Site]:
    """The page, with an Elasticsearch that tests can make unavailable."""
    with served(settings_of(door.url, documents.key, request_timeout=TIMEOUT)) as url:
        yield Site(url, documents.aliases[0])


def hits_of_desks(page: Page, site: Site) -> int:
    page.goto(f"{site.results}?q=desk")
    return count(page)


def still_there(page: Page, site: Site, hits: int) -> None:
    assert count(page) == hits
    expect(page.locator("td[data-title]").first).to_be_visible()
    expect(page).to_have_url(f"{site.results}?q=desk")


def try_again(page: Page, site: Site) -> None:
    page.get_by_role("alert").get_by_role("link", name="Try again").click()
    expect(page).to_have_url(f"{site.results}?q=desk+lamp")
    expect(page.get_by_role("alert")).to_be_empty()


def test_elasticsearch_goes_away_and_comes_back(page: Page, site_behind_door: Site, door: Door) -> None:
    hits = hits_of_desks(page, site_behind_door)
    messages: dict[State, str] = {"cut": "Search engine unavailable", "held": "Search timed out"}
    for state, title in messages.items():
        door.state = state
        page.locator("input[type=search]").fill("desk lamp")
        expect(page.get_by_role("alert")).to_contain_text(title)
        still_there(page, site_behind_door, hits)
        door.state = "open"
        try_again(page, site_behind_door)
        hits_of_desks(page, site_behind_door)


def test_who_asks_too_much_is_told_to_wait(page: Page, documents: FilledIndex) -> None:
    scarce = settings_of(documents.url, documents.key, api_rate=0.01, api_burst=2)
    with served(scarce) as url:
        site = Site(url, documents.aliases[0])
        hits = hits_of_desks(page, site)
        page.locator("input[type=search]").fill("desk lamp")
        expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Rate limit exceeded.*Try again in \d+ seconds"))
        still_there(page, site, hits)


def test_a_session_that_ended_leads_to_the_key_and_back(page: Page, locked_site: LockedSite) -> None:
    sign_in(page, locked_site)
    page.context.clear_cookies()
    page.locator("input[type=search]").fill("desk lamp")
    expect(page.get_by_role("alert")).to_contain_text("You are signed out")
    expect(page.locator("td[data-title]").first).to_be_visible()
    page.get_by_role("alert").get_by_role("link", name="Sign in").click()
    page.get_by_label("API key").fill(locked_site.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{locked_site.results}?q=desk+lamp")


def sign_in(page: Page, site: LockedSite) -> None:
    page.goto(f"{site.results}?q=desk")
    page.get_by_label("API key").fill(site.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#count")).to_be_visible()


def test_a_server_that_is_gone_or_answers_nonsense_leaves_the_hits(page: Page, documents: FilledIndex) -> None:
    with ExitStack() as running:
        site = Site(running.enter_context(served(settings_of(documents.url, documents.key))), documents.aliases[0])
        hits = hits_of_desks(page, site)
        page.route("**/*lamp*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
        page.locator("input[type=search]").fill("desk lamp")
        expect(page.get_by_role("alert")).to_contain_text("reach the server")
        still_there(page, site, hits)
        page.unroute("**/*lamp*")
        try_again(page, site)
        hits_of_desks(page, site)
        running.close()
        page.locator("input[type=search]").fill("desk lamp")
        expect(page.get_by_role("alert")).to_contain_text("reach the server")
        still_there(page, site, hits)
