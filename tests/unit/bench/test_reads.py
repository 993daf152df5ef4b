"""Searches in the benchmark: both sides get the same bytes, and the figures follow from the times."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.bench.clients import Reads, read, read_until, together
from tests.bench.reads import ReadFigures, questions
from tests.bench.recorder import Asked, recording
from tests.bench.report import read_rows
from tests.support.fakes.background_server import in_background


class Echo(BaseHTTPRequestHandler):
    """Returns the request's body."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_searches_are_kept_as_they_were_sent_and_asked_again() -> None:
    with in_background(ThreadingHTTPServer(("127.0.0.1", 0), Echo)) as url:
        with recording(url) as (recorder, seen):
            assert httpx.post(f"{recorder}/books/_search", content=b'{"size":1}').content == b'{"size":1}'
            httpx.post(f"{recorder}/_alias", content=b"{}")
        assert [(request.method, request.path, request.body) for request in seen] == [
            ("POST", "/books/_search", b'{"size":1}')
        ]
        assert len(read(url, seen, 3, 0.0).times_ms) == 3
        done = threading.Event()
        done.set()
        assert len(read_until(url, seen, done, 60).times_ms) == 1


def test_ratios_compare_the_api_with_elasticsearch_alone() -> None:
    def of(clients: int, each: float) -> Reads:
        return Reads(clients, [each] * 10, each / 100)

    assert together([of(1, 3.0), of(1, 1.0)]) == Reads(1, [3.0] * 10 + [1.0] * 10, 0.04)
    figures = ReadFigures(
        5, [of(1, 3.0), of(16, 30.0)], [of(1, 2.0), of(16, 20.0)], 1.5, 8.0, 9000.0, 100, 120, of(1, 6.0)
    )
    report = figures.as_json()
    assert (report["search_p50_ratio_1_client"], report["search_throughput_ratio_16_clients"]) == (1.5, 0.67)
    assert report["search_p99_ratio_while_writing"] == 2.0
    assert len(read_rows(report)) == 8
    assert read_rows({}) == []


def test_questions_are_searches_with_facets_and_a_page() -> None:
    requests = questions("orders")
    assert all(
        request.path.startswith("/v1/orders/search?") and request.path.count("facet=") == 4 for request in requests
    )
    assert len({request.path for request in requests}) == len(requests)
    assert isinstance(requests[0], Asked)
