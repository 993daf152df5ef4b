"""Limits the size of request bodies before anything reads them."""

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
"""In bytes; ten times a large search as JSON."""


class BodyLimit:
    """Rejects a body that is too large, by its announced length or once it exceeds the limit. It raises inside the
    application, so that the response is a problem like any other.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY or (announced.isdigit() and int(announced[:9]) > MAX_BODY):
                raise HTTPException(413, f"The request body exceeds {MAX_BODY} bytes.")
            return message

        await self._app(scope, counted, send)
