"""From page to page and back, through the API and on the page, while documents come and go."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.builders.book_index import BOOKS
from tests.support.servers.search_api import Api, Library, running_api, settings_of

ROWS = 25
"""Of a page of the page."""


@contextmanager
def another_book(library: Library) -> Iterator[None]:
    """A book that comes first in the order of the latest change."""
    library.admin.put("/books-write/_doc/new?refresh=true", json={"title": "Came later"}).raise_for_status()
    try:
        yield
    finally:
        library.admin.delete("/books-write/_doc/new?refresh=true").raise_for_status()


@pytest.mark.parametrize("sort", ["", "big,-price", "-big", "copies.place"])
def test_the_way_back_shows_the_same_pages(api: Api, sort: str) -> None:
    params: dict[str, Any] = {"sort": sort, "size": 20, "cursor": "start"}
    there = [api.get("/v1/books/search", params=params).json()]
    assert there[0]["previous_cursor"] is None
    while cursor := there[-1]["next_cursor"]:
        there.append(api.get("/v1/books/search", params=params | {"cursor": cursor}).json())
    assert [item["id"] for page in there for item in page["items"]].count("2") == 1
    page, backwards = there[-1], []
    while cursor := page["previous_cursor"]:
        page = api.get("/v1/books/search", params=params | {"cursor": cursor}).json()
        backwards.append([item["id"] for item in page["items"]])
    while not backwards[-1]:  # Before a full first page comes an empty one.
        backwards.pop()
    assert backwards == [[item["id"] for item in page["items"]] for page in reversed(there[:-1])]


def page_of(api: Api, address: str) -> tuple[list[str], dict[str, str]]:
    """The books of a page, by their addresses, and where it leads."""
    answer = api.get(address, headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text
    links = {name: html.unescape(url) for name, url in re.findall(r'rel="(next|prev)" href="([^"]+)"', answer.text)}
    return re.findall(r'data-title[^>]*>\s*<a href="([^"]+)"', answer.text), links


def test_pages_neither_repeat_nor_skip_what_others_write_meanwhile(api: Api, library: Library) -> None:
    first, links = page_of(api, "/books")
    assert (len(first), list(links)) == (ROWS, ["next"])
    with another_book(library):
        second, links = page_of(api, links["next"])
        third, last = page_of(api, links["next"])
        assert sorted(first + second + third) == sorted(page_of_all(api))
        assert list(last) == ["prev"]
        assert page_of(api, last["prev"])[0] == second
        again, _ = page_of(api, links["prev"])
        assert again == ["/books/new", *first[:-1]]


def page_of_all(api: Api) -> list[str]:
    addresses = (page_of(api, f"/books?page={n}")[0] if n > 1 else page_of(api, "/books")[0] for n in (1, 2, 3))
    distinct = {address for page in addresses for address in page}
    assert len(distinct) == len(BOOKS) + 1
    return [address for address in distinct if address != "/books/new"]


def test_a_page_whose_moment_is_gone_goes_on_all_the_same(library: Library) -> None:
    with running_api(settings_of(library.url, library.key, paging_points=1)) as api:
        first, links = page_of(api, "/books")
        second, further = page_of(api, links["next"])
        page_of(api, page_of(api, "/books?sort=title")[1]["next"])
        third, _ = page_of(api, further["next"])
        assert len({*first, *second, *third}) == len(BOOKS)
    elsewhere = settings_of(library.url, library.key, cursor_secret="another secret of the tests")
    with running_api(elsewhere) as other:
        assert page_of(other, links["next"])[0] == second
