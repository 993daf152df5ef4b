"""Authorization: a request becomes a caller, or an error that names what is missing.

Every route that reads or stores anything goes through `http.dependencies.caller_of`. A test fails for a route that is
not in `OPERATIONS`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from http_server.client_network import client_network
from http_server.host_names import host_name
from search_api.access.api_keys import ApiKey, ApiKeys
from search_api.access.callers import Caller, Scope
from search_api.access.rate_limits import RateLimits
from search_api.access.sessions import COOKIE, Sessions
from search_api.errors import (
    ApiKeyMissing,
    CrossOriginRequest,
    InvalidApiKey,
    RateLimitExceeded,
    ScopeMissing,
    UnknownHost,
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIGN_IN_COST = 10
"""The cost of submitting a key in the page's form, valid or not."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route requires, and its minimum cost. Without a scope it is open to everybody and reveals only whether the
    service works.
    """

    scope: Scope | None
    cost: int = 1


OPERATIONS: Mapping[str, Operation] = {
    "health": Operation(None, 0),
    "freshness": Operation("search"),
    "indices": Operation("search"),
    "fields": Operation("search"),
    "search": Operation("search"),
    "suggest": Operation("search", 2),
    "document": Operation("search"),
    "document_by_id": Operation("search"),
    "explain": Operation("explain", 2),
    "aggregate": Operation("aggregate", 5),
    "export": Operation("export", 20),
    "export_by_body": Operation("export", 20),
    "home": Operation("search"),
    "results": Operation("search", 3),
    "save_search": Operation("save"),
    "remove_search": Operation("save"),
}
"""By `operation_id`, or by the function's name for a route of the page."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """`anybody` is the caller without an API key, None if a key is required. `hosts` are the accepted host names, empty
    for any. `limits` and `open_limits` are for callers with and without a key; None is unlimited.
    """

    keys: ApiKeys
    sessions: Sessions
    anybody: Caller | None
    hosts: frozenset[str] = frozenset()
    limits: RateLimits | None = None
    open_limits: RateLimits | None = None

    def authorize(self, request: Request) -> Caller:
        """The caller of a request, if it may use the route and can afford it.

        Raises UnknownHost, ApiKeyMissing, InvalidApiKey, CrossOriginRequest, ScopeMissing or RateLimitExceeded.
        """
        self.check_host(request)
        operation = operation_of(request)
        if operation.scope is None:
            return self.anybody or Caller()
        caller = self._caller(request)
        if not caller.may(operation.scope):
            raise ScopeMissing(operation.scope)
        self._charge(request, caller.name, operation.cost)
        return caller

    def meter(self, request: Request, caller: Caller) -> Callable[[int], None]:
        """A function to call with the cost of each search of a request. The route's minimum pays for the first one; if
        it costs more and the caller cannot afford that, RateLimitExceeded is raised. Later searches are charged in any
        case, because a request is never rejected halfway.
        """
        limits = self.limits if caller.name else self.open_limits
        paid = [operation_of(request).cost]

        def search(cost: int) -> None:
            if paid:
                self._charge(request, caller.name, max(0, cost - paid.pop()))
            elif limits is not None:
                status = limits.spend(identity_of(request, caller.name), cost, time.monotonic())
                request.state.limit_headers = status.headers

        return search

    def check_sign_in(self, request: Request) -> None:
        """Check that a key may be submitted in the page's form. Raises UnknownHost, CrossOriginRequest or
        RateLimitExceeded.
        """
        self.check_host(request)
        self.check_origin(request)
        self._charge(request, "", SIGN_IN_COST)

    def check_host(self, request: Request) -> None:
        """Raises UnknownHost."""
        if self.hosts and host_name(request.headers.getlist("host")) not in self.hosts:
            raise UnknownHost

    def check_origin(self, request: Request) -> None:
        """Raises CrossOriginRequest for a change that a page of another origin sends with a visitor's cookie."""
        if request.method in SAFE_METHODS:
            return
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        own = site in (None, "same-origin", "none") and origin in (None, _own_origin(request))
        from_browser = site is not None or origin is not None
        if not own or (COOKIE in request.cookies and not from_browser):
            raise CrossOriginRequest

    def _caller(self, request: Request) -> Caller:
        """A key takes precedence over a session; an invalid one is never ignored."""
        header = request.headers.get("authorization")
        if header is not None:
            scheme, _, text = header.partition(" ")
            return self._charged_check(
                request, lambda: self.keys.check(text.strip() if scheme.lower() == "bearer" else "")
            )
        self.check_origin(request)
        session = request.cookies.get(COOKIE)
        if session:
            return self._charged_check(request, lambda: self.sessions.check(session))
        if self.anybody is None:
            raise ApiKeyMissing
        return self.anybody

    def _charged_check(self, request: Request, check: Callable[[], ApiKey]) -> Caller:
        """Charge failed attempts to the client's address, so that keys cannot be tried out for free."""
        try:
            return check().caller
        except InvalidApiKey:
            self._charge(request, "", 1)
            raise

    def _charge(self, request: Request, name: str, cost: int) -> None:
        """Charge the caller, and report the rest in the response's headers. Raises RateLimitExceeded."""
        limits = self.limits if name else self.open_limits
        if limits is None:
            return
        status = limits.take(identity_of(request, name), cost, time.monotonic())
        request.state.limit_headers = status.headers
        if status.wait:
            raise RateLimitExceeded(status.headers["Retry-After"])


def operation_of(request: Request) -> Operation:
    """What the request's route requires. A route that is not listed requires and costs as much as a search."""
    route = request.scope.get("route")
    name = str(getattr(route, "operation_id", None) or getattr(route, "name", ""))
    return OPERATIONS.get(name, Operation("search"))


def identity_of(request: Request, name: str) -> str:
    """What limits count a caller by: its name, or its network if it has no key."""
    return name or f"from {network_of(request)}"


def network_of(request: Request) -> str:
    """The client's IPv4 address, or its IPv6 /64 network. Only a configured proxy can name another one."""
    return client_network(request.client.host if request.client else "")


def _own_origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"
