"""Renders templates, and addresses static files by their content."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from search_api.freshness.view import FreshnessView
from search_api.pages.locale import Locale, locale_of
from search_api.query.schema import in_words

HERE = Path(__file__).parent
STATIC = HERE / "static"
SCRIPTS = ("vendor/htmx.min.js", "vendor/uPlot.iife.min.js", "vendor/combobox-nav.js")
"""Fetched by `make setup`. If a file is missing, the page works without JavaScript."""
MINUTE, HOUR = 60, 3600
_CODE = re.compile(r"`([^`]+)`")


def lag_words(freshness: FreshnessView) -> str:
    """The lag in words: seconds, then minutes, then hours."""
    if freshness.lag_ms is None:
        return "freshness unknown"
    seconds = freshness.lag_ms / 1000
    if seconds < MINUTE:
        return f"{seconds:.1f} s behind"
    return f"{seconds / MINUTE:.0f} min behind" if seconds < HOUR else f"{seconds / HOUR:.0f} h behind"


def with_code(message: str) -> Markup:
    """A message as HTML, with text between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(message))))


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes when the file does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


@cache
def has_scripts() -> bool:
    """Whether the JavaScript libraries are installed."""
    return all((STATIC / name).is_file() for name in SCRIPTS)


_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(words=in_words, lag_words=lag_words, with_code=with_code)
_templates.globals.update(asset=asset, has_scripts=has_scripts)


def request_locale(request: Request) -> Locale:
    """The locale of the visitor who sent the request."""
    return locale_of(request.headers.get("accept-language", ""), request.cookies)


def render(
    request: Request, template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> Response:
    """A page. Language, time zone and htmx requests change it, so `Vary` lists them."""
    vary = {"Vary": "Accept-Language, Cookie, HX-Request", **(headers or {})}
    text = _templates.get_template(template).render(locale=request_locale(request), **values)
    return HTMLResponse(text, status, vary)
