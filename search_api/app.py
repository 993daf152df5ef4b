"""Puts the API together: settings in, an ASGI application out."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from search_api import pages, routes
from search_api.admission import Admission
from search_api.cursors import CursorFault
from search_api.elastic import IndexReader, connect
from search_api.errors import DocumentUnknown, ElasticsearchAway, IndexUnknown, KeyMissing, SearchRefused
from search_api.faults import RequestFaults
from search_api.headers import SafeHeaders
from search_api.openapi import describe
from search_api.problems import MEDIA_TYPE, encode, headers_of, problem_of
from search_api.settings import ApiSettings
from search_api.worker import Worker

STATIC = Path(__file__).parent / "static"
PROBLEMS: tuple[type[Exception], ...] = (
    RequestFaults,
    RequestValidationError,
    CursorFault,
    SearchRefused,
    IndexUnknown,
    DocumentUnknown,
    KeyMissing,
    ElasticsearchAway,
    HTTPException,
    Exception,
)

log = logging.getLogger("rowtide.search_api")


def create_app(settings: ApiSettings) -> FastAPI:
    """The application. It connects when it starts, and needs neither Elasticsearch nor the worker to be there by then."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(connect(settings))
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=settings.worker_url or "", trust_env=False)
            )
            app.state.secret = settings.cursor_secret.get_secret_value().encode()
            app.state.worker = Worker(http if settings.worker_url else None)
            app.state.reader = IndexReader(client)
            app.state.admission = Admission(settings.anybody)
            yield

    app = FastAPI(title="Rowtide search", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(SafeHeaders)
    for kind in PROBLEMS:
        app.add_exception_handler(kind, _answer_problem)
    app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(pages.router)
    describe(app)
    return app


async def _answer_problem(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status == 503:
        log.warning("a request was not answered: %s", problem.detail)
    if pages.wants_page(request):
        return pages.problem_page(request, problem, headers_of(problem))
    return Response(encode(problem), problem.status, headers_of(problem), MEDIA_TYPE)
