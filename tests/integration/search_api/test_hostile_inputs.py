"""Every input is answered or rejected: never with a server error, and never with another party's markup."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import APIRoute

from tests.support.builders.hostile import inputs
from tests.support.servers.paired_indexes import every_route, parameters_of
from tests.support.servers.search_api import Api

EVERY = every_route()
LONGEST_ADDRESS = 20_000
"""httpx sends no longer ones; a server refuses them before the application sees them."""
SYNTAX = {"q", "filter", "field", "value"}
CURSORS = {"cursor", "resume", "at_least", "consistency", "token"}


def path_of(route: APIRoute, **values: str) -> str:
    path = route.path
    for name in parameters_of(route)[0]:
        value = quote(values.get(name, "books" if name == "index" else "1"), safe="")
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    return path


Question = tuple[str, str, dict[str, Any]]


def requests_of(route: APIRoute) -> Iterator[Question]:
    """Every input in every place where this route takes one."""
    for method in sorted(route.methods or ()):
        yield from in_address(route, method)
        for name, value in inputs("headers"):
            yield method, path_of(route), {"headers": {name: value}}
        if method != "GET":
            yield from in_body(route, method)


def in_address(route: APIRoute, method: str) -> Iterator[Question]:
    strings = inputs("strings")
    in_path, in_query = parameters_of(route)
    for name in in_path:
        yield from ((method, path_of(route, **{name: text[:1000]}), {}) for text in strings)
    for name in in_query:
        yield from ((method, path_of(route), {"params": {name: text}}) for text in texts_for(name, strings))


def texts_for(name: str, strings: list[str]) -> list[str]:
    """What to try in a parameter: everything where texts are parsed, and some of it elsewhere."""
    if name in SYNTAX:
        return [*strings, *inputs("syntaxes")]
    if name in CURSORS:
        return [*strings[::2], *inputs("cursors")]
    return [*strings[::3], *inputs("syntaxes")[::9]]


def in_body(route: APIRoute, method: str) -> Iterator[Question]:
    for body in inputs("bodies"):
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            content = body.encode("utf-8", "surrogatepass")
            yield method, path_of(route), {"content": content, "headers": {"content-type": kind}}


@pytest.mark.parametrize("route", EVERY, ids=lambda route: f"{route.name} {route.path}")
def test_every_input_is_answered_or_refused(api: Api, route: APIRoute) -> None:
    for method, path, question in requests_of(route):
        if len(path) + len(str(question.get("params", ""))) * 3 > LONGEST_ADDRESS:
            continue
        try:
            answer = api.request(method, path, **question)
        except (httpx.InvalidURL, httpx.LocalProtocolError):
            continue  # No client sends it.
        finally:
            api.client.cookies.clear()
        assert answer.status_code < 500, (method, path[:200], str(question)[:300], answer.text[:500])
        refused_well = answer.status_code < 400 or "html" in answer.headers["content-type"] or "type" in answer.json()
        assert refused_well, (method, path, answer.text)
