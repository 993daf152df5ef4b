"""A proxy to Elasticsearch that a test closes and opens again, while the server keeps running for others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import httpx

from tests.support.fakes.background_server import in_background

State = Literal["open", "cut", "held"]
_HOP_BY_HOP = frozenset({"connection", "content-length", "host", "transfer-encoding", "content-encoding"})


@dataclass
class Door:
    """`state` decides over requests to come: they are let through, cut off, or held until the test ends."""

    url: str = ""
    state: State = "open"
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def door_to(url: str) -> Iterator[Door]:
    """Forward to a server."""
    door = Door()
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as behind:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Forward, door, behind))
        server.daemon_threads = True
        with in_background(server) as door.url:
            try:
                yield door
            finally:
                door.ended.set()


class _Forward(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, door: Door, behind: httpx.Client, *arguments: Any) -> None:
        self._door = door
        self._behind = behind
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_DELETE(self) -> None:
        self._forward()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _forward(self) -> None:
        state = self._door.state
        if state == "held":
            self._door.ended.wait()
        if state != "open":
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        answer = self._behind.request(self.command, self.path, headers=headers, content=body)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)
