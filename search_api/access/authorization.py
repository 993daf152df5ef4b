"""Who may come in: a request becomes a caller, or an error that says what is missing.

Every route that reads or keeps anything asks here, through `routes.asking`. A route that is not in `OPERATIONS` fails a test."""

import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from fastapi import Request

from search_api.access.api_keys import ApiKey, ApiKeys
from search_api.access.callers import Caller, Scope
from search_api.access.rate_limits import RateLimits
from search_api.access.request_cost import cost_of
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
"""Of trying a key in the page's form, right or wrong."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route needs, and what it costs at least. Without a scope it is open to everybody, and sees nothing but whether things
    work. Unless it is `metered`, that is for all the searches that it takes."""

    scope: Scope | None
    cost: int = 1
    metered: bool = True


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
    "export": Operation("export", 20, metered=False),
    "export_by_body": Operation("export", 20, metered=False),
    "home": Operation("search"),
    "results": Operation("search", 3),
    "save_search": Operation("save"),
    "remove_search": Operation("save"),
}
"""By `operation_id`; a route of the page has the name of its function."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """`anybody` is the caller without an API key, None where there is none. `hosts` are the names that this API is served
    under, empty for any. `limits` and `open_limits` are for callers with a key and without; None is no limit."""

    keys: ApiKeys
    sessions: Sessions
    anybody: Caller | None
    hosts: frozenset[str] = frozenset()
    limits: RateLimits | None = None
    open_limits: RateLimits | None = None

    def authorize(self, request: Request) -> Caller:
        """The caller of a request, who may do what the route does and can afford it. Raises what stands in the way."""
        self.check_host(request)
        operation = operation_of(request)
        if operation.scope is None:
            return self.anybody or Caller()
        caller = self._caller(request)
        if not caller.may(operation.scope):
            raise ScopeMissing(operation.scope)
        asked = {name: request.query_params.getlist(name) for name in request.query_params}
        self._charge(request, caller.name, cost_of(operation.cost, asked))
        return caller

    def meter(self, request: Request, caller: Caller) -> Callable[[], None]:
        """To be called at each search of a request; all but the first are charged. What was begun is never refused for it."""
        limits = self.limits if caller.name else self.open_limits
        searches = count()

        def search() -> None:
            if next(searches) and limits is not None and operation_of(request).metered:
                taken = limits.spend(_bucket(request, caller.name), 1, time.monotonic())
                request.state.limit_headers = taken.headers

        return search

    def check_sign_in(self, request: Request) -> None:
        """Raises what stands in the way of trying a key in the page's form."""
        self.check_host(request)
        self.check_origin(request)
        self._charge(request, "", SIGN_IN_COST)

    def check_host(self, request: Request) -> None:
        """Raises UnknownHost. A page elsewhere can make its own name point here; a browser then still names that page."""
        if self.hosts and _bare(request.headers.get("host", "")) not in self.hosts:
            raise UnknownHost

    def check_origin(self, request: Request) -> None:
        """Raises CrossOriginRequest for a change that a page from elsewhere sends through a reader's browser."""
        if request.method in SAFE_METHODS:
            return
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        own = site in (None, "same-origin", "none") and origin in (None, _own_origin(request))
        from_browser = site is not None or origin is not None
        if not own or (COOKIE in request.cookies and not from_browser):
            raise CrossOriginRequest

    def _caller(self, request: Request) -> Caller:
        """A key wins over a session, and a wrong one is never overlooked."""
        given = request.headers.get("authorization")
        if given is not None:
            scheme, _, text = given.partition(" ")
            return self._known(request, lambda: self.keys.check(text.strip() if scheme.lower() == "bearer" else ""))
        self.check_origin(request)
        session = request.cookies.get(COOKIE)
        if session:
            return self._known(request, lambda: self.sessions.check(session))
        if self.anybody is None:
            raise ApiKeyMissing
        return self.anybody

    def _known(self, request: Request, check: Callable[[], ApiKey]) -> Caller:
        try:
            return check().caller
        except InvalidApiKey:
            self._charge(request, "", 1)
            raise

    def _charge(self, request: Request, name: str, cost: int) -> None:
        """Take the cost from the caller's bucket, and let the answer tell what is left. Raises RateLimitExceeded."""
        limits = self.limits if name else self.open_limits
        if limits is None:
            return
        taken = limits.take(_bucket(request, name), cost, time.monotonic())
        request.state.limit_headers = taken.headers
        if taken.wait:
            raise RateLimitExceeded(taken.headers["Retry-After"])


def operation_of(request: Request) -> Operation:
    """What the request's route needs; one that nobody thought of costs and needs what a search does."""
    route = request.scope.get("route")
    name = str(getattr(route, "operation_id", None) or getattr(route, "name", ""))
    return OPERATIONS.get(name, Operation("search"))


def _bucket(request: Request, name: str) -> str:
    return name or f"from {network_of(request)}"


def network_of(request: Request) -> str:
    """The client's address; of IPv6 the network, since a client has as many addresses there as it likes."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network(f"{host}/64", strict=False))


def _bare(host: str) -> str:
    """A Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[").lower()
    return host.partition(":")[0].lower()


def _own_origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"
