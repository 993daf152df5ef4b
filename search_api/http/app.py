"""Puts the API together: settings in, an ASGI application out."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing

import httpx
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from search_api.access.api_keys import ApiKeys
from search_api.access.audit import Audit
from search_api.access.authorization import Admission
from search_api.access.rate_limits import RateLimits
from search_api.access.saved_searches import SavedSearches
from search_api.access.sessions import Sessions
from search_api.access.state import State
from search_api.elasticsearch.client import IndexReader, connect
from search_api.errors import CredentialsTooStrong, ElasticsearchAway
from search_api.freshness.consistency import Waits
from search_api.freshness.marker import Marker
from search_api.freshness.read_your_writes import Consistency
from search_api.freshness.worker import Worker
from search_api.http import routes
from search_api.http.body_limit import BodyLimit
from search_api.http.dependencies import Reading
from search_api.http.openapi import describe
from search_api.http.problems import KINDS, MEDIA_TYPE, encode, headers_of, problem_of
from search_api.http.security_headers import SafeHeaders
from search_api.pages import routes as pages
from search_api.pages import saved_searches
from search_api.pages.render import STATIC
from search_api.paging.point_in_time import OpenPoints
from search_api.settings import ApiSettings

log = logging.getLogger("rowtide.search_api")


def create_app(settings: ApiSettings) -> FastAPI:
    """The application. It connects when it starts, and needs neither Elasticsearch nor the worker to be there by then."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(connect(settings.elasticsearch_access(settings.request_timeout)))
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=settings.worker_url or "", trust_env=False)
            )
            _remember(app, settings, stack.enter_context(closing(State(settings.state_file))))
            worker = Worker(http if settings.worker_url else None)
            stack.push_async_callback(worker.close)
            marker = Marker(settings.marker_dsn.get_secret_value()) if settings.marker_dsn else None
            if marker:
                stack.push_async_callback(marker.close)
            app.state.reading = Reading(
                IndexReader(client, settings.api_allow_writer),
                Consistency(worker, marker, settings.consistency_readers),
                Waits(settings.consistency_wait, settings.consistency_wait_most),
                settings.cursor_secret.get_secret_value().encode(),
                OpenPoints(settings.paging_seconds, settings.paging_points),
                OpenPoints(settings.export_seconds, settings.export_points),
            )
            yield

    app = FastAPI(title="Rowtide search", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit)
    app.add_middleware(SafeHeaders, failed=_answer_problem)
    for kind in KINDS:
        app.add_exception_handler(kind, _answer_problem)
    app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(saved_searches.router)
    app.include_router(pages.router)
    describe(app, open_to_all=settings.anybody is not None)
    return app


def _remember(app: FastAPI, settings: ApiSettings, state: State) -> None:
    """Give the application what it keeps, and its door."""
    keys = ApiKeys(state)
    app.state.audit = Audit(state)
    app.state.saved_searches = SavedSearches(state)
    app.state.admission = Admission(
        keys,
        Sessions(state, keys),
        settings.anybody,
        settings.hosts,
        RateLimits(settings.rate),
        RateLimits(settings.open_rate) if settings.open_rate else None,
    )


def _allow(request: Request, status: int) -> dict[str, str]:
    """For a method that an address does not take: those that it does, of all its routes and not of the first alone."""
    methods = routes.METHODS.get(getattr(request.scope.get("route"), "path", "")) if status == 405 else None
    return {"Allow": ", ".join(sorted(methods))} if methods else {}


async def _answer_problem(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    headers = headers_of(problem, error) | _allow(request, problem.status)
    if isinstance(error, (ElasticsearchAway, CredentialsTooStrong)):
        log.warning("a request was not answered: %s", problem.detail)
    if pages.wants_page(request):
        return pages.problem_page(request, problem, headers)
    return Response(encode(problem), problem.status, headers, MEDIA_TYPE)
