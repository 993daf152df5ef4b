"""Headers of every response: against framing, sniffing, shared caching and foreign content, and the caller's rate
limit.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; font-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # With no-referrer, browsers omit the origin of forms, which are then rejected.
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds the headers to every response, and those that a route left in `request.state.answer_headers`.

    Only the log of requests is outside of it. It also handles unexpected errors, because Starlette's own error response bypasses all
    middleware.
    """

    def __init__(self, app: ASGIApp, failed: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, dict[str, str]] = scope.setdefault("state", {})
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add(MutableHeaders(scope=message), state)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return  # Nobody reads a response, and a slow client is no error of the server.
        except Exception as error:
            if not started:
                response = await self._failed(Request(scope), error)
                await response(scope, receive, send_with_headers)
            raise  # The server logs it.


def _add(headers: MutableHeaders, state: Mapping[str, Mapping[str, str]]) -> None:
    headers.update(state.get("answer_headers", {}))
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "private, no-cache")
    headers.add_vary_header("Authorization, Cookie")
    headers.update(state.get("limit_headers", {}))
