"""WCAG 2.2 AA by axe-core: every kind of page, in both colour schemes, and at a phone's width."""

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.integration.search_page.conftest import LockedSite, Site

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
PHONE: ViewportSize = {"width": 390, "height": 800}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds, in both colour schemes."""
    violations = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        answer = Axe().run(page, options=RULES)
        violations += [
            {"scheme": scheme, "rule": violation["id"], "where": [node["target"] for node in violation["nodes"]][:5]}
            for violation in answer.response["violations"]
        ]
    return violations


def at_width(page: Page, phone: bool) -> None:
    if phone:
        page.set_viewport_size(PHONE)


widths = pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])


@widths
@pytest.mark.parametrize(
    "path", ["", "?q=desk&filter=status:%3Ddelivered&sort=-total", "?q=desk&filter=status:%3Dnever", "?sort=nothing"]
)
def test_results(page: Page, site: Site, path: str, phone: bool) -> None:
    at_width(page, phone)
    page.goto(site.results + path)
    assert violations(page) == []


@widths
def test_menus_and_filters(page: Page, site: Site, phone: bool) -> None:
    at_width(page, phone)
    page.goto(site.results)
    if phone:
        page.get_by_text("Filters", exact=True).click()
    page.get_by_text("Add a filter").click()
    for menu in ("Columns", "Saved", "Share"):
        page.locator("summary", has_text=menu).click()
        assert violations(page) == [], menu


@widths
def test_suggestions(page: Page, site: Site, phone: bool) -> None:
    at_width(page, phone)
    page.goto(site.results)
    page.locator("input[type=search]").press_sequentially("status:de")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("q=status%3Ade$"))
    expect(page.locator(".htmx-request")).to_have_count(0)  # Hits are pale while others are on their way.
    assert violations(page) == []


@widths
def test_faults_above_hits(page: Page, site: Site, phone: bool) -> None:
    at_width(page, phone)
    page.goto(f"{site.results}?q=desk")
    page.locator("input[type=search]").fill("total:>>1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").locator(".place")).to_be_visible()
    assert violations(page) == []
    page.route("**/*lamp*", lambda route: route.abort())
    page.locator("input[type=search]").fill("lamp")
    expect(page.get_by_role("alert")).to_contain_text("reach the server")
    assert violations(page) == []


@widths
def test_signing_in(page: Page, locked_site: LockedSite, phone: bool) -> None:
    at_width(page, phone)
    page.goto(locked_site.results)
    expect(page.get_by_label("API key")).to_be_visible()
    assert violations(page) == []


@widths
def test_help(page: Page, site: Site, phone: bool) -> None:
    at_width(page, phone)
    page.goto(site.results)
    page.get_by_role("button", name="Help and shortcuts").click()
    assert violations(page) == []


@widths
def test_home(page: Page, site: Site, phone: bool) -> None:
    at_width(page, phone)
    page.goto(site.url)
    assert violations(page) == []


@widths
def test_document(page: Page, site: Site, phone: bool) -> None:
    at_width(page, phone)
    page.goto(f"{site.results}?q=desk")
    page.locator("td[data-title] a").first.click()
    page.locator("summary", has_text="JSON").click()
    assert violations(page) == []


@widths
def test_errors(page: Page, site: Site, late_site: Site, away_site: Site, phone: bool) -> None:
    at_width(page, phone)
    for address in (f"{site.results}/nothing-here", late_site.results, away_site.results):
        page.goto(address)
        assert violations(page) == [], address


def test_nothing_is_wider_than_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{site.results}?q=desk")
    link = page.locator("td[data-title] a").first.get_attribute("href")
    for address in (site.url, f"{site.results}?q=desk", f"{site.url}{link}"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
