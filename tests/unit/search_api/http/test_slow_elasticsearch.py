"""Responses when Elasticsearch is slow or out of memory, or only a part of the index responds. A named double stands
in for it.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.support.builders.book_index import MAPPINGS
from tests.support.fakes.background_server import in_background
from tests.support.servers.paired_indexes import every_route
from tests.support.servers.search_api import Api, running_api, settings_of

HIT = {"_id": "1", "_version": 7, "_score": 1.0, "_source": {"title": "Harbour"}, "sort": [1.0, 1]}


class ElasticsearchDouble:
    """Knows the index `books` and answers every search with `answer`, the first ones with `before`; while `slow` is
    set, with nothing at all. For a search that contains `too_large` it has no memory."""

    def __init__(self) -> None:
        self.before: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {}
        self.too_large = b"nothing"
        self.slow = threading.Event()
        self.go_on = threading.Event()

    def reply(self, path: str) -> dict[str, Any]:
        """The response to a request."""
        if path.startswith("/_alias"):
            return {"books-g000001": {"aliases": {"books": {}}}}
        if path.endswith("/_mapping"):
            return {"books-g000001": {"mappings": MAPPINGS}}
        if path.endswith("/_has_privileges"):
            return {"cluster": {}, "index": {}}
        if "_pit" in path:
            return {"id": "point"}
        if self.slow.is_set():
            self.go_on.wait(30)
        if path.endswith("/_mget"):
            return {"docs": [HIT | {"found": True}]}
        hits = {"total": {"value": 1, "relation": "eq"}, "hits": [HIT]}
        answer = self.before.pop(0) if self.before else self.answer
        return {"took": 1, "timed_out": False, "_shards": {"failed": 0}, "hits": hits, "pit_id": "point"} | answer


@contextmanager
def serving(double: ElasticsearchDouble) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if double.too_large in body:
                self._answer(429, {"error": {"root_cause": [{"type": "circuit_breaking_exception"}]}})
            else:
                self.do_GET()

        def do_DELETE(self) -> None:
            self.do_POST()

        def do_GET(self) -> None:
            self._answer(200, double.reply(self.path))

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            for name, value in (("content-type", "application/json"), ("x-elastic-product", "Elasticsearch")):
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with in_background(server) as url:
        try:
            yield url
        finally:
            double.go_on.set()


@pytest.fixture
def double() -> ElasticsearchDouble:
    return ElasticsearchDouble()


@pytest.fixture
def api(double: ElasticsearchDouble) -> Iterator[Api]:
    with serving(double) as url, running_api(settings_of(url, "a2V5OmtleQ==", request_timeout=0.5)) as api:
        yield api


def test_a_search_timeout_is_a_problem_with_advice(double: ElasticsearchDouble, api: Api) -> None:
    assert api.get("/v1/books/search").status_code == 200
    double.slow.set()
    for path in (
        "/v1/books/search?q=harbour",
        "/v1/books/suggest?q=ha",
        "/v1/books/aggregate?by=genre",
        "/v1/books/export",
    ):
        answer = api.get(path)
        assert (answer.status_code, answer.json()["type"]) == (504, "urn:rowtide:problem:too-slow"), path
        assert "narrower filter" in answer.json()["detail"]
        assert answer.headers["rowtide-freshness"]
    page = api.get("/books", headers={"accept": "text/html"})
    assert (page.status_code, "timed out" in page.text) == (504, True)


def test_every_answer_says_how_fresh_it_is(api: Api) -> None:
    routes = [
        route for route in every_route() if "GET" in (route.methods or ()) and route.path.startswith(("/v1", "/health"))
    ]
    assert len(routes) >= 11
    for route in routes:
        path = route.path.replace("{index}", "books").replace("{id:path}", "1")
        answer = api.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["rowtide-freshness"], path


@pytest.mark.parametrize("lacking", [{"timed_out": True}, {"_shards": {"failed": 1}}])
def test_an_answer_from_a_part_of_the_index_says_so(
    double: ElasticsearchDouble, api: Api, lacking: dict[str, Any]
) -> None:
    assert api.get("/v1/books/search").json()["partial"] is False
    double.answer = lacking
    assert api.get("/v1/books/search").json()["partial"] is True
    assert api.get("/v1/books/aggregate?measure=count").json()["partial"] is True


def test_an_export_that_lost_a_part_of_the_index_is_broken_off(double: ElasticsearchDouble, api: Api) -> None:
    """The first page came whole, so that the answer has begun; only a broken answer can tell that rows are missing."""
    page = [HIT | {"_id": str(n), "sort": [n]} for n in range(200)]
    hits = {"total": {"value": 500, "relation": "eq"}, "hits": page}
    double.before, double.answer = [{"hits": hits}], {"hits": hits, "timed_out": True}
    answer = api.get("/v1/books/export")
    assert (answer.headers["rowtide-rows"], len(answer.text.splitlines())) == ("500", 200)
    noted = api.app.state.audit.newest(1)[0]
    assert (noted.ended, noted.rows) == ("failed", 200)


@pytest.mark.parametrize("part", [b"highlight", b"aggs"])
def test_an_answer_comes_without_what_takes_too_much_memory(double: ElasticsearchDouble, api: Api, part: bytes) -> None:
    double.too_large = part
    page = api.get("/v1/books/search?q=harbour&facet=genre").json()
    assert ([item["id"] for item in page["items"]], page["facets"]) == (["1"], [])
    assert page["omitted"] == ["highlights", "facets"]
    double.too_large = b"aggs"  # The page's chart as well.
    shown = api.get("/books?q=harbour", headers={"accept": "text/html"})
    assert (shown.status_code, "without highlights and facets" in shown.text) == (200, True)


def test_a_correction_that_takes_too_much_memory_leaves_the_empty_answer(double: ElasticsearchDouble, api: Api) -> None:
    double.too_large = b"fuzziness"
    double.answer = {"hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}}
    answer = api.get("/v1/books/search?q=harbuor")
    assert (answer.status_code, answer.json()["items"], answer.json()["omitted"]) == (200, [], ["correction"])


def test_suggested_values_that_take_too_much_memory_leave_the_fields(double: ElasticsearchDouble, api: Api) -> None:
    double.too_large = b"aggs"
    suggested = api.get("/v1/books/suggest?q=ti").json()
    assert ([item["text"] for item in suggested["items"]], suggested["partial"]) == (["title:"], True)


def test_a_search_without_optional_parts_says_that_there_is_no_memory(double: ElasticsearchDouble, api: Api) -> None:
    double.too_large = b"query"
    answer = api.get("/v1/books/search")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:rowtide:problem:elasticsearch-unavailable")
    assert "too little memory" in answer.json()["detail"]
