"""The worker's HTTP endpoint, as far as readers know it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

from read_model.freshness import Freshness, FreshnessState
from tests.support.fakes.background_server import in_background


@contextmanager
def worker_double(answer: Callable[[], bytes], port: int = 0) -> Iterator[str]:
    """Serve what `answer` returns, at any path; yields the URL. Without a port, at a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with in_background(ThreadingHTTPServer(("127.0.0.1", port), Handler)) as url:
        yield url


def freshness_now(state: FreshnessState = "live", behind_ms: int = 290, reason: str = "") -> bytes:
    """The freshness of a worker that is `behind_ms` behind."""
    as_of = time.time_ns() // 1_000_000 - behind_ms
    return msgspec.json.encode(Freshness("shop", 1, 77, 80, as_of, state, reason))
