"""How large a request may be, before anything reads it."""

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
"""Bytes of a body: a search as JSON is a tenth of that."""


class BodyLimit:
    """Refuses a body that is too large: by its announced length, or once more has come than announced. It raises inside of
    the application, so that its answer is a problem like any other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        come = 0

        async def counted() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > MAX_BODY or (announced.isdigit() and int(announced[:9]) > MAX_BODY):
                raise HTTPException(413, "The body is too large.")
            return message

        await self._app(scope, counted, send)
