"""What analysts do with the page."""

import re

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.integration.search_page.conftest import LockedSite, Site, count, type_in_box


def test_hits_follow_the_typing_and_the_address_can_be_shared(page: Page, site: Site, browser: Browser) -> None:
    page.goto(site.results)
    everything = count(page)
    type_in_box(page, "desk")
    expect(page).to_have_url(re.compile(r"\?q=desk$"))
    expect(page.locator("#results mark").first).to_have_text(re.compile("desk", re.IGNORECASE))
    hits = count(page)
    assert 0 < hits < everything
    expect(page.locator("#live")).to_have_text(re.compile(rf"^{hits:,} .* · 0\.\d s behind$"))
    expect(page).to_have_title(re.compile("^desk · "))

    other = browser.new_page()
    other.goto(page.url)
    assert count(other) == hits
    expect(other.locator("input[type=search]")).to_have_value("desk")
    other.close()


def test_a_facet_narrows_and_leaves_its_other_values_to_choose(page: Page, site: Site) -> None:
    page.goto(site.results)
    everything = count(page)
    status = page.get_by_role("group", name="Status")
    status.get_by_role("checkbox", name="delivered").check()
    expect(page).to_have_url(re.compile("filter=status%3A%3Ddelivered"))
    expect(page.get_by_role("list", name="Active filters")).to_contain_text("Status: delivered")
    expect(status.get_by_role("checkbox", name="delivered")).to_be_focused()
    with_one_filter = count(page)
    status.get_by_role("checkbox", name="shipped").check()
    expect(page).to_have_url(re.compile("shipped"))
    assert with_one_filter < count(page) < everything

    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(site.results)
    assert count(page) == everything


def test_columns_are_sorted_and_back_goes_back(page: Page, site: Site) -> None:
    page.goto(site.results)
    page.get_by_role("link", name="Total", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Total")
    page.get_by_role("link", name="Total", exact=False).click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Total")
    totals = [float(re.sub(r"[^0-9.]", "", text)) for text in page.locator("td[data-label=Total]").all_text_contents()]
    assert totals == sorted(totals, reverse=True)
    page.go_back()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Total")


def test_columns_are_chosen_and_stay_in_the_address(page: Page, site: Site) -> None:
    page.goto(site.results)
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="Units").check()
    page.get_by_role("checkbox", name="Customer › company").uncheck()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("columnheader", name="Units")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Customer › company")).to_have_count(0)
    type_in_box(page, "desk")
    expect(page).to_have_url(re.compile("q=desk&columns=.*units"))
    expect(page.get_by_role("columnheader", name="Units")).to_be_visible()


def test_pages_go_on_where_they_ended(page: Page, site: Site) -> None:
    page.goto(site.results)
    first = page.locator("td[data-title]").all_text_contents()
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile("page=2"))
    assert not set(first) & set(page.locator("td[data-title]").all_text_contents())
    page.get_by_role("link", name="Previous").click()
    expect(page).to_have_url(site.results)


def test_everything_goes_by_keyboard(page: Page, site: Site) -> None:
    page.goto(site.results)
    page.keyboard.press("/")
    box = page.locator("input[type=search]")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    links = page.locator("td[data-title] a")
    expect(links.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    number = links.first.text_content() or ""
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(number)


def test_help_opens_by_a_key_that_can_be_switched_off(page: Page, site: Site) -> None:
    page.goto(site.results)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Help and shortcuts")
    expect(dialog).to_be_visible()
    dialog.get_by_role("checkbox", name="Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.reload()
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Help and shortcuts").click()
    expect(dialog).to_be_visible()


def test_a_document_shows_its_parts_and_its_json(page: Page, site: Site) -> None:
    page.goto(site.results)
    page.locator("td[data-title] a").first.click()
    expect(page.get_by_role("heading", name="Lines")).to_be_visible()
    expect(page.get_by_role("heading", name="Ship to")).to_be_visible()
    assert page.get_by_role("region", name="Lines").get_by_role("row").count() > 1
    page.get_by_role("link", name="Copy JSON").click()
    expect(page.locator("#live")).to_have_text("Copied")
    assert '"lines": [' in page.evaluate("navigator.clipboard.readText()")
    page.locator("summary", has_text="JSON").click()
    expect(page.locator("#json-text")).to_contain_text('"lines": [')


def test_suggestions_follow_the_typing_and_go_by_keyboard(page: Page, site: Site) -> None:
    page.goto(site.results)
    box = page.locator("input[role=combobox]")
    type_in_box(page, "status:de")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(options.filter(has_text="delivered")).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#suggested")).to_have_text(re.compile(r"^\d+ suggestions?$"))
    page.keyboard.press("ArrowDown")
    chosen = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    expect(chosen).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("status:de")

    type_in_box(page, "l")
    expect(options.first).to_contain_text("delivered")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=status%3Adelivered"))
    expect(box).to_be_focused()
    expect(page.locator("td[data-label=Status]").first).to_have_text("delivered")
    page.keyboard.press("ArrowDown")
    expect(page.locator("td[data-title] a").first).to_be_focused()


def test_a_field_that_is_chosen_leads_on_to_its_values(page: Page, site: Site) -> None:
    page.goto(site.results)
    type_in_box(page, "statu")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    with page.expect_response(re.compile(r"orders\?q=[^&]*status%3A")):
        options.filter(has_text="field").first.click()
    expect(page.locator("input[role=combobox]")).to_have_value(re.compile(r"status:$"))
    expect(options.first).to_be_visible()
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_mistyped_word_finds_what_was_meant_and_says_so(page: Page, site: Site) -> None:
    page.goto(f"{site.results}?q=dseks")
    expect(page.get_by_role("note")).to_contain_text("No results for “dseks”")
    hits = count(page)
    assert hits == sum(bars(page)) > 0
    page.get_by_role("note").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"q=desk"))
    assert count(page) == hits


def test_a_fault_in_the_syntax_is_shown_in_its_place(page: Page, site: Site) -> None:
    page.goto(f"{site.results}?q=total:>>abc")
    expect(page.get_by_role("alert").locator(".place mark")).to_have_text(">")


def test_a_fault_is_said_above_the_hits_that_were_there(page: Page, site: Site) -> None:
    page.goto(f"{site.results}?q=desk")
    hits = page.locator("td[data-title]").count()
    assert hits
    page.locator("input[type=search]").fill("many " * 60)
    expect(page.get_by_role("alert")).to_contain_text("the limit is 32")
    assert page.locator("td[data-title]").count() == hits
    expect(page).to_have_url(f"{site.results}?q=desk")
    page.locator("input[type=search]").fill("x" * 1001)
    expect(page.get_by_role("alert")).to_contain_text("1000")
    page.locator("input[type=search]").fill("desk lamp")
    expect(page).to_have_url(re.compile("q=desk"))
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_fault_is_said_when_suggestions_are_done(page: Page, site: Site) -> None:
    page.goto(site.results)
    type_in_box(page, "status:deliv total:>> status:de")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(options.first).to_be_visible()
    expect(page.get_by_role("alert")).to_be_empty()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert").locator(".place mark")).to_be_visible()


def test_a_fault_in_an_address_is_a_page_that_leads_on(page: Page, site: Site) -> None:
    page.goto(f"{site.results}?sort=nothing")
    expect(page.get_by_role("alert")).to_contain_text("There is no field 'nothing'")
    page.get_by_role("link", name=re.compile("^Show all ")).click()
    expect(page).to_have_url(site.results)


def test_nothing_found_says_which_filter_to_drop(page: Page, site: Site) -> None:
    page.goto(f"{site.results}?q=desk&filter=status:%3Dnever")
    expect(page.get_by_role("heading", name="No results")).to_be_visible()
    page.get_by_role("link", name="Without Status: never").click()
    expect(page).to_have_url(f"{site.results}?q=desk")
    assert count(page) > 0


def test_late_documents_are_said_to_be_late(page: Page, late_site: Site) -> None:
    page.goto(late_site.results)
    expect(page.get_by_role("note")).to_contain_text("May be out of date. The connector does not answer.")
    expect(page.locator("#count")).to_contain_text("3 min behind")


def test_without_elasticsearch_the_page_says_so_and_tries_again(page: Page, away_site: Site) -> None:
    page.goto(f"{away_site.results}?q=desk")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search engine unavailable")
    expect(page.get_by_role("link", name="Try again")).to_have_attribute("href", "/orders?q=desk")


def test_numbers_and_times_are_the_readers(browser: Browser, site: Site) -> None:
    context = browser.new_context(locale="de-DE", timezone_id="America/New_York")
    german = context.new_page()
    german.goto(f"{site.results}?sort=-total")
    expect(german.locator("td[data-label=Total]").first).to_have_text(re.compile(r"^\d+\.\d{3},\d\d\s€$"))
    german.reload()
    moment = german.locator("td[data-label='Created at'] time").first
    utc = moment.get_attribute("datetime")
    local = german.evaluate(
        "text => new Date(text).toLocaleTimeString('de-DE', {hour: '2-digit', minute: '2-digit'})", utc
    )
    expect(moment).to_have_text(re.compile(rf"\d\d\.\d\d\.\d{{4}}, {local}$"))
    context.close()


def bars(page: Page) -> list[int]:
    return [int(row.get_attribute("data-count") or "") for row in page.locator("tr[data-at]").all()]


@pytest.mark.parametrize("field", ["created_at", "total", "units"])
def test_the_bars_of_a_chart_hold_every_document(page: Page, site: Site, field: str) -> None:
    page.goto(f"{site.results}?q=desk&chart={field}")
    assert sum(bars(page)) == count(page)
    assert 3 < len(bars(page)) < 62
    expect(page.locator(".plot canvas")).to_be_visible()


def test_a_part_of_a_chart_is_chosen_by_dragging_over_it(page: Page, site: Site) -> None:
    page.goto(site.results)
    everything = count(page)
    plot = page.locator(".plot .u-over")
    area = plot.bounding_box()
    assert area
    page.mouse.move(area["x"] + area["width"] * 0.3, area["y"] + 40)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + 40, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"created_at%3A%3E%3D.*created_at%3A%3C"))
    expect(page.get_by_role("list", name="Active filters")).to_contain_text("Created at: 1 ")
    assert 0 < count(page) < everything
    assert sum(bars(page)) == count(page)


def test_a_part_of_a_chart_is_chosen_by_keyboard(page: Page, site: Site) -> None:
    page.goto(f"{site.results}?chart=total")
    page.get_by_text("Show as table").click()
    bar = page.locator("tr[data-at]").nth(1)
    expected = int(bar.get_attribute("data-count") or "")
    bar.get_by_role("link").press("Enter")
    expect(page).to_have_url(re.compile("total%3A%3E%3D"))
    assert count(page) == expected


def test_what_is_shown_can_be_taken_along(page: Page, site: Site) -> None:
    page.goto(f"{site.results}?q=desk&columns=number,total&sort=-total")
    shown = page.locator("td[data-title]").all_text_contents()
    page.locator("summary", has_text="Share").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].replace('"', "") == "number,total"
    assert [line.partition(",")[0].strip('"') for line in lines[1 : len(shown) + 1]] == shown
    assert len(lines) == count(page) + 1
    page.get_by_role("link", name="Copy link").click()
    expect(page.locator("#live")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_search_is_kept_and_forgotten(page: Page, site: Site) -> None:
    page.goto(f"{site.results}?q=desk&filter=status%3A%3Ddelivered")
    view = page.url
    page.locator("summary", has_text="Saved").click()
    page.get_by_label("Name of this search").fill("Delivered desks")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(view)
    page.goto(site.url)
    page.get_by_role("link", name="Delivered desks").click()
    expect(page).to_have_url(view)
    page.locator("summary", has_text="Saved").click()
    page.get_by_role("button", name="Remove Delivered desks").click()
    expect(page.get_by_role("link", name="Delivered desks")).to_have_count(0)


def test_who_has_a_key_signs_in_and_sees_what_it_shows(locked_site: LockedSite, page: Page) -> None:
    page.goto(f"{locked_site.results}?q=desk")
    page.get_by_label("API key").fill("rt_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("API key")).to_be_visible()

    page.goto(f"{locked_site.results}?q=desk")
    page.get_by_label("API key").fill(locked_site.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{locked_site.results}?q=desk")
    assert count(page) > 0
    expect(page.get_by_role("columnheader", name="Customer › name")).to_have_count(0)
    expect(page.get_by_role("banner")).to_contain_text("sales desk")
    page.locator("summary", has_text="Share").click()
    expect(page.get_by_role("link", name="CSV")).to_have_count(0)

    view = page.url
    page.route(
        "http://elsewhere.test/",
        lambda route: route.fulfill(body=f'<a href="{view}">orders</a>', content_type="text/html"),
    )
    page.goto("http://elsewhere.test/")
    page.get_by_role("link", name="orders").click()
    expect(page.locator("#count")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()


@pytest.fixture
def plain(browser: Browser) -> Page:
    """A tab without JavaScript."""
    return browser.new_context(java_script_enabled=False, locale="en-GB").new_page()


def test_without_javascript_the_same_can_be_asked(plain: Page, site: Site) -> None:
    plain.goto(site.results)
    everything = count(plain)
    plain.locator("input[type=search]").fill("desk")
    plain.get_by_role("button", name="Search").click()
    expect(plain).to_have_url(f"{site.results}?q=desk")
    desks = count(plain)
    assert 0 < desks < everything

    plain.get_by_role("checkbox", name="delivered").check()
    plain.get_by_role("button", name="Apply").first.click()
    expect(plain).to_have_url(f"{site.results}?q=desk&filter=status%3A%3Ddelivered")
    assert 0 < count(plain) < desks

    plain.get_by_text("Add a filter").click()
    plain.get_by_label("Field").select_option("total")
    plain.get_by_label("Comparison").select_option(">=")
    plain.get_by_label("Value").fill("100")
    plain.get_by_role("button", name="Add", exact=True).click()
    expect(plain.get_by_role("list", name="Active filters")).to_contain_text("Total ≥ 100")
    plain.get_by_role("link", name="Total", exact=True).click()
    expect(plain.locator("th[aria-sort=ascending]")).to_contain_text("Total")
    plain.locator("td[data-title] a").first.click()
    expect(plain.get_by_role("heading", name="Lines")).to_be_visible()
    plain.context.close()


PHONE: ViewportSize = {"width": 390, "height": 800}


def test_on_a_phone_the_filters_wait_to_be_opened(page: Page, site: Site) -> None:
    page.set_viewport_size(PHONE)
    page.goto(site.results)
    filters = page.locator("details.facet-fold")
    delivered = page.get_by_role("checkbox", name="delivered")
    expect(filters).not_to_have_attribute("open", "")
    expect(delivered).to_be_hidden()
    page.get_by_text("Filters", exact=True).click()
    expect(filters).to_have_attribute("open", "")
    delivered.check()
    expect(page).to_have_url(re.compile("delivered"))
    expect(page.get_by_role("checkbox", name="delivered")).to_be_visible()
    page.get_by_text("Filters", exact=True).click()
    expect(page.get_by_role("checkbox", name="delivered")).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_role("checkbox", name="delivered")).to_be_visible()


def test_on_a_phone_without_javascript_the_filters_are_there(plain: Page, site: Site) -> None:
    plain.set_viewport_size(PHONE)
    plain.goto(site.results)
    everything = count(plain)
    plain.get_by_role("checkbox", name="delivered").check()
    plain.get_by_role("button", name="Apply").first.click()
    expect(plain).to_have_url(f"{site.results}?filter=status%3A%3Ddelivered")
    assert 0 < count(plain) < everything
    plain.get_by_text("Filters", exact=True).click()
    expect(plain.get_by_role("checkbox", name="delivered")).to_be_hidden()
    plain.context.close()
