"""One line of the log for each request, and an id that the response, the line and every other line about it share.

A line names the route, not the address: what people search for, and the ids of documents, may be personal data.
"""

import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = ("/health", "/static")
"""Routes that are asked all the time, and of interest only when they fail."""

_log = structlog.get_logger()


class RequestLog:
    """The outermost layer. An id that the client or a proxy sends is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(HEADER, "")
        request_id = sent if _ID.fullmatch(sent) else uuid.uuid4().hex
        began, status = time.monotonic(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                _write(scope, status, time.monotonic() - began)


def _write(scope: Scope, status: int, seconds: float) -> None:
    path = _route(scope)
    quiet = status < 400 and path.startswith(_QUIET)
    write = _log.error if status >= 500 or not status else _log.debug if quiet else _log.info
    write(
        "request",
        method=scope["method"],
        path=path,
        index=None if status == 404 else scope.get("path_params", {}).get("index"),
        status=status or None,
        duration_ms=round(seconds * 1000, 1),
    )


def _route(scope: Scope) -> str:
    """The route's path with the names of its parameters; of what no route matches, nothing but that."""
    path = getattr(scope.get("route"), "path", None)
    return str(path) if path else "/static" if scope["path"].startswith("/static/") else "(no route)"
