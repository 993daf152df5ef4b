"""Which requests the worker's endpoint accepts, and from whom. Nothing behind it checks again."""

import hmac
from dataclasses import dataclass
from typing import Literal, NamedTuple

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from http_server.host_names import LOOPBACK_NAMES, accepted_names, host_name, is_loopback

MAX_BODY = 4 << 20
"""In bytes: a thousand ids, which a repair sends at once, of 4 kB each."""
_READING = ("GET", "HEAD")

Reads = Literal["loopback", "open", "token"]

NO_TOKEN = (
    "This request needs the worker's token. Send the header `Authorization: Bearer <token>` with the contents of"
    " worker.token in the worker's ROWTIDE_WORKER_STORE. For Rowtide's commands, use the worker's user and"
    " ROWTIDE_WORKER_STORE, or set ROWTIDE_WORKER_TOKEN_FILE."
)
WRONG_HOST = (
    "The worker is not served under the host name of this request. Use its address, or add the name to the worker's"
    " ROWTIDE_WORKER_HOSTS."
)
FOREIGN_PAGE = "The worker accepts no requests from web pages. Use a program, or open the address itself."
TOO_LARGE = f"The request body exceeds {MAX_BODY} bytes. Name fewer documents per request."


class Refusal(NamedTuple):
    """Why a request is not accepted: the status, and a text that explains what to do."""

    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class EndpointAccess:
    """Who may do what. `hosts` are the accepted host names; empty for any.

    `open_reads`: no token is needed for the routes that only read; `open_health`: nor for `/health`."""

    token: str
    hosts: frozenset[str] = LOOPBACK_NAMES
    open_reads: bool = True
    open_health: bool = True

    def refusal(self, method: str, path: str, headers: Headers) -> Refusal | None:
        """Why the request is not accepted; None when it is."""
        if not self._accepts_host(headers.getlist("host")):
            return Refusal(421, WRONG_HOST)
        # A page of another site, which the browser of a user on this machine has opened. Programs send neither header.
        if headers.get("origin") is not None or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return Refusal(403, FOREIGN_PAGE)
        if not self._open(method, path) and not self.has_token(headers):
            return Refusal(401, NO_TOKEN)
        announced = headers.get("content-length", "0")
        if not announced.isdecimal() or len(announced) > len(str(MAX_BODY)) or int(announced) > MAX_BODY:
            return Refusal(413, TOO_LARGE)
        return None

    def _accepts_host(self, values: list[str]) -> bool:
        name = host_name(values)
        return name is not None and (not self.hosts or name in self.hosts)

    def _open(self, method: str, path: str) -> bool:
        return method in _READING and (self.open_health if path == "/health" else self.open_reads)

    def has_token(self, headers: Headers) -> bool:
        """Whether a request with these headers has the token."""
        values = headers.getlist("authorization")
        scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        sent = hmac.compare_digest(token.strip().encode(), self.token.encode())
        return bool(self.token) and sent and scheme.lower() == "bearer"


def endpoint_access(token: str, listening_on: str, names: str, reads: Reads) -> EndpointAccess:
    """The access of an endpoint that listens on this address. `names` are further host names, comma-separated."""
    private = is_loopback(listening_on)
    return EndpointAccess(
        token=token,
        hosts=accepted_names(listening_on, names),
        open_reads=reads == "open" or (reads == "loopback" and private),
        open_health=reads != "token",
    )


def has_token(request: Request) -> bool:
    """Whether a request that the guard has accepted has the token."""
    return bool(request.state.has_token)


class RequestGuard:
    """The outermost layer of the application: it reads no body before it has accepted the request."""

    def __init__(self, app: ASGIApp, access: EndpointAccess) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._access.refusal(scope["method"], scope["path"], headers)
        if refusal is not None:
            challenge = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
            response = JSONResponse({"detail": refusal.detail}, refusal.status, challenge)
            await response(scope, receive, send)
            return
        scope.setdefault("state", {})["has_token"] = self._access.has_token(headers)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY:  # A chunked body announces no length.
                raise HTTPException(413, TOO_LARGE)
            return message

        await self._app(scope, counted, send)
