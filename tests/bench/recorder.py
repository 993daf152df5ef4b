"""Stands between the search API and Elasticsearch once, and keeps the searches that pass: what is sent to Elasticsearch directly
is then, byte for byte, what the API sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from infra.native.ports import LOOPBACK
from tests.support.fakes.background_server import in_background

_KEPT_HEADERS = ("Authorization", "Content-Type", "Accept")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to measure with."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def recording(elasticsearch_url: str) -> Iterator[tuple[str, list[Asked]]]:
    """The address to use in place of Elasticsearch's, and the searches that came by, in their order."""
    target = urlsplit(elasticsearch_url)
    seen: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name in _KEPT_HEADERS if (value := self.headers.get(name))}
            connection = HTTPConnection(str(target.hostname), target.port, timeout=60)
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if self.path.endswith("/_search"):
                seen.append(Asked(self.command, self.path, body, headers))
            self.send_response(answer.status)
            for name in ("Content-Type", "X-Elastic-Product"):
                if value := answer.getheader(name):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _pass_on  # noqa: N815 The names are the library's.

        def log_message(self, format: str, *args: object) -> None:
            pass

    with in_background(ThreadingHTTPServer((LOOPBACK, 0), Handler)) as url:
        yield url, seen
