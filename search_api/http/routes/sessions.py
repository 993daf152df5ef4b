"""Sign-in to the page with an API key, and sign-out. Both are forms: the key is sent in the body, never in an
address."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from search_api.access.authorization import Authorization
from search_api.access.sessions import COOKIE, MAX_AGE_SECONDS
from search_api.http.dependencies import form_of

router = APIRouter(include_in_schema=False)
SCHEMAS = ()
HOME = "/"


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Start a session with the form's `key`, end the browser's former one, and redirect to `next`."""
    authorization: Authorization = request.app.state.authorization
    authorization.check_sign_in(request)
    form = await form_of(request)
    session = authorization.sessions.begin(form.get("key", ""), request.cookies.get(COOKIE, ""))
    response = RedirectResponse(same_site_address(form.get("next", HOME)), 303)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, session, max_age=MAX_AGE_SECONDS, httponly=True, samesite="strict", secure=secure)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    _authorization_of_own_form(request).sessions.end(request.cookies.get(COOKIE, ""))
    response = RedirectResponse(HOME, 303, {"Clear-Site-Data": '"cache"'})
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _authorization_of_own_form(request: Request) -> Authorization:
    """Raises UnknownHost or CrossOriginRequest unless the form is the page's own."""
    authorization: Authorization = request.app.state.authorization
    authorization.check_host(request)
    authorization.check_origin(request)
    return authorization


def same_site_address(address: str) -> str:
    """The address if it is on this site, else the start page."""
    path = address.replace("\\", "/")
    is_local = path.startswith("/") and not path.startswith("//") and path.isprintable()
    return path if is_local else HOME
