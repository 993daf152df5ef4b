"""An idle tab: it shows how old its hits are, and warns when the documents fall behind."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from read_model.freshness import FreshnessState
from tests.integration.search_page.conftest import Site
from tests.support.browser.browser import served
from tests.support.fakes.worker_endpoint import freshness_now, worker_double
from tests.support.servers.filled_index import FilledIndex
from tests.support.servers.search_api import settings_of

LONGER_THAN_BETWEEN_TWO_LOOKS = 16_000


@dataclass
class ScriptedFreshness:
    """The freshness that the worker reports from now on."""

    state: FreshnessState = "live"
    behind_ms: int = 290
    reason: str = ""

    def now(self) -> bytes:
        return freshness_now(self.state, self.behind_ms, self.reason)


@dataclass(frozen=True)
class ScriptedSite(Site):
    freshness: ScriptedFreshness = field(default_factory=ScriptedFreshness)


@pytest.fixture
def scripted_site(documents: FilledIndex) -> Iterator[ScriptedSite]:
    """The page, with a worker that reports what a test sets."""
    freshness = ScriptedFreshness()
    with (
        worker_double(partial(ScriptedFreshness.now, freshness)) as worker,
        served(settings_of(documents.url, documents.key, worker_url=worker)) as url,
    ):
        yield ScriptedSite(url, documents.aliases[0], freshness)


def look_until(page: Page, shown: Callable[[float], None]) -> None:
    """Advance the clock by polling intervals until the page shows it: the API may once return what it read a
    moment ago."""
    for _ in range(10):
        page.clock.fast_forward(LONGER_THAN_BETWEEN_TWO_LOOKS)
        with suppress(AssertionError):
            return shown(1.0)
    return shown(1.0)


def test_an_open_tab_shows_its_age_and_the_lag(page: Page, scripted_site: ScriptedSite) -> None:
    page.clock.install()
    page.goto(f"{scripted_site.results}?q=desk")
    age, refresh, note = page.locator("#count .age"), page.locator("#count [data-again]"), page.get_by_role("note")
    expect(age).to_have_text(re.compile(r"^0\.\d s behind$"))
    expect(refresh).to_be_hidden()

    scripted_site.freshness.behind_ms = -300_000  # The worker's clock advances by five minutes.
    page.clock.fast_forward(LONGER_THAN_BETWEEN_TWO_LOOKS)
    expect(age).to_have_text("5 min behind")
    expect(page.locator("#live")).to_be_empty()
    refresh.click()
    expect(age).to_have_text("0.0 s behind")
    expect(page).to_have_url(f"{scripted_site.results}?q=desk")
    expect(refresh).to_be_hidden()

    scripted_site.freshness.state = "stopped"
    page.clock.fast_forward(LONGER_THAN_BETWEEN_TWO_LOOKS)
    expect(note).to_contain_text(
        "May be out of date. The worker is stopping; changes are delivered after it has been started again."
    )
    expect(page.locator("#live")).to_contain_text("May be out of date.")
    scripted_site.freshness.state = "live"
    look_until(page, lambda seconds: expect(note).to_be_hidden(timeout=seconds * 1000))
    expect(page.locator("#live")).to_have_text("Up to date again")

    page.context.set_offline(True)
    page.clock.fast_forward(LONGER_THAN_BETWEEN_TWO_LOOKS)
    expect(note).to_contain_text("Not connected.")
