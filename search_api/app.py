"""The composition root: settings in, an ASGI application out."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing

import httpx
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from connections.worker_token import signing
from search_api.access.api_keys import ApiKeys
from search_api.access.audit import Audit
from search_api.access.authorization import Authorization
from search_api.access.rate_limits import RateLimits
from search_api.access.running_searches import RunningSearches
from search_api.access.saved_searches import SavedSearches
from search_api.access.sessions import Sessions
from search_api.access.state import State
from search_api.elasticsearch.client import ElasticsearchReader, connect
from search_api.errors import ElasticsearchUnavailable, ExcessivePrivileges
from search_api.freshness.consistency import WaitLimits
from search_api.freshness.marker import Marker
from search_api.freshness.read_your_writes import ReadYourWrites
from search_api.freshness.waiting_places import WaitingPlaces
from search_api.freshness.worker import WorkerFreshness
from search_api.http import routes
from search_api.http.body_limit import BodyLimit
from search_api.http.dependencies import AppState
from search_api.http.openapi import describe
from search_api.http.problems import HANDLED, MEDIA_TYPE, encode, headers_of, problem_of
from search_api.http.request_log import RequestLog
from search_api.http.security_headers import SecurityHeaders
from search_api.pages import routes as pages
from search_api.pages import saved_searches
from search_api.pages.render import STATIC
from search_api.paging.point_in_time import PointInTimePool
from search_api.settings import ApiSettings

log = logging.getLogger("rowtide.search_api")


def create_app(settings: ApiSettings) -> FastAPI:
    """The application. It opens its clients at startup; Elasticsearch and the worker need not be running by then."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            _open_state(app, settings, stack.enter_context(closing(State(settings.state_file))))
            app.state.search = await _open_search(settings, stack)
            yield

    app = FastAPI(title="Rowtide search", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, failed=_problem_response)
    app.add_middleware(RequestLog)
    for kind in HANDLED:
        app.add_exception_handler(kind, _problem_response)
    app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(saved_searches.router)
    app.include_router(pages.router)
    describe(app, routes.SCHEMAS, open_to_all=settings.anybody is not None)
    return app


async def _open_search(settings: ApiSettings, stack: AsyncExitStack) -> AppState:
    client = await stack.enter_async_context(connect(settings.elasticsearch_access(settings.request_timeout)))
    http = await stack.enter_async_context(
        httpx.AsyncClient(base_url=settings.worker_url or "", trust_env=False, auth=signing(settings.token))
    )
    worker = WorkerFreshness(http if settings.worker_url else None)
    stack.push_async_callback(worker.close)
    marker = Marker(settings.marker_dsn.get_secret_value()) if settings.marker_dsn else None
    if marker:
        stack.push_async_callback(marker.close)
    return AppState(
        ElasticsearchReader(client, settings.api_allow_writer),
        RunningSearches(settings.api_running_cost, settings.request_timeout),
        ReadYourWrites(worker, marker, WaitingPlaces(settings.consistency_readers, settings.consistency_readers_each)),
        WaitLimits(settings.consistency_wait, settings.consistency_wait_most),
        settings.cursor_secret.get_secret_value().encode(),
        PointInTimePool(settings.paging_seconds, settings.paging_points),
        PointInTimePool(settings.export_seconds, settings.export_points),
    )


def _open_state(app: FastAPI, settings: ApiSettings, state: State) -> None:
    """Attach everything that uses the state file."""
    keys = ApiKeys(state)
    app.state.audit = Audit(state)
    app.state.saved_searches = SavedSearches(state)
    app.state.authorization = Authorization(
        keys,
        Sessions(state, keys),
        settings.anybody,
        settings.hosts,
        RateLimits(settings.rate),
        RateLimits(settings.open_rate) if settings.open_rate else None,
    )


def _allow(request: Request, status: int) -> dict[str, str]:
    """The `Allow` header of a 405: the methods of all routes of the path, where Starlette lists only the first's."""
    methods = routes.METHODS.get(getattr(request.scope.get("route"), "path", "")) if status == 405 else None
    return {"Allow": ", ".join(sorted(methods))} if methods else {}


async def _problem_response(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    headers = headers_of(problem, error) | _allow(request, problem.status)
    if isinstance(error, (ElasticsearchUnavailable, ExcessivePrivileges)):
        log.warning("request failed: %s", problem.detail)
    if pages.wants_page(request):
        return pages.problem_page(request, problem, headers)
    return Response(encode(problem), problem.status, headers, MEDIA_TYPE)
