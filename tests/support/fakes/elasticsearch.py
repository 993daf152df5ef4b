"""Doubles of Elasticsearch: one returns the same response to every request, one derives it from the request."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.support.fakes.background_server import in_background


@contextmanager
def answering(status: int, body: object = None) -> Iterator[str]:
    """Listen, and give the URL. With status 0 the connection is closed instead of answered."""
    with choosing(lambda _: (status, body)) as url:
        yield url


@contextmanager
def choosing(choose: Callable[[bytes], tuple[int, object]]) -> Iterator[str]:
    """Listen, and give the URL. Each answer's status and body follow from the request's body."""

    class Choosing(BaseHTTPRequestHandler):
        def answer(self) -> None:
            status, body = choose(self.rfile.read(int(self.headers.get("content-length", "0"))))
            content = json.dumps(body or {}).encode()
            if status:
                self.send_response(status)
                self.send_header("x-elastic-product", "Elasticsearch")
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 The names that http.server asks for.

        def log_message(self, *_: object) -> None:
            return

    with in_background(HTTPServer(("127.0.0.1", 0), Choosing)) as url:
        yield url
