"""Markup in documents stays text, in every field, highlight, facet, suggestion and error on every view of the page."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from markupsafe import escape

from infra.native.stack import Stack
from rowtide.commands.elasticsearch_key import create_search_key
from tests.support.builders.book_index import MAPPINGS, SETTINGS
from tests.support.servers.search_api import Api, Library, administrator_settings, running_api, settings_of

EVIL = "harbour\"'><script>alert(1)</script><img src=x onerror=alert(2)><evil-x onclick='a'></mark>{{7*7}}"
ID = f"id {EVIL}"
DOCUMENT = {
    "shelf_mark": EVIL,
    "title": EVIL,
    "genre": EVIL,
    "author": {"name": EVIL},
    "extra": {EVIL: EVIL},
    "cover": {EVIL: [EVIL, {"a": EVIL}]},
    "copies": [{"place": EVIL, "state": EVIL}, {"place": f"javascript:{EVIL}", "state": EVIL}],
}


class Elements(HTMLParser):
    """Collects what a browser would run or load: elements of the document's making, handlers, and foreign addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.seen += 1
        own_script = tag == "script" and attributes.get("src", "").startswith("/static/")
        if tag in {"evil-x", "style", "iframe", "object"} or (tag == "script" and not own_script):
            self.wrong.append(tag)
        self.wrong += [name for name in attributes if name.startswith("on") or name in {"style", "srcdoc"}]
        links = [attributes[name] for name in ("href", "src", "action", "formaction") if name in attributes]
        self.wrong += [link for link in links if link and not link.startswith(("/", "#", "?"))]


@pytest.fixture(scope="module")
def evil(library: Library, stack: Stack) -> Iterator[Api]:
    admin = library.admin
    admin.delete("/markup-g000001")
    body = {"settings": SETTINGS, "mappings": MAPPINGS, "aliases": {"markup": {}}}
    admin.put("/markup-g000001", json=body).raise_for_status()
    for document_id, document in ((ID, DOCUMENT), ("2", DOCUMENT | {"genre": "plain"})):
        path = f"/markup-g000001/_doc/{quote(document_id, safe='')}?refresh=true"
        headers = {"content-type": "application/json"}
        admin.put(path, content=json.dumps(document).encode(), headers=headers).raise_for_status()
    key = create_search_key(administrator_settings(stack.addresses), ["markup"], "markup", 1)
    with running_api(settings_of(library.url, key)) as api:
        for name in (EVIL[:100], f"javascript:{EVIL}"[:100]):
            form = {"index": "markup", "name": name, "query": f"q={quote(EVIL)}"}
            assert api.request("POST", "/saved", data=form).status_code == 303
        yield api
    admin.delete("/markup-g000001").raise_for_status()


PAGES = [
    "/",
    "/markup",
    "/markup?q=harbour",
    "/markup?q=alert",
    f"/markup?q={quote(EVIL)}",
    f"/markup?q=title:{quote(EVIL)}",
    f"/markup?filter={quote('genre:=' + EVIL)}",
    f"/markup?filter={quote(EVIL)}",
    f"/markup?sort={quote(EVIL)}",
    "/markup?q=harbour&columns=title,genre,author.name,copies.place,cover,extra",
    f"/markup?columns={quote(EVIL)}",
    f"/markup/{quote(ID, safe='')}",
    f"/markup/{quote(EVIL, safe='')}",
    f"/{quote(EVIL, safe='')}",
    "/markup/2",
]


def test_names_of_saved_searches_are_shown_as_text(evil: Api) -> None:
    for page in ("/", "/markup", "/markup?q=harbour"):
        text = evil.get(page).text
        assert escape(EVIL[:100]) in text
        assert EVIL[:100] not in text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("by_script", [False, True])
def test_no_page_runs_what_a_document_says(evil: Api, page: str, by_script: bool) -> None:
    headers = {"accept": "text/html"} | ({"hx-request": "true"} if by_script else {})
    answer = evil.request("GET", page, headers=headers, follow_redirects=True)
    assert answer.status_code < 500
    elements = Elements()
    elements.feed(answer.text)
    assert elements.seen
    assert elements.wrong == []
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_highlights_and_json_hold_text_alone(evil: Api) -> None:
    answer = evil.get("/v1/markup/search", params={"q": "alert"})
    assert answer.headers["content-type"] == "application/json"
    fragments = [
        fragment for item in answer.json()["items"] for many in item["highlights"].values() for fragment in many
    ]
    assert fragments
    for fragment in fragments:
        rest = fragment.replace("<mark>", "").replace("</mark>", "")
        assert not {"<", ">", '"'} & set(rest)
