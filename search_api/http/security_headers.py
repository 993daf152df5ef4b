"""Headers that every answer carries: nothing is framed, sniffed, cached by others, or loaded from elsewhere; and
what is left of the caller's share."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; font-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # With no-referrer browsers send forms without their origin, which is then refused.
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds the headers to every answer, and those that a route left in `request.state.answer_headers`.

    It is outside of all that may fail, and answers for it: what Starlette says of an error by itself passes no middleware."""

    def __init__(self, app: ASGIApp, failed: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, dict[str, str]] = scope.setdefault("state", {})
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _add(MutableHeaders(scope=message), state)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if not begun:
                answer = await self._failed(Request(scope), error)
                await answer(scope, receive, send_with_headers)
            raise  # The server logs it.


def _add(headers: MutableHeaders, state: Mapping[str, Mapping[str, str]]) -> None:
    headers.update(state.get("answer_headers", {}))
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "private, no-cache")
    headers.add_vary_header("Authorization, Cookie")
    headers.update(state.get("limit_headers", {}))
