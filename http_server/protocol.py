"""uvicorn's HTTP protocol with limits. uvicorn itself waits forever for the rest of a request, has no limit for the size
of a header, and rejects new connections while idle ones take the places.
"""

import asyncio
from http import HTTPStatus
from typing import ClassVar, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from http_server.open_connections import ConnectionLimits, OpenConnection, OpenConnections

MAX_OVERHEAD = 64 << 10
"""Bytes of a request besides its body: request line, headers, chunk sizes, trailers."""
MIN_READ = 16 << 10
"""Bytes that a client reads at least in the time for writing; one that reads more slowly keeps the response in memory
for too long."""

REASONS = {
    HTTPStatus.SERVICE_UNAVAILABLE: "Too many connections. Close some, or try again in a moment.",
    HTTPStatus.REQUEST_TIMEOUT: "The request did not arrive completely in time. Send it again.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"The request's header exceeds {MAX_OVERHEAD} bytes. Send fewer headers.",
}


class Expiry:
    """Looks for connections whose deadline has passed, as long as there are any."""

    def __init__(self, connections: OpenConnections, limits: ConnectionLimits) -> None:
        self._connections = connections
        self._interval = min(limits.header, limits.body, limits.idle, limits.write, 4.0) / 4
        self._timer: asyncio.TimerHandle | None = None

    def schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look once the interval has passed, unless that is scheduled already."""
        if self._timer is None:
            self._timer = loop.call_later(self._interval, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._connections.expire(loop.time())
        if len(self._connections):
            self.schedule(loop)


class LimitedProtocol(HttpToolsProtocol):
    """One connection. `protocol_class` makes the class of a server."""

    limits: ClassVar[ConnectionLimits]
    open_connections: ClassVar[OpenConnections]
    expiry: ClassVar[Expiry]

    _receives: Literal["nothing", "header", "body"] = "nothing"
    """Which part of a request has arrived incompletely."""
    _paused = False
    """Whether so much of a response is in memory that the application has to wait."""
    _unread: int | None = None
    """The bytes that the client had to read when it was last looked at."""
    _overhead = 0
    _body_bytes = 0
    _began = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As in uvicorn.
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._connection = OpenConnection(address, self._close, self._expire)
        if self.open_connections.admit(self._connection):
            self._wait(self.limits.header)
            self.expiry.schedule(self.loop)
        else:
            self._reject(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open_connections.remove(self._connection)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._body_bytes = 0
        super().data_received(data)
        if self._began:  # The part may contain the end of another request, and is small enough.
            self._began, self._overhead = False, 0
        else:
            self._overhead += len(data) - self._body_bytes
        if self._receives != "nothing" and self._overhead > MAX_OVERHEAD and not self.transport.is_closing():
            self._reject(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._receives, self._began, self._unread = "header", True, None
        self._wait(self.limits.header)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._receives = "body"
        self._wait(self.limits.body)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._body_bytes += len(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._receives = "nothing"
        self._continue()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._continue()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._paused, self._unread = True, self.transport.get_write_buffer_size()
        self._wait(self.limits.write)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._paused, self._unread = False, None
        self._continue()

    def _continue(self) -> None:
        """Once a step has ended: the server works on the request, or waits for the next one."""
        if self._receives != "nothing" or self._paused:
            return
        if self.cycle is None or self.cycle.response_complete:
            self._wait(self.limits.idle)
        else:
            self.open_connections.work(self._connection)

    def _wait(self, seconds: float) -> None:
        self.open_connections.wait(self._connection, self.loop.time() + seconds)

    def _expire(self) -> None:
        """Close the connection, unless the client is reading."""
        unread = self.transport.get_write_buffer_size()
        if unread and (self._unread is None or self._unread - unread >= MIN_READ):
            self._unread = unread
            self._wait(self.limits.write)
        else:
            self._close()

    def _close(self) -> None:
        answered = self.cycle is not None and self.cycle.response_started
        if self.transport.get_write_buffer_size() or self.transport.is_closing():
            self.transport.abort()
        elif self._receives == "nothing" or (self._receives == "body" and answered):
            self.transport.close()
        else:
            self._reject(HTTPStatus.REQUEST_TIMEOUT)

    def _reject(self, status: HTTPStatus) -> None:
        text = REASONS[status].encode()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain\r\ncontent-length: {len(text)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + text)
        self.transport.close()


def protocol_class(limits: ConnectionLimits, connections: OpenConnections) -> type[LimitedProtocol]:
    """The protocol of a server whose connections share these limits."""

    class ServerProtocol(LimitedProtocol):
        pass

    ServerProtocol.limits, ServerProtocol.open_connections = limits, connections
    ServerProtocol.expiry = Expiry(connections, limits)
    return ServerProtocol
