"""HTTP servers on real ports in this process, and clients that send a part of a request."""

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvicorn

PACE = 0.05
"""Seconds that a slow client waits between two bytes."""


@contextmanager
def listening(server: uvicorn.Server) -> Iterator[int]:
    """Serve on a free port, which it yields. Requests that come before the server is ready wait in the socket."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def half_open(port: int, number: int, request: bytes) -> Iterator[list[socket.socket]]:
    """Connections that have sent a part of a request."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        sockets = []
        for _ in range(number):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            client.sendall(request)
            sockets.append(client)
        yield sockets


def read_to_end(client: socket.socket, seconds: float, slowly: bytes = b"") -> bytes:
    """What the server sends until it closes the connection; meanwhile the client sends `slowly` again and again.

    Raises TimeoutError when the connection is still open after so many seconds."""
    response, deadline = b"", time.monotonic() + seconds
    client.settimeout(PACE)
    while time.monotonic() < deadline:
        try:
            if slowly:
                client.sendall(slowly)
            part = client.recv(1 << 18)
        except TimeoutError:
            continue
        except OSError:
            return response
        if not part:
            return response
        response += part
    raise TimeoutError
