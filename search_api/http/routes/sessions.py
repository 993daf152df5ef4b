"""Signing in to the page with an API key, and out again. Both are forms: the key travels in a body, never in an address."""

from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from search_api.access.authorization import Authorization
from search_api.access.sessions import COOKIE, SECONDS

router = APIRouter(include_in_schema=False)
SCHEMAS = ()
HOME = "/"


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Begin a session with the key in the form's field `key`, and go on to the address in `next`."""
    authorization: Authorization = request.app.state.authorization
    authorization.check_sign_in(request)
    form = parse_qs((await request.body()).decode(errors="replace"))
    session = authorization.sessions.begin(form.get("key", [""])[0])
    answer = RedirectResponse(local_address(form.get("next", [HOME])[0]), 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, session, max_age=SECONDS, httponly=True, samesite="strict", secure=secure)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    _own(request).sessions.end(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(HOME, 303, {"Clear-Site-Data": '"cache"'})
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _own(request: Request) -> Authorization:
    """The door, for a form of our own page."""
    authorization: Authorization = request.app.state.authorization
    authorization.check_host(request)
    authorization.check_origin(request)
    return authorization


def local_address(address: str) -> str:
    """An address on this site, whatever was given."""
    path = address.replace("\\", "/")
    is_local = path.startswith("/") and not path.startswith("//") and path.isprintable()
    return path if is_local else HOME
