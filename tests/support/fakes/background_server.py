"""Runs a server of the standard library next to a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from threading import Thread

SHUTDOWN_CHECK_SECONDS = 0.01
"""How often the server looks whether it shall end. The library's default is half a second, which every test pays."""


@contextmanager
def in_background(server: HTTPServer) -> Iterator[str]:
    """Serve until the context ends; yields the URL."""
    with server:
        thread = Thread(target=server.serve_forever, args=(SHUTDOWN_CHECK_SECONDS,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
