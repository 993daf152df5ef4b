"""Takes the pictures in docs/images of a running page: `make demo`, then `make screenshots`."""

import os
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).parent / "images"
URL = os.environ.get("ROWTIDE_PAGE", "http://127.0.0.1:18080")
CHROMIUM = os.environ.get("ROWTIDE_CHROMIUM", "/usr/bin/chromium")
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 780}
LARGEST = 200_000

Scheme = Literal["light", "dark"]


def _open(browser: Browser, path: str, scheme: Scheme, size: ViewportSize) -> Page:
    """A page in the pictures' time zone and language, loaded twice because the zone applies from the second load on."""
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB", timezone_id="Europe/Berlin")
    page = context.new_page()
    page.goto(URL + path)
    page.reload(wait_until="networkidle")
    return page


def _save(page: Page, name: str) -> None:
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file)
    page.context.close()
    if file.stat().st_size > LARGEST:
        sys.exit(f"{file} has {file.stat().st_size} bytes; show less in it: at most {LARGEST} are allowed.")


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        results = "/orders?q=desk&filter=status%3A%3Ddelivered&filter=status%3A%3Dshipped"
        _save(_open(browser, results, "light", WIDE), "results-light")
        _save(_open(browser, "/products?q=coffee", "dark", WIDE), "results-dark")
        _save(_open(browser, "/orders?q=desk", "light", PHONE), "results-phone")

        page = _open(browser, "/orders?q=desk", "light", WIDE)
        page.locator("input[type=search]").fill("customer.name:ana total:>>100")
        page.keyboard.press("Enter")
        page.locator("#fault .place").wait_for()
        _save(page, "fault")

        page = _open(browser, "/orders?q=desk", "dark", WIDE)
        page.locator("td[data-title] a").first.click()
        page.wait_for_load_state("networkidle")
        _save(page, "document-dark")

        page = _open(browser, "/orders", "light", WIDE)
        page.locator("input[type=search]").press_sequentially("tags:", delay=30)
        page.get_by_role("listbox").get_by_role("option").first.wait_for()
        page.keyboard.press("ArrowDown")
        _save(page, "suggestions")
        browser.close()


if __name__ == "__main__":
    main()
